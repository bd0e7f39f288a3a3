#include "protocols/http/url.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/text.hpp"

namespace homepatch {

namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;
constexpr unsigned kStrict = CURLU_DISALLOW_USER;

struct Cleanup {
  void operator()(CURLU* url) const noexcept { curl_url_cleanup(url); }
};
using Handle = std::unique_ptr<CURLU, Cleanup>;

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, which, &text, flags) != CURLUE_OK) return {};
  std::string out(text);
  curl_free(text);
  return out;
}

Unexpected refused(std::string_view text, std::string_view why) {
  return fail(Errc::invalid_argument, fmt::format("the address \"{}\" {}", printable(text, 200), why));
}

Result<Url> take_parts(CURLU* handle, std::string_view original) {
  curl_url_set(handle, CURLUPART_FRAGMENT, nullptr, 0);
  Url out;
  const std::string scheme = part(handle, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") return refused(original, "must begin with https:// or http://");
  out.secure = scheme == "https";
  out.text = part(handle, CURLUPART_URL);
  out.host = lower(part(handle, CURLUPART_HOST));
  if (out.host.size() > 2 && out.host.front() == '[') out.host = out.host.substr(1, out.host.size() - 2);
  if (out.host.empty()) return refused(original, "names no host");
  const std::string port = part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  out.port = static_cast<std::uint16_t>(std::strtoul(port.c_str(), nullptr, 10));
  if (out.port == 0) return refused(original, "has no usable port");
  out.path = part(handle, CURLUPART_PATH);
  if (const std::string query = part(handle, CURLUPART_QUERY); !query.empty()) out.path += "?" + query;
  return out;
}

Result<Url> parsed(CURLU* handle, std::string_view text) {
  if (text.size() > Url::kMaxText) return refused(text, fmt::format("is longer than {} bytes", Url::kMaxText));
  const bool clean = std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (!clean) return refused(text, "holds blanks, control characters or letters that must be percent-encoded");
  if (const auto code = curl_url_set(handle, CURLUPART_URL, std::string(text).c_str(), kStrict); code != CURLUE_OK) {
    return refused(text, fmt::format("cannot be used: {}", curl_url_strerror(code)));
  }
  return take_parts(handle, text);
}

std::uint16_t own_port(const Url& url) { return url.secure ? kHttpsPort : kHttpPort; }

bool entry_fits(std::string_view entry, const Url& url) {
  const std::string wanted = lower(std::string(entry));
  const std::string host = url.host.find(':') == std::string::npos ? url.host : fmt::format("[{}]", url.host);
  return wanted == host || wanted == url.host || wanted == fmt::format("{}:{}", host, url.port);
}

}  // namespace

std::string Url::authority() const {
  const std::string name = host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
  return port == own_port(*this) ? name : fmt::format("{}:{}", name, port);
}

Result<Url> parse_url(std::string_view text) {
  const Handle handle(curl_url());
  return parsed(handle.get(), text);
}

Result<Url> resolve_url(const Url& base, std::string_view location) {
  const Handle handle(curl_url());
  curl_url_set(handle.get(), CURLUPART_URL, base.text.c_str(), kStrict);
  return parsed(handle.get(), location);
}

bool host_allowed(const Url& url, const Url& origin, const std::vector<std::string>& allowed) {
  if (allowed.empty()) {
    if (url.host != origin.host) return false;
    if (url.port == origin.port) return true;
    return url.secure && !origin.secure && url.port == own_port(url) && origin.port == own_port(origin);
  }
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& entry) { return entry_fits(entry, url); });
}

}  // namespace homepatch
