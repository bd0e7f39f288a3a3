// An http or https address in its parts, and the rule that says where a fetch may go.
// Feeds' configuration and servers' redirects make these; the fetcher goes nowhere without one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace homepatch {

struct Url {
  static constexpr std::size_t kMaxText = 2048;

  std::string text;  // the whole, normalised, without a fragment
  bool secure = false;
  std::string host;  // lower-case; IPv6 without brackets
  std::uint16_t port = 0;
  std::string path;  // with the query

  // "host" or "host:port" where the port is not the scheme's own: for people and for the ledger.
  [[nodiscard]] std::string authority() const;
};

// Refuses other schemes, user names and passwords (they would end up in logs), and control characters.
Result<Url> parse_url(std::string_view text);

// What a Location header of `base` means (RFC 3986 section 5).
Result<Url> resolve_url(const Url& base, std::string_view location);

// Whether `url` lies within `allowed`: "host" stands for that host with any port, "host:port" for this port alone.
// With an empty list only `origin`'s own host and port, and its https form where both ports are the schemes' own.
bool host_allowed(const Url& url, const Url& origin, const std::vector<std::string>& allowed);

}  // namespace homepatch
