#include "trust/zigbee_image.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace homepatch {

namespace {

constexpr std::string_view kMagic = "\x1e\xf1\xee\x0b";
constexpr std::size_t kFixedSize = 56;
constexpr unsigned kMajorVersion = 1;  // 0x0100 is the only header version so far
constexpr std::uint16_t kHasCredential = 0x1;
constexpr std::uint16_t kHasDestination = 0x2;
constexpr std::uint16_t kHasHardware = 0x4;

Unexpected malformed(std::string_view text) { return fail(Errc::malformed, fmt::format("Zigbee image: {}", text)); }

// How long a header with these optional fields is at least.
std::size_t needed_size(std::uint16_t fields) {
  std::size_t size = kFixedSize;
  if ((fields & kHasCredential) != 0) size += 1;
  if ((fields & kHasDestination) != 0) size += 8;
  if ((fields & kHasHardware) != 0) size += 4;
  return size;
}

Status read_fixed(std::string_view bytes, ZigbeeImageHeader& header) {
  if (little_u16(bytes, 4) >> 8U != kMajorVersion) {
    return malformed(fmt::format("its header has version {:#06x}; known is 0x0100", little_u16(bytes, 4)));
  }
  header.manufacturer_code = little_u16(bytes, 10);
  header.image_type = little_u16(bytes, 12);
  header.file_version = little_u32(bytes, 14);
  header.stack_version = little_u16(bytes, 18);
  header.header_string = std::string(bytes.substr(20, kZigbeeHeaderString));
  std::erase(header.header_string, '\0');
  header.total_size = little_u32(bytes, 52);
  return {};
}

Status read_optional(std::string_view bytes, std::uint16_t fields, ZigbeeImageHeader& header) {
  std::size_t at = kFixedSize;
  if ((fields & kHasCredential) != 0) {
    header.security_credential_version = static_cast<std::uint8_t>(bytes[at]);
    at += 1;
  }
  if ((fields & kHasDestination) != 0) {
    header.destination = std::uint64_t{little_u32(bytes, at)} | std::uint64_t{little_u32(bytes, at + 4)} << 32U;
    at += 8;
  }
  if ((fields & kHasHardware) == 0) return {};
  header.min_hardware = little_u16(bytes, at);
  header.max_hardware = little_u16(bytes, at + 2);
  if (header.min_hardware <= header.max_hardware) return {};
  return malformed("its lowest hardware version is above its highest");
}

Status check_sizes(const ZigbeeImageHeader& header, std::size_t stated, std::size_t needed) {
  if (stated < needed) {
    return malformed(fmt::format("its header says that it has {} bytes; with its fields it has {}", stated, needed));
  }
  if (header.total_size < stated) return malformed("the whole is shorter than its header");
  const auto there = header.file_bytes - header.offset;
  if (header.total_size <= there) return {};
  return malformed(fmt::format("by its header it has {} bytes; the file has only {}", header.total_size, there));
}

}  // namespace

std::optional<std::size_t> find_zigbee_header(std::string_view first_bytes) {
  const auto at = first_bytes.substr(0, kMaxZigbeePrefix + kMagic.size()).find(kMagic);
  if (at == std::string_view::npos) return std::nullopt;
  return at;
}

Result<ZigbeeImageHeader> read_zigbee_image_header(const ImageSource& image) {
  const auto window = std::min<std::uint64_t>(image.size(), kMaxZigbeePrefix + kMagic.size());
  const auto first = TRY_IN("Zigbee image", image.read(0, static_cast<std::size_t>(window)));
  const auto at = find_zigbee_header(first);
  if (!at) return malformed(fmt::format("no Zigbee header within its first {} bytes", kMaxZigbeePrefix));
  ZigbeeImageHeader header;
  header.offset = *at;
  header.file_bytes = image.size();
  const auto fixed = TRY_IN("Zigbee image", image.read(*at, kFixedSize));
  const auto fields = little_u16(fixed, 8);
  const auto needed = needed_size(fields);
  const auto bytes = TRY_IN("Zigbee image", image.read(*at, needed));
  TRY(read_fixed(bytes, header));
  TRY(check_sizes(header, little_u16(bytes, 6), needed));
  TRY(read_optional(bytes, fields, header));
  return header;
}

}  // namespace homepatch
