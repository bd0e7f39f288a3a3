// Zigbee OTA files: a header that is read lies within the file, and read_image_header says the same of it.
#include <cstdlib>

#include "trust/image_header.hpp"
#include "trust/zigbee_image.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace homepatch;
  const auto source = ImageSource::of_bytes(std::string_view(reinterpret_cast<const char*>(data), size));
  const auto header = read_zigbee_image_header(source);
  const auto any = read_image_header(source);
  if (!header) return 0;
  if (header->offset > kMaxZigbeePrefix || header->offset + header->total_size > size) std::abort();
  if (header->header_string.size() > kZigbeeHeaderString) std::abort();
  if (header->min_hardware.has_value() != header->max_hardware.has_value()) std::abort();
  if (header->min_hardware && *header->min_hardware > *header->max_hardware) std::abort();
  if (any && *any && (*any)->format == ImageFormat::zigbee_ota &&
      (*any)->version != std::to_string(header->file_version)) {
    std::abort();
  }
  return 0;
}
