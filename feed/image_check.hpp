// Whether an image's own header agrees with the release that it is to be published as.
#pragma once

#include "feed/release_file.hpp"

namespace homepatch::feed {

// Refuses an image of the formats mcuboot and esp-app without such a header, or whose header names another version than
// the release. Images of other formats are not looked into.
Status check_image(const ReleaseFile& file, const ReleaseImage& image);

}  // namespace homepatch::feed
