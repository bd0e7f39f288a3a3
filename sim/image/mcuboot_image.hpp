// MCUboot images (boot/bootutil/image.h): header of 32 bytes with the version, body, then type-length-value entries
// of which 0x10 is the SHA-256 over header, body and protected entries.
#pragma once

#include <memory>
#include <string>

#include "sim/image/image.hpp"

namespace homepatch::sim {

inline constexpr std::size_t kMinMcubootImage = 1024;

// `version` is "major.minor.revision" with an optional "+build"; `size` is the whole file's.
Result<std::string> make_mcuboot_image(std::string_view version, std::size_t size);

std::unique_ptr<ImageReader> make_mcuboot_reader();

}  // namespace homepatch::sim
