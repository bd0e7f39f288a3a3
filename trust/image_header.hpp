// What an image says of itself: its format, version, chip and own hash. The publisher's tool refuses a release that its
// image contradicts; on the gateway it is shown, and authorises nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "trust/image_source.hpp"

namespace homepatch {

enum class ImageFormat { mcuboot, esp_app, zigbee_ota };
std::string_view to_string(ImageFormat format);  // "mcuboot", "esp-app", "zigbee-ota": as catalogs name them

enum class ImageHash {
  none,           // the image carries none
  not_checkable,  // of the plain text of an encrypted image, or by an algorithm that is not SHA-256
  agrees,
};

struct ImageHeader {
  ImageFormat format = ImageFormat::mcuboot;
  std::string version;                            // plain text; MCUboot: "1.2.3+45", without "+0"; Zigbee: decimal
  std::string project;                            // ESP: the project's name; Zigbee: the header string, made printable
  std::string chip;                               // ESP: "esp32", "esp32-s3", ..., "chip 77" for one not known here
  std::optional<std::uint32_t> security_counter;  // what the boot loader compares; MCUboot TLV 0x50, ESP secure_version
  ImageHash hash = ImageHash::none;
};

// Nothing when the bytes begin like no format that is read here (an ESP8266 image, a compressed one, a raw one): that
// is no error. Errors: malformed for an image that breaks its own format or ends too early, not_trusted when the hash
// that it carries is not that of its bytes.
Result<std::optional<ImageHeader>> read_image_header(const ImageSource& image);

// Whether the header says a version of the program's own: what Arduino's prebuilt libraries write is theirs.
bool tells_version(const ImageHeader& header);

// Whether the release's version is the image's own: equal, or with a leading "v", MCUboot's with ".45" or "+0", or
// Zigbee's number as "0x" and eight hexadecimal digits.
bool states_version(const ImageHeader& header, std::string_view release_version);

}  // namespace homepatch
