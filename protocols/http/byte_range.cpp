#include "protocols/http/byte_range.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace homepatch {

namespace {

// Digits only. A number too large for 64 bits lies behind every end.
std::optional<std::uint64_t> position(std::string_view text) {
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() ? value : std::numeric_limits<std::uint64_t>::max();
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

ByteRange parse_byte_range(std::string_view header, std::uint64_t length) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit) || header.find(',') != std::string_view::npos) return WholeFile{};
  const auto range = trimmed(header.substr(kUnit.size()));
  const auto dash = range.find('-');
  if (dash == std::string_view::npos) return NotSatisfiable{};
  const auto before = range.substr(0, dash);
  const auto after = range.substr(dash + 1);
  const auto first = position(before);
  const auto last = position(after);
  if (before.empty()) {  // the last so many bytes
    if (!last || *last == 0) return NotSatisfiable{};
    return FilePart{length - std::min(*last, length), length - 1};
  }
  if (!first || *first >= length || (!after.empty() && (!last || *last < *first))) return NotSatisfiable{};
  return FilePart{*first, std::min(last.value_or(length - 1), length - 1)};
}

}  // namespace homepatch
