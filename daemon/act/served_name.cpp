#include "daemon/act/served_name.hpp"

namespace homepatch {

std::string served_name(const Image& image, const Image& running, const Device& device) {
  const std::string extension = image.target.ends_with(".gz") ? ".bin.gz" : ".bin";
  if (device.family != Family::tasmota) return "image" + extension;
  const auto found = device.facts.find("image");
  const std::string stem =
      found == device.facts.end() ? "tasmota" : found->second.substr(0, found->second.find_first_of("-."));
  return &image == &running ? stem + extension : stem + "-" + image.component + extension;
}

}  // namespace homepatch
