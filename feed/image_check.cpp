#include "feed/image_check.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "trust/esp_chip.hpp"
#include "trust/image_header.hpp"
#include "trust/zigbee_image.hpp"

namespace homepatch::feed {

namespace {

using nlohmann::json;

constexpr std::string_view kRaw = "raw";
constexpr std::string_view kWayRound = "if homes are to take it as it is, say format = \"raw\" under [[image]]";
constexpr std::uint16_t kEveryImageType = 0xFFFF;

struct Headers {
  std::optional<ImageHeader> image;
  std::optional<ZigbeeImageHeader> zigbee;
};

bool is_looked_into(std::string_view format) {
  return format == to_string(ImageFormat::mcuboot) || format == to_string(ImageFormat::esp_app) ||
         format == to_string(ImageFormat::zigbee_ota);
}

Result<Headers> read_headers(const std::filesystem::path& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail(errno_error(fmt::format("opening the image {}", path.string()), errno));
  const auto source = TRY(ImageSource::of_file(fd.get()));
  Headers headers;
  headers.image = TRY_IN(path.string(), read_image_header(source));
  if (headers.image && headers.image->format == ImageFormat::zigbee_ota) {
    headers.zigbee = TRY_IN(path.string(), read_zigbee_image_header(source));
  }
  return headers;
}

const json& matches(const ReleaseFile& file, const char* family) {
  static const json none = json::array();
  const auto& match = file.content()["match"];
  const auto found = match.is_object() ? match.find(family) : match.end();
  return match.is_object() && found != match.end() && found->is_array() ? *found : none;
}

// A text of a match; the reader of catalogs judges its form.
std::string text_of(const json& match, const char* key) {
  const auto found = match.is_object() ? match.find(key) : match.end();
  return match.is_object() && found != match.end() && found->is_string() ? found->get<std::string>() : "";
}

// The chips that the image is offered to: those that its hardware names, else those of all devices that match.
std::set<std::string> chips_of(const ReleaseFile& file, const ReleaseImage& image) {
  std::set<std::string> chips;
  const auto take = [&](const std::string& said) {
    if (auto chip = esp_chip_of(said); !chip.empty()) chips.insert(std::move(chip));
  };
  for (const auto& hw : image.hw) take(hw.get<std::string>());
  if (!chips.empty()) return chips;
  for (const auto& match : matches(file, "tasmota")) take(text_of(match, "chip"));
  return chips;
}

Status check_chip(const ReleaseFile& file, const ReleaseImage& image, const ImageHeader& header) {
  if (header.format != ImageFormat::esp_app || header.chip.empty()) return {};
  auto chips = chips_of(file, image);
  // Which of several chips has which of several hardware revisions is not said: one that fits must do.
  const bool for_all = image.hw == file.content()["model"]["hw"];
  if (!for_all && chips.contains(header.chip)) return {};
  chips.erase(header.chip);
  if (chips.empty()) return {};
  return file.document().refuse(
      image.place, fmt::format("{} is for the chip {}, but would go to devices with {}; {}", image.file.name,
                               printable(header.chip, 40), fmt::join(chips, ", "), kWayRound));
}

Status check_zigbee(const ReleaseFile& file, const ReleaseImage& image, const ZigbeeImageHeader& header) {
  const auto is_meant = [&](const json& match) {
    return text_of(match, "manufacturer_code") == fmt::format("{}", header.manufacturer_code) &&
           (header.image_type == kEveryImageType ||
            text_of(match, "image_type") == fmt::format("{}", header.image_type));
  };
  if (std::ranges::none_of(matches(file, "zigbee"), is_meant)) {
    return file.document().refuse(
        image.place,
        fmt::format("the header of {} names manufacturer code {} and image type {}, but no [[match.zigbee]] "
                    "does; {}",
                    image.file.name, header.manufacturer_code, header.image_type, kWayRound));
  }
  if (!header.destination) return {};
  return file.document().refuse(image.place, fmt::format("the header of {} is for the one device {:016x}; {}",
                                                         image.file.name, *header.destination, kWayRound));
}

Status check_headers(const ReleaseFile& file, const ReleaseImage& image, const Headers& headers) {
  const auto& header = *headers.image;
  if (tells_version(header) && !states_version(header, file.version())) {
    return file.document().refuse("version", fmt::format("is {}, but the header of {} says {}; {}", file.version(),
                                                         image.file.name, printable(header.version, 80), kWayRound));
  }
  TRY(check_chip(file, image, header));
  return headers.zigbee ? check_zigbee(file, image, *headers.zigbee) : Status();
}

}  // namespace

Result<ReleaseImage> checked_image(const ReleaseFile& file, ReleaseImage image) {
  if (image.format == kRaw) return image;
  const auto headers = read_headers(image.file.path);
  if (!headers) {
    return file.document().refuse(image.place, fmt::format("{}; {}", headers.error().text, kWayRound),
                                  headers.error().code);
  }
  const auto own = headers->image ? to_string(headers->image->format) : kRaw;
  if (image.format.empty()) image.format = own;
  if (is_looked_into(image.format) && own != image.format) {
    return file.document().refuse(image.place + ".format", fmt::format("{} does not begin as {} images do; {}",
                                                                       image.file.name, image.format, kWayRound));
  }
  if (own == kRaw) return image;
  if (own != image.format) {
    return file.document().refuse(image.place + ".format",
                                  fmt::format("{} begins as {} images do; {}", image.file.name, own, kWayRound));
  }
  TRY(check_headers(file, image, *headers));
  return image;
}

}  // namespace homepatch::feed
