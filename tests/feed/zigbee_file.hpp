// Zigbee OTA files for tests, as the specification draws them (11.4.2).
#pragma once

#include <cstdint>
#include <string>

namespace homepatch::test {

inline std::string little(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
  return out;
}

// What may follow the fixed part of the header, with the bit of the field control that announces it.
struct ZigbeeOption {
  unsigned field_control = 0;
  std::string bytes;
};
inline ZigbeeOption for_hardware(unsigned min, unsigned max) { return {4, little(min, 2) + little(max, 2)}; }
inline ZigbeeOption for_one_device(std::uint64_t address) { return {2, little(address, 8)}; }

inline std::string zigbee_file(unsigned code, unsigned type, unsigned version, const ZigbeeOption& option = {}) {
  const std::string body = little(0, 2) + little(8, 4) + "firmware";
  const auto length = 56 + option.bytes.size();
  return little(0x0BEEF11E, 4) + little(0x0100, 2) + little(length, 2) + little(option.field_control, 2) +
         little(code, 2) + little(type, 2) + little(version, 4) + little(2, 2) + "Lamp" + std::string(28, '\0') +
         little(length + body.size(), 4) + option.bytes + body;
}

}  // namespace homepatch::test
