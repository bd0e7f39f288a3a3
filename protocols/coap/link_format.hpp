// CoRE link format (RFC 6690): the list of links that a device sends with its registration. Pure; strict where a
// mistake could change the meaning, forgiving about white space between links, which the field writes though the
// grammar has none.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace homepatch::coap {

struct LinkParameter {
  std::string name;  // lower case: names compare so
  std::optional<std::string> value;

  friend bool operator==(const LinkParameter&, const LinkParameter&) = default;
};

struct Link {
  std::string target;  // as written between < and >; percent-encoding untouched
  std::vector<LinkParameter> parameters;

  // The value of the parameter's first occurrence (section 2: the first counts).
  [[nodiscard]] std::optional<std::string_view> value(std::string_view name) const;
  // Whether the space-separated list `name` (rt, if, rel) holds `word`, or, where `word` ends with "*", a word that
  // begins so (section 4.1).
  [[nodiscard]] bool lists(std::string_view name, std::string_view word) const;

  friend bool operator==(const Link&, const Link&) = default;
};

inline constexpr std::size_t kMaxLinkBytes = 64 * 1024;
inline constexpr std::size_t kMaxLinks = 1024;
inline constexpr std::size_t kMaxLinkParameters = 32;
inline constexpr std::size_t kMaxLinkText = 255;  // of each target, name and value

// Errors: malformed with the place, too_large beyond a limit above. An empty text is an empty list.
Result<std::vector<Link>> parse_links(std::string_view text);

// Whether a link passes the filter "name=value" of a query (section 4.1); "href" is the target.
bool passes(const Link& link, std::string_view filter);

std::string to_text(const std::vector<Link>& links);

}  // namespace homepatch::coap
