// One fetch: its libcurl handle, the checks on every hop, the words for what went wrong.
// The fetcher drives it: begin_hop(), then libcurl, then end_hop(), again for every redirect.
#pragma once

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocols/http/fetch.hpp"
#include "protocols/http/response_head.hpp"
#include "protocols/http/url.hpp"

namespace homepatch {

class Transfer {
 public:
  struct Setup {
    std::string user_agent;
    std::string ca_file;
    int max_redirects = 0;
  };

  Transfer(FetchRequest request, FetchEvents events, const Setup& setup);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // Checks the request and sets the handle up for its first hop. `now` is monotonic.
  Status begin(std::chrono::milliseconds now);

  // After libcurl is through with a hop: true when a redirect leads on and the handle is set up for it;
  // false when the fetch has ended and result() is there. The handle must be out of the multi handle.
  bool end_hop(CURLcode code, std::chrono::milliseconds now);

  [[nodiscard]] Result<FetchResponse> result() const;
  [[nodiscard]] LedgerEntry ledger_entry() const;  // of the present hop

  // The functions are never called again; libcurl stops the transfer at its next sign of life.
  void silence();

  FetchEvents& events() { return events_; }
  [[nodiscard]] CURL* handle() const { return easy_.get(); }
  [[nodiscard]] const Url& url() const { return url_; }

 private:
  struct EasyCleanup {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
  };
  struct ListFree {
    void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
  };

  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self) noexcept;
  static std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* self) noexcept;
  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address) noexcept;
  static int on_request(void* self, char* remote_ip, char* local_ip, int remote_port, int local_port) noexcept;

  bool take_header(std::string_view line);
  bool take_body(std::span<const std::uint8_t> bytes);
  bool take_head();
  bool refuse(Error error);  // false, for the callbacks to pass on
  [[nodiscard]] bool may_connect(const sockaddr* address) const;

  void set_fixed_options(const Setup& setup);
  Status set_hop_options(std::chrono::milliseconds now);
  void set_headers();
  Status check_hop() const;
  Status follow(std::chrono::milliseconds now);
  [[nodiscard]] Error describe(CURLcode code) const;
  [[nodiscard]] Error describe_timeout() const;

  FetchRequest request_;
  FetchEvents events_;
  std::unique_ptr<CURL, EasyCleanup> easy_;
  std::unique_ptr<curl_slist, ListFree> headers_;
  std::array<char, CURL_ERROR_SIZE> curl_text_{};
  int redirects_left_;
  Url origin_;
  Url url_;
  Asked asked_;
  std::chrono::milliseconds deadline_{0};
  ResponseHead head_;
  std::optional<FetchResponse> response_;
  std::optional<Error> error_;
  std::uint64_t body_bytes_ = 0;
  std::uint64_t drained_ = 0;  // of a body that nobody wants
  bool kept_home_ = false;     // an address was not connected to, because plain http stays in the home
  bool silent_ = false;
};

}  // namespace homepatch
