// A Range header and what it means for a file of a known length (RFC 9110 section 14). Sans-IO.
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

namespace homepatch {

struct WholeFile {
  friend bool operator==(const WholeFile&, const WholeFile&) = default;
};
struct FilePart {
  std::uint64_t first = 0;
  std::uint64_t last = 0;  // inclusive
  friend bool operator==(const FilePart&, const FilePart&) = default;
};
struct NotSatisfiable {
  friend bool operator==(const NotSatisfiable&, const NotSatisfiable&) = default;
};
using ByteRange = std::variant<WholeFile, FilePart, NotSatisfiable>;

// An absent header (empty text), another unit, or several ranges: the whole file. A malformed range, or one that begins
// behind the end: not satisfiable. A last position behind the end is cut. `length` is at least 1.
ByteRange parse_byte_range(std::string_view header, std::uint64_t length);

}  // namespace homepatch
