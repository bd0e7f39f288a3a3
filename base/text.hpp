// Foreign text on its way to a person, a log line or a file name, and bytes as text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace homepatch {

// True for well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF).
bool is_utf8(std::string_view bytes);

// True for well-formed UTF-8 of 1..max_bytes bytes without control characters (C0, DEL, C1), without bidirectional
// overrides and without line or paragraph separators: text that may be stored and shown.
bool is_plain_text(std::string_view bytes, std::size_t max_bytes);

// The text with everything that could steer a terminal or a log replaced by U+FFFD, cut at max_bytes on a character's
// edge with "..." at its end. For every foreign text that a person gets to see.
std::string printable(std::string_view bytes, std::size_t max_bytes = 256);

std::string to_hex(std::string_view bytes);
std::string to_hex(const std::uint8_t* bytes, std::size_t size);

// Lower- or upper-case hexadecimal of an even number of digits, nothing else.
Result<std::vector<std::uint8_t>> from_hex(std::string_view hex);

// RFC 4648 section 5 (URL-safe alphabet), no padding.
std::string to_base64url(const std::uint8_t* bytes, std::size_t size);

// Percent-encodes every byte except letters, digits and those of `keep` (RFC 3986 section 2.1, upper-case digits).
std::string percent_encode(std::string_view bytes, std::string_view keep = "-._~");

// "1.5 MiB", "812 B": for people, at most one digit behind the point.
std::string human_bytes(std::uint64_t bytes);

// "2 d 3 h", "4 min", "12 s": the two largest units, for people. Negative counts as zero.
std::string human_duration(std::int64_t seconds);

}  // namespace homepatch
