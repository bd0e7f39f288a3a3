#include "trust/image_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "trust/esp_image.hpp"
#include "trust/mcuboot_image.hpp"
#include "trust/zigbee_image.hpp"

namespace homepatch {

std::string_view to_string(ImageFormat format) {
  switch (format) {
    case ImageFormat::mcuboot: return "mcuboot";
    case ImageFormat::esp_app: return "esp-app";
    case ImageFormat::zigbee_ota: return "zigbee-ota";
  }
  return "mcuboot";
}

namespace {

// What Arduino's prebuilt libraries for ESP32 write into the header of every program that is linked with them, with a
// version of their own (platform-espressif32, issue 550): it says nothing of the program's.
constexpr std::string_view kArduinoLibraries = "arduino-lib-builder";

constexpr std::size_t kFirstBytes = kMaxZigbeePrefix + 4;
static_assert(kFirstBytes >= kEspDescriptionEnd);

ImageHeader of_zigbee(const ZigbeeImageHeader& zigbee) {
  ImageHeader header;
  header.format = ImageFormat::zigbee_ota;
  header.version = fmt::format("{}", zigbee.file_version);
  header.project = printable(zigbee.header_string);
  return header;
}

// The magic number inside a file may be chance, or a constant of a raw firmware that can itself read such files: then
// what is no whole header is no Zigbee image. At the very beginning it is one, and must be whole.
Result<std::optional<ImageHeader>> read_zigbee(const ImageSource& image, std::size_t at) {
  const auto zigbee = read_zigbee_image_header(image);
  if (!zigbee && at == 0) return fail(zigbee.error());
  if (!zigbee) return std::nullopt;
  return of_zigbee(*zigbee);
}

// How a Zigbee version is spelled in hexadecimal.
bool states_version_number(std::string_view decimal, std::string_view release_version) {
  std::uint32_t number = 0;
  const auto end = decimal.data() + decimal.size();
  if (std::from_chars(decimal.data(), end, number).ptr != end) return false;
  return release_version == fmt::format("{:#010x}", number) || release_version == fmt::format("0x{:08X}", number);
}

}  // namespace

Result<std::optional<ImageHeader>> read_image_header(const ImageSource& image) {
  const auto first = TRY(image.read(0, static_cast<std::size_t>(std::min<std::uint64_t>(image.size(), kFirstBytes))));
  if (is_mcuboot(first)) return TRY(read_mcuboot(image));
  if (is_esp_app(first)) return TRY(read_esp_app(image));
  if (const auto at = find_zigbee_header(first)) return read_zigbee(image, *at);
  return std::nullopt;
}

bool tells_version(const ImageHeader& header) { return !header.version.empty() && header.project != kArduinoLibraries; }

bool states_version(const ImageHeader& header, std::string_view release_version) {
  if (header.version == release_version || "v" + header.version == release_version) return true;
  if (header.format == ImageFormat::zigbee_ota) return states_version_number(header.version, release_version);
  if (header.format == ImageFormat::esp_app) return header.version == "v" + std::string(release_version);
  // imgtool writes 1.2.3+45, the management protocol says 1.2.3.45, and a build of zero may be written or not.
  std::string dotted = header.version;
  std::ranges::replace(dotted, '+', '.');
  return dotted == release_version || (dotted == header.version && dotted + "+0" == release_version);
}

}  // namespace homepatch
