// An HTTP server for tests that says exactly the bytes it is told to, wrong ones above all. Its own thread, one more
// for each connection; a free port on a loopback address. Gone, with all its connections, when it is destroyed.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/unique_fd.hpp"

namespace homepatch::test {

class RawHttpServer {
 public:
  // One request, on the connection's thread.
  class Exchange {
   public:
    Exchange(int fd, std::string head) : fd_(fd), head_(std::move(head)) {}

    [[nodiscard]] const std::string& head() const { return head_; }
    [[nodiscard]] std::string path() const;
    // The value of a header field, empty where it is absent.
    [[nodiscard]] std::string field(std::string_view name) const;

    // False when the client has gone or the server is being destroyed.
    bool send(std::string_view bytes);
    // A whole answer with its Content-Length; `fields` are complete lines.
    bool answer(int status, std::string_view body, std::string_view fields = {});
    // Says nothing more until the client closes or the server is destroyed.
    void stay_silent();

   private:
    int fd_;
    std::string head_;
  };

  // True: the connection may carry another request.
  using Handler = std::function<bool(Exchange&)>;

  explicit RawHttpServer(Handler handler, const std::string& ip = "127.0.0.1");
  ~RawHttpServer();
  RawHttpServer(const RawHttpServer&) = delete;
  RawHttpServer& operator=(const RawHttpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(std::string_view path) const;

  // Request heads so far, in order of arrival.
  [[nodiscard]] std::vector<std::string> requests() const;
  [[nodiscard]] std::size_t connections() const;

 private:
  struct Connection {
    UniqueFd fd;
    std::thread thread;
  };

  void accept_connections();
  void serve(int fd);

  Handler handler_;
  std::string ip_;
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::list<Connection> connections_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

// Answers with the file of that path, or 404: a whole static web space.
RawHttpServer::Handler static_site(std::map<std::string, std::string> files);

}  // namespace homepatch::test
