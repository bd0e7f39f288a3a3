#include "trust/tuf/path_pattern.hpp"

#include <algorithm>
#include <optional>
#include <string>

#include "trust/hash.hpp"

namespace homepatch::tuf {

namespace {

// Characters of text that is known to be UTF-8: a `?` stands for a character, not for a byte of it.
std::u32string characters(std::string_view text) {
  std::u32string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) != 0x80U || out.empty()) {
      const unsigned kept = byte < 0x80 ? 0x7FU : byte >= 0xF0 ? 0x07U : byte >= 0xE0 ? 0x0FU : 0x1FU;
      out += static_cast<char32_t>(byte & kept);
    } else {
      out.back() = (out.back() << 6U) | (byte & 0x3FU);
    }
  }
  return out;
}

// Where the set that begins at `at` ends (behind its bracket); nothing when it is not closed and `[` means itself.
std::optional<std::size_t> end_of_set(std::u32string_view pattern, std::size_t at) {
  std::size_t i = at + 1;
  if (i < pattern.size() && pattern[i] == U'!') ++i;
  if (i < pattern.size() && pattern[i] == U']') ++i;  // a bracket at the beginning is a member
  const auto close = pattern.find(U']', i);
  if (close == std::u32string_view::npos) return std::nullopt;
  return close + 1;
}

bool in_set(char32_t c, std::u32string_view members) {
  const bool negated = members.front() == U'!';
  if (negated) members.remove_prefix(1);
  bool found = false;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i + 2 < members.size() && members[i + 1] == U'-') {
      found = found || (members[i] <= c && c <= members[i + 2]);
      i += 2;
    } else {
      found = found || members[i] == c;
    }
  }
  return found != negated;
}

// The length of the pattern's element at `at` if it matches `c`.
std::optional<std::size_t> matches_one(char32_t c, std::u32string_view pattern, std::size_t at) {
  if (pattern[at] == U'?') return 1;
  if (pattern[at] == U'[') {
    if (const auto end = end_of_set(pattern, at)) {
      if (!in_set(c, pattern.substr(at + 1, *end - at - 2))) return std::nullopt;
      return *end - at;
    }
  }
  if (pattern[at] != c) return std::nullopt;
  return 1;
}

// Only the last star is ever taken back: an earlier one taking more cannot help.
bool matches_segment(std::u32string_view text, std::u32string_view pattern) {
  std::size_t t = 0;
  std::size_t p = 0;
  std::optional<std::size_t> star;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == U'*') {
      star = p++;
      star_text = t;
      continue;
    }
    const auto matched = p < pattern.size() ? matches_one(text[t], pattern, p) : std::nullopt;
    if (matched) {
      p += *matched;
      ++t;
    } else if (star) {
      p = *star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of(U'*', p) == std::u32string_view::npos;
}

std::string_view take_segment(std::string_view& rest) {
  const auto slash = rest.find('/');
  const auto segment = rest.substr(0, slash);
  rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
  return segment;
}

std::size_t slashes(std::string_view text) { return static_cast<std::size_t>(std::ranges::count(text, '/')); }

}  // namespace

bool matches_pattern(std::string_view path, std::string_view pattern) {
  const auto segments = slashes(path) + 1;
  if (segments != slashes(pattern) + 1) return false;
  for (std::size_t i = 0; i < segments; ++i) {
    if (!matches_segment(characters(take_segment(path)), characters(take_segment(pattern)))) return false;
  }
  return true;
}

bool matches_hash_prefix(std::string_view path, std::string_view prefix) {
  return sha256(path).hex().starts_with(prefix);
}

}  // namespace homepatch::tuf
