#include "core/digest.hpp"

namespace homepatch {

namespace {

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

Result<Digest> Digest::parse(std::string_view hex) {
  if (hex.size() != kSize * 2) return fail(Errc::malformed, "a SHA-256 digest has exactly 64 hexadecimal digits");
  Digest digest;
  for (std::size_t i = 0; i < kSize; ++i) {
    const int high = digit(hex[2 * i]);
    const int low = digit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return fail(Errc::malformed, "a SHA-256 digest has exactly 64 hexadecimal digits");
    digest.bytes_[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return digest;
}

std::string Digest::hex() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(kSize * 2);
  for (const auto byte : bytes_) {
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 0x0FU];
  }
  return out;
}

}  // namespace homepatch
