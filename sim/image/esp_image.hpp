// The application images of Espressif's chips.
//
// ESP32 family (ESP-IDF, esp_app_format.h): header of 24 bytes with the chip's number, segments, checksum, SHA-256 of
// everything before it; esp_app_desc_t with version and project name is the first segment's beginning, file offset 32.
// ESP8266 (the boot ROM's format): header of 8 bytes without a chip number and without a hash, only the checksum. Real
// ESP8266 Tasmota images hold no description at all; ours carry esp_app_desc_t at the first segment's beginning, file
// offset 16, as images of Espressif's ESP8266_RTOS_SDK do, because a pretend device must find its version somewhere.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "sim/image/image.hpp"

namespace homepatch::sim {

enum class EspChip : std::uint16_t {
  esp32 = 0,
  esp32_s2 = 2,
  esp32_c3 = 5,
  esp32_s3 = 9,
  esp32_c2 = 12,
  esp32_c6 = 13,
  esp32_h2 = 16,
  esp8266 = 0xFFFF,  // no number in the image
};

// From what a device says of itself: "ESP32-D0WD-V3", "ESP32-C3", "ESP8266EX", "ESP8285N08".
std::optional<EspChip> esp_chip_from(std::string_view hardware);

struct EspImageOrder {
  std::string version;  // 1..31 bytes
  std::string name;     // project name, 0..31 bytes; a Tasmota-like device reports it as its image name
  EspChip chip = EspChip::esp32;
  std::size_t size = 0;  // rounded up to a multiple of 16, at least kMinEspImage
};
inline constexpr std::size_t kMinEspImage = 512;

Result<std::string> make_esp_image(const EspImageOrder& order);

std::unique_ptr<ImageReader> make_esp_reader(EspChip chip);

}  // namespace homepatch::sim
