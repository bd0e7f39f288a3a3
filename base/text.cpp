#include "base/text.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>

namespace homepatch {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Character {
  std::uint32_t code_point;
  std::size_t size;
};

// The well-formed character that `bytes` begins with (RFC 3629 section 4).
std::optional<Character> first_character(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  if (bytes.empty()) return std::nullopt;
  const std::uint8_t lead = at(0);
  if (lead < 0x80) return Character{lead, 1};
  std::size_t size = 0;
  std::uint32_t minimum = 0;
  std::uint32_t code = 0;
  if ((lead & 0xE0U) == 0xC0U) {
    size = 2, minimum = 0x80, code = lead & 0x1FU;
  } else if ((lead & 0xF0U) == 0xE0U) {
    size = 3, minimum = 0x800, code = lead & 0x0FU;
  } else if ((lead & 0xF8U) == 0xF0U) {
    size = 4, minimum = 0x10000, code = lead & 0x07U;
  } else {
    return std::nullopt;
  }
  if (bytes.size() < size) return std::nullopt;
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0U) != 0x80U) return std::nullopt;
    code = (code << 6U) | (at(i) & 0x3FU);
  }
  if (code < minimum || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return std::nullopt;
  return Character{code, size};
}

// Controls, and what reorders or breaks a line without being seen.
bool steers(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x61C || code == 0x200E || code == 0x200F ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto character = first_character(bytes);
    if (!character) return false;
    bytes.remove_prefix(character->size);
  }
  return true;
}

bool is_plain_text(std::string_view bytes, std::size_t max_bytes) {
  if (bytes.empty() || bytes.size() > max_bytes) return false;
  while (!bytes.empty()) {
    const auto character = first_character(bytes);
    if (!character || steers(character->code_point)) return false;
    bytes.remove_prefix(character->size);
  }
  return true;
}

std::string printable(std::string_view bytes, std::size_t max_bytes) {
  std::string out;
  while (!bytes.empty()) {
    const auto character = first_character(bytes);
    const bool fine = character && !steers(character->code_point);
    const std::size_t size = character ? character->size : 1;
    const std::string_view shown = fine ? bytes.substr(0, size) : kReplacement;
    if (out.size() + shown.size() > max_bytes) return out + "...";
    out += shown;
    bytes.remove_prefix(size);
  }
  return out;
}

std::string to_hex(const std::uint8_t* bytes, std::size_t size) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(size * 2);
  for (std::size_t i = 0; i < size; ++i) {
    out += kDigits[bytes[i] >> 4U];
    out += kDigits[bytes[i] & 0x0FU];
  }
  return out;
}

std::string to_hex(std::string_view bytes) {
  return to_hex(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

Result<std::vector<std::uint8_t>> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return fail(Errc::malformed, "hexadecimal text has an odd number of digits");
  std::vector<std::uint8_t> out;
  out.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_digit(hex[i]);
    const int low = hex_digit(hex[i + 1]);
    if (high < 0 || low < 0) return fail(Errc::malformed, "hexadecimal text has a character that is no digit of it");
    out.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return out;
}

std::string to_base64url(const std::uint8_t* bytes, std::size_t size) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  for (std::size_t i = 0; i < size; i += 3) {
    const std::size_t here = std::min<std::size_t>(3, size - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = (group << 8U) | (k < here ? bytes[i + k] : 0U);
    for (std::size_t k = 0; k <= here; ++k) out += kAlphabet[(group >> (18U - 6U * k)) & 0x3FU];
  }
  return out;
}

std::string percent_encode(std::string_view bytes, std::string_view keep) {
  std::string out;
  for (const char c : bytes) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       keep.find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 4> kUnits{"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  value /= 1024.0;
  while (value >= 1024.0 && unit + 1 < kUnits.size()) {
    value /= 1024.0;
    ++unit;
  }
  return value < 10.0 ? fmt::format("{:.1f} {}", value, kUnits[unit]) : fmt::format("{:.0f} {}", value, kUnits[unit]);
}

std::string human_duration(std::int64_t seconds) {
  if (seconds <= 0) return "0 s";
  struct Unit {
    std::int64_t seconds;
    std::string_view name;
  };
  constexpr std::array<Unit, 4> kUnits{{{86'400, "d"}, {3'600, "h"}, {60, "min"}, {1, "s"}}};
  std::string out;
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    const auto count = seconds / kUnits[i].seconds;
    if (count == 0) continue;
    out = fmt::format("{} {}", count, kUnits[i].name);
    if (i + 1 < kUnits.size()) {
      const auto rest = seconds % kUnits[i].seconds / kUnits[i + 1].seconds;
      if (rest > 0) out += fmt::format(" {} {}", rest, kUnits[i + 1].name);
    }
    break;
  }
  return out;
}

}  // namespace homepatch
