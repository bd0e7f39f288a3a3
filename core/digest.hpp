// The SHA-256 of some bytes: the name of every artifact. Computing one is trust/'s work.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homepatch {

class Digest {
 public:
  static constexpr std::size_t kSize = 32;

  Digest() = default;
  explicit Digest(const std::array<std::uint8_t, kSize>& bytes) : bytes_(bytes) {}

  // Exactly 64 hexadecimal digits: a short or empty digest is an error, never "nothing to check".
  static Result<Digest> parse(std::string_view hex);

  [[nodiscard]] const std::array<std::uint8_t, kSize>& bytes() const { return bytes_; }
  [[nodiscard]] std::string hex() const;
  // The first 12 digits, for people.
  [[nodiscard]] std::string brief() const { return hex().substr(0, 12); }

  friend auto operator<=>(const Digest&, const Digest&) = default;

 private:
  std::array<std::uint8_t, kSize> bytes_{};
};

}  // namespace homepatch
