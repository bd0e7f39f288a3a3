#include "daemon/fetch/image_fit.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "protocols/feeds/search_words.hpp"

namespace homepatch {

namespace {

// What Arduino's prebuilt libraries for ESP32 write into the header of every program that is linked with them, with a
// version of their own (platform-espressif32, issue 550): it says nothing of the program's.
constexpr std::string_view kArduinoLibraries = "arduino-lib-builder";

// Chips that are not just an "esp32", as devices' texts begin: "ESP32-S3 (QFN56)", but "ESP32-D0WD-V3".
constexpr std::array<std::string_view, 9> kOwnChips{"esp32-s2", "esp32-s3",  "esp32-c2", "esp32-c3", "esp32-c5",
                                                    "esp32-c6", "esp32-c61", "esp32-h2", "esp32-p4"};

bool tells_version(const ImageHeader& header) { return !header.version.empty() && header.project != kArduinoLibraries; }

// The chip as images name it, from what a device calls its own; empty when it is no ESP.
std::string chip_of(const Device& device) {
  const auto fact = device.facts.find("chip");
  const std::string said = feeds::lower_case(fact == device.facts.end() ? device.hardware : fact->second);
  std::string_view best;
  for (const auto chip : kOwnChips) {
    if (said.starts_with(chip) && chip.size() > best.size()) best = chip;
  }
  if (!best.empty()) return std::string(best);
  if (said.starts_with("esp32")) return "esp32";
  return said.starts_with("esp82") ? "esp8266" : "";
}

bool suits(ImageFormat format, Family family) {
  switch (family) {
    case Family::tasmota: return format == ImageFormat::esp_app;
    case Family::lwm2m: return format != ImageFormat::zigbee_ota;
  }
  return false;
}

Status check_header(const Device& device, std::string_view version, const ImageHeader& header) {
  if (!suits(header.format, device.family)) {
    return fail(Errc::invalid_argument,
                fmt::format("this is an image of the format {}; {} is a {} device, which cannot take one",
                            to_string(header.format), device.id.to_string(), to_string(device.family)));
  }
  if (tells_version(header) && !states_version(header, version)) {
    return fail(Errc::invalid_argument,
                fmt::format("the image's own header says version {}, not {}: name the version that devices will report",
                            printable(header.version, 80), printable(version, 80)));
  }
  const auto chip = chip_of(device);
  if (header.format != ImageFormat::esp_app || chip.empty() || header.chip.empty() || header.chip == chip) return {};
  return fail(Errc::invalid_argument, fmt::format("the image is for the chip {}; {} has {}", printable(header.chip, 40),
                                                  device.id.to_string(), chip));
}

}  // namespace

Status check_fit(const Device& device, std::string_view version, const ImageFacts& facts) {
  if (!facts.contradictions.empty()) {
    return fail(Errc::not_trusted, fmt::format("the image contradicts itself or what is said of it: {}",
                                               fmt::join(facts.contradictions, "; ")));
  }
  return facts.header ? check_header(device, version, *facts.header) : Status();
}

}  // namespace homepatch
