// Little-endian numbers in firmware images.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace homepatch::sim {

inline void put_u8(std::string& out, std::uint32_t value) { out += static_cast<char>(value & 0xFFU); }
inline void put_u16(std::string& out, std::uint32_t value) {
  put_u8(out, value);
  put_u8(out, value >> 8U);
}
inline void put_u32(std::string& out, std::uint32_t value) {
  put_u16(out, value);
  put_u16(out, value >> 16U);
}

// The caller has made sure that the bytes are there.
inline std::uint32_t get_u8(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }
inline std::uint32_t get_u16(std::string_view bytes, std::size_t at) {
  return get_u8(bytes, at) | (get_u8(bytes, at + 1) << 8U);
}
inline std::uint32_t get_u32(std::string_view bytes, std::size_t at) {
  return get_u16(bytes, at) | (get_u16(bytes, at + 2) << 16U);
}

}  // namespace homepatch::sim
