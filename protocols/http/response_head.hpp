// The head of one HTTP answer, line by line, and what it means for the request. Sans-IO: the transfer feeds it.
// Everything in it is the server's word: bounded, and checked against what was asked.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocols/http/fetch.hpp"
#include "protocols/http/url.hpp"

namespace homepatch {

// What of the request changes the meaning of the answer.
struct Asked {
  bool range = false;  // the bytes from `from` to the end
  std::uint64_t from = 0;
  std::string if_range;
  bool unless_same = false;  // If-None-Match was sent
};

class ResponseHead {
 public:
  static constexpr std::size_t kMaxBytes = 64 * 1024;  // of one head
  static constexpr std::size_t kMaxValidator = 256;    // longer ETags and dates are not kept

  static constexpr std::uint64_t kMaxShortBody = 16 * 1024;

  // One line with its line end. False: the head is too large.
  bool add(std::string_view line);

  // The empty line has come and this was not an interim (1xx) answer.
  [[nodiscard]] bool complete() const { return complete_; }
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] bool is_redirect() const;
  // A status other than success with a body worth reading to its end, so that the connection can be used again.
  [[nodiscard]] bool is_short_refusal() const;
  [[nodiscard]] const std::string& location() const { return location_; }

  // Success: go on with the body. An error names the host and what to do (see fetcher.hpp for the codes).
  [[nodiscard]] Result<FetchResponse> judge(const Url& url, const Asked& asked, std::uint64_t max_bytes) const;

 private:
  void take_field(std::string_view name, std::string_view value);
  [[nodiscard]] Result<FetchResponse> judge_part(const Url& url, const Asked& asked, std::uint64_t max_bytes) const;
  [[nodiscard]] FetchResponse response() const;

  std::size_t bytes_ = 0;
  bool complete_ = false;
  int status_ = 0;
  std::string etag_;
  std::string last_modified_;
  std::string location_;
  std::string content_range_;
  bool coded_ = false;    // Content-Encoding other than identity
  bool chunked_ = false;  // then a Content-Length has no meaning (RFC 9112 section 6.3)
  std::optional<std::uint64_t> content_length_;
};

}  // namespace homepatch
