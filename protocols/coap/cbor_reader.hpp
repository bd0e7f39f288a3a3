// CBOR (RFC 8949) one item at a time over libcbor's streaming decoder, which allocates nothing: what an item claims to
// hold is only believed once its bytes are there. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace homepatch::coap {

struct CborItem {
  enum class Kind { integer, text, bytes, array, map, boolean, real, null, tag, end, open_text };
  static constexpr std::uint64_t kIndefinite = UINT64_MAX;

  Kind kind = Kind::null;
  std::int64_t integer = 0;  // integer, boolean
  double real = 0;           // real
  std::uint64_t count = 0;   // array, map: members, or kIndefinite; tag: its number
  std::string_view content;  // text, bytes
};

class CborReader {
 public:
  explicit CborReader(std::string_view bytes) : rest_(bytes) {}

  // malformed when the bytes end within an item or hold none.
  Result<CborItem> next();
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace homepatch::coap
