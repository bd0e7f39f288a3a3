// Zigbee OTA upgrade files: the header that says whose and which image this is (Zigbee Cluster Library, 11.4.2).
// A hint that the file gives of itself: it is compared with the index that the file was found by, and authorises
// nothing. The sub-elements behind the header are not walked: Philips Hue's files hold none that the specification
// knows, Telink's miscount theirs, and only the device can read them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "trust/image_source.hpp"

namespace homepatch {

// A maker's container may stand before the header (616 bytes in IKEA's signed files) and more may follow the image.
// As Zigbee2MQTT does, the header is taken from where its magic number first occurs; not behind this many bytes.
inline constexpr std::size_t kMaxZigbeePrefix = 4096;
inline constexpr std::size_t kZigbeeHeaderString = 32;

struct ZigbeeImageHeader {
  std::uint64_t offset = 0;      // where the header begins in the file
  std::uint64_t file_bytes = 0;  // of the whole file
  std::uint32_t total_size = 0;  // of header and image, as the header says; it lies within the file
  std::uint16_t manufacturer_code = 0;
  std::uint16_t image_type = 0;
  std::uint32_t file_version = 0;
  std::uint16_t stack_version = 0;  // 2: Zigbee PRO
  std::string header_string;        // the maker's bytes without NULs; not always text: printable() before it is shown
  std::optional<std::uint8_t> security_credential_version;
  std::optional<std::uint64_t> destination;  // IEEE address of the one device that the file is for
  std::optional<std::uint16_t> min_hardware;
  std::optional<std::uint16_t> max_hardware;  // together with min_hardware or not at all
};

// Where the magic number first occurs within `first_bytes`, at most kMaxZigbeePrefix bytes in.
std::optional<std::size_t> find_zigbee_header(std::string_view first_bytes);

// Errors: malformed for a file without such a header, with one that breaks the specification, or that ends too early.
Result<ZigbeeImageHeader> read_zigbee_image_header(const ImageSource& image);

}  // namespace homepatch
