#include "daemon/fetch/image_fit.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "trust/esp_chip.hpp"

namespace homepatch {

namespace {

// The chip as images name it; empty when it is no ESP.
std::string chip_of(const Device& device) {
  const auto fact = device.facts.find("chip");
  return esp_chip_of(fact == device.facts.end() ? device.hardware : fact->second);
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
