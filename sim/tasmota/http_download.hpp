// The HTTP client of a device's bootloader library (ESP8266httpUpdate, HTTPUpdateLight): an HTTP/1.0 GET from the
// device's own address, at a chosen speed. libcurl's multi interface in the loop; one HttpClient for all devices.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_loop.hpp"
#include "base/result.hpp"

namespace homepatch::sim {

// What the server said before the body.
struct HttpHead {
  int status = 0;
  std::optional<std::uint64_t> length;  // Content-Length
  std::string md5;                      // x-MD5, as it came
  bool chunked = false;
};

struct HttpOrder {
  std::string url;
  std::string source_address;
  std::vector<std::string> headers;    // "Name: value"
  std::uint64_t bytes_per_second = 0;  // 0: as fast as it comes
};

struct HttpEvents {
  // Before the first byte of a body. False ends the transfer (a done with `stopped` follows).
  std::function<bool(const HttpHead&)> head;
  std::function<bool(std::string_view)> body;
  // Once, on a later turn than the call that started it. `error` is empty when the whole answer came.
  std::function<void(const HttpHead&, const std::string& error)> done;
};

// Destroying it ends the transfer. Not to be destroyed from head or body.
class HttpDownload {
 public:
  virtual ~HttpDownload() = default;
};

class HttpClient {
 public:
  static Result<std::unique_ptr<HttpClient>> open(EventLoop& loop);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Null when there is no memory for it.
  std::unique_ptr<HttpDownload> get(const HttpOrder& order, HttpEvents events);

 private:
  class Transfer;

  explicit HttpClient(EventLoop& loop) : loop_(loop) {}

  static int on_socket(CURL*, curl_socket_t fd, int what, void* self, void*) noexcept;
  static int on_timer(CURLM*, long milliseconds, void* self) noexcept;
  void follow(curl_socket_t fd, int what);
  void act(curl_socket_t fd, int events);
  void collect();

  EventLoop& loop_;
  CURLM* multi_ = nullptr;
  Timer timer_;
  std::map<curl_socket_t, Watch> watches_;
};

}  // namespace homepatch::sim
