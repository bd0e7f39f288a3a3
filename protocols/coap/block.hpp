// The value of a Block1 or Block2 option (RFC 7959 section 2.2): which piece of a body a message carries.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace homepatch::coap {

struct Block {
  static constexpr std::uint8_t kLargest = 6;           // size exponent of 1024 bytes; 7 is reserved on UDP
  static constexpr std::uint32_t kMaxNumber = 0xFFFFF;  // 20 bits

  std::uint32_t number = 0;
  bool more = false;
  std::uint8_t exponent = kLargest;

  [[nodiscard]] std::size_t size() const { return std::size_t{16} << exponent; }
  [[nodiscard]] std::uint64_t offset() const { return std::uint64_t{number} << (exponent + 4U); }

  [[nodiscard]] std::uint32_t encode() const { return (number << 4U) | (more ? 8U : 0U) | exponent; }
  // Nothing for the reserved exponent 7 and for more than 24 bits.
  static std::optional<Block> decode(std::uint32_t value) {
    if (value > 0xFFFFFF || (value & 7U) == 7U) return std::nullopt;
    return Block{value >> 4U, (value & 8U) != 0, static_cast<std::uint8_t>(value & 7U)};
  }

  friend bool operator==(const Block&, const Block&) = default;
};

}  // namespace homepatch::coap
