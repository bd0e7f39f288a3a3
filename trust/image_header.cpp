#include "trust/image_header.hpp"

#include <algorithm>

#include "trust/esp_image.hpp"
#include "trust/mcuboot_image.hpp"

namespace homepatch {

std::string_view to_string(ImageFormat format) {
  switch (format) {
    case ImageFormat::mcuboot: return "mcuboot";
    case ImageFormat::esp_app: return "esp-app";
  }
  return "mcuboot";
}

Result<std::optional<ImageHeader>> read_image_header(const ImageSource& image) {
  const auto first =
      TRY(image.read(0, static_cast<std::size_t>(std::min<std::uint64_t>(image.size(), kEspDescriptionEnd))));
  if (is_mcuboot(first)) return TRY(read_mcuboot(image));
  if (is_esp_app(first)) return TRY(read_esp_app(image));
  return std::nullopt;
}

bool states_version(const ImageHeader& header, std::string_view release_version) {
  if (header.version == release_version || "v" + header.version == release_version) return true;
  if (header.format == ImageFormat::esp_app) return header.version == "v" + std::string(release_version);
  // imgtool writes 1.2.3+45, the management protocol says 1.2.3.45, and a build of zero may be written or not.
  std::string dotted = header.version;
  std::ranges::replace(dotted, '+', '.');
  return dotted == release_version || (dotted == header.version && dotted + "+0" == release_version);
}

}  // namespace homepatch
