// MCUboot images: header, trailer of type-length-value entries, hash (bootutil/image.h of mcu-tools/mcuboot).
#pragma once

#include "trust/image_header.hpp"

namespace homepatch {

// `image` begins with MCUboot's magic number.
bool is_mcuboot(std::string_view first_bytes);
Result<ImageHeader> read_mcuboot(const ImageSource& image);

}  // namespace homepatch
