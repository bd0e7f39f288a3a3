// ESP-IDF application images: header, segments, application description, appended hash (esp_app_format.h of ESP-IDF).
#pragma once

#include "trust/image_header.hpp"

namespace homepatch {

// Begins as an application image does. ESP8266 images and boot loaders share the first byte and are none.
bool is_esp_app(std::string_view first_bytes);
Result<ImageHeader> read_esp_app(const ImageSource& image);

inline constexpr std::size_t kEspDescriptionEnd = 112;  // of the first bytes that is_esp_app() wants to see

}  // namespace homepatch
