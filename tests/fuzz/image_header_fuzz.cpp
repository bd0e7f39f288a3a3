// Image headers, from memory.
#include "trust/image_header.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto header = homepatch::read_image_header(homepatch::ImageSource::of_bytes(bytes));
  if (header && *header) (void)homepatch::states_version(**header, "1.2.3");
  return 0;
}
