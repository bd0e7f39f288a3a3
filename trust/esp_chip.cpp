#include "trust/esp_chip.hpp"

#include <algorithm>
#include <array>

namespace homepatch {

namespace {

// Chips that are not just an "esp32", as devices' texts begin: "ESP32-S3 (QFN56)", but "ESP32-D0WD-V3".
constexpr std::array<std::string_view, 9> kOwnChips{"esp32-s2", "esp32-s3",  "esp32-c2", "esp32-c3", "esp32-c5",
                                                    "esp32-c6", "esp32-c61", "esp32-h2", "esp32-p4"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string esp_chip_of(std::string_view said) {
  std::string text(said);
  std::ranges::transform(text, text.begin(), lower);
  std::string_view best;
  for (const auto chip : kOwnChips) {
    if (text.starts_with(chip) && chip.size() > best.size()) best = chip;
  }
  if (!best.empty()) return std::string(best);
  if (text.starts_with("esp32")) return "esp32";
  return text.starts_with("esp82") ? "esp8266" : "";
}

}  // namespace homepatch
