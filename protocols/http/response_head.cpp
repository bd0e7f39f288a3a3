#include "protocols/http/response_head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"

namespace homepatch {

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

// A validator is sent back in a later request: nothing that could end its line may be kept.
std::string validator(std::string_view value) {
  const bool fine = value.size() <= ResponseHead::kMaxValidator &&
                    std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  return fine ? std::string(value) : std::string();
}

struct ContentRange {
  std::uint64_t first;
  std::uint64_t last;
  std::optional<std::uint64_t> total;
};

// "bytes first-last/total" or ".../*" (RFC 9110 section 14.4).
std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  if (text.size() < kUnit.size() || !same_name(text.substr(0, kUnit.size()), kUnit)) return std::nullopt;
  text.remove_prefix(kUnit.size());
  const auto dash = text.find('-');
  const auto slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) return std::nullopt;
  const auto first = number<std::uint64_t>(text.substr(0, dash));
  const auto last = number<std::uint64_t>(text.substr(dash + 1, slash - dash - 1));
  const auto rest = text.substr(slash + 1);
  const auto total = number<std::uint64_t>(rest);
  if (!first || !last || *last < *first || (!total && rest != "*") || (total && *total <= *last)) return std::nullopt;
  return ContentRange{*first, *last, total};
}

Unexpected too_large(const Url& url, std::uint64_t bytes, std::uint64_t max_bytes) {
  return fail(Errc::too_large, fmt::format("{} announces {} bytes for {}; at most {} are taken", url.authority(), bytes,
                                           printable(url.path, 120), max_bytes));
}

Unexpected wrong_status(const Url& url, int status) {
  const std::string what = fmt::format("{} answered {} for {}", url.authority(), status, printable(url.path, 120));
  if (status == 404 || status == 403 || status == 410) {
    return fail(Errc::not_found, what + ": the file is not there, or not for everyone");
  }
  if (status == 401 || status == 407) return fail(Errc::not_authorised, what + ": it asks for a password");
  if (status == 416) {
    return fail(Errc::invalid_argument, what + ": it has no bytes at the place to resume from; start over");
  }
  if (status == 429) return fail(Errc::unavailable, what + ": it is asked too often; it is tried again later");
  if (status >= 500) return fail(Errc::unavailable, what + ": the server has a problem; it is tried again later");
  return fail(Errc::malformed, what + ", which makes no sense here");
}

}  // namespace

bool ResponseHead::add(std::string_view line) {
  if (complete_) return true;  // trailers of a chunked body say nothing that is used
  if (line.starts_with("HTTP/")) {
    *this = ResponseHead();
    const auto blank = line.find(' ');
    if (blank != std::string_view::npos) status_ = number<int>(line.substr(blank + 1, 3)).value_or(0);
  } else if (const auto text = trimmed(line); text.empty()) {
    complete_ = status_ >= 200 || status_ == 0;
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    take_field(text.substr(0, colon), trimmed(text.substr(colon + 1)));
  }
  bytes_ += line.size();
  return bytes_ <= kMaxBytes;
}

void ResponseHead::take_field(std::string_view name, std::string_view value) {
  if (same_name(name, "etag")) etag_ = validator(value);
  if (same_name(name, "last-modified")) last_modified_ = validator(value);
  if (same_name(name, "location")) location_ = std::string(value);
  if (same_name(name, "content-range")) content_range_ = std::string(value);
  if (same_name(name, "content-length")) content_length_ = number<std::uint64_t>(value);
  if (same_name(name, "content-encoding")) coded_ = !value.empty() && !same_name(value, "identity");
  if (same_name(name, "transfer-encoding")) chunked_ = true;
}

bool ResponseHead::is_redirect() const {
  return status_ == 301 || status_ == 302 || status_ == 303 || status_ == 307 || status_ == 308;
}

bool ResponseHead::is_short_refusal() const {
  return status_ >= 300 && status_ != 304 && !chunked_ && content_length_ && *content_length_ <= kMaxShortBody;
}

FetchResponse ResponseHead::response() const {
  FetchResponse out;
  out.status = status_;
  out.etag = etag_;
  out.last_modified = last_modified_;
  return out;
}

Result<FetchResponse> ResponseHead::judge(const Url& url, const Asked& asked, std::uint64_t max_bytes) const {
  if (status_ == 304 && asked.unless_same) return response();
  if (status_ < 200 || status_ >= 300) return wrong_status(url, status_);
  if (coded_) {
    return fail(Errc::unsupported, fmt::format("{} sent {} compressed, which was not asked for; the server must "
                                               "serve the file as it is (no Content-Encoding)",
                                               url.authority(), printable(url.path, 120)));
  }
  if (status_ == 206) return judge_part(url, asked, max_bytes);
  FetchResponse out = response();
  if (!chunked_) out.content_length = content_length_;
  if (out.content_length.value_or(0) > max_bytes) return too_large(url, *out.content_length, max_bytes);
  return out;
}

Result<FetchResponse> ResponseHead::judge_part(const Url& url, const Asked& asked, std::uint64_t max_bytes) const {
  const auto part = parse_content_range(content_range_);
  const bool to_the_end = part && (!part->total || part->last + 1 == *part->total);
  const std::uint64_t length = part ? part->last - part->first + 1 : 0;
  const bool lengths_agree = chunked_ || !content_length_ || *content_length_ == length;
  if (!asked.range || !part || part->first != asked.from || !to_the_end || !lengths_agree) {
    return fail(Errc::malformed,
                fmt::format("{} answered 206 with the range \"{}\" where the bytes from {} to the end were wanted; "
                            "start over, or use another mirror",
                            url.authority(), printable(content_range_, 60), asked.from));
  }
  // Parts of two different files must not be joined (RFC 9110 section 15.3.7.3).
  if (asked.if_range.starts_with('"') && !etag_.empty() && etag_ != asked.if_range) {
    return fail(Errc::malformed, fmt::format("{} continued {} although the file has changed there; start over",
                                             url.authority(), printable(url.path, 120)));
  }
  if (part->last >= max_bytes) return too_large(url, part->last + 1, max_bytes);
  FetchResponse out = response();
  out.content_length = length;
  out.offset = asked.from;
  return out;
}

}  // namespace homepatch
