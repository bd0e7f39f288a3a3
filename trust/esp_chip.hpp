// The chips of Espressif by the names that images give them (trust/image_header.hpp), from what devices call their own.
#pragma once

#include <string>
#include <string_view>

namespace homepatch {

// "esp32-s3" of "ESP32-S3 (QFN56)", "esp32" of "ESP32-D0WD-V3", "esp8266" of "ESP8285"; empty for what is no such chip.
std::string esp_chip_of(std::string_view said);

}  // namespace homepatch
