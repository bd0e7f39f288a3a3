// Whether an image's own header agrees with the release that it is to be published as.
#pragma once

#include "feed/release_file.hpp"

namespace homepatch::feed {

// The image with its format: as stated, else what its header says, else "raw". Refuses an image that is not of the
// format that is stated, that breaks its own format, or whose header contradicts the release: in its version, its chip
// ([[match.tasmota]]), its manufacturer code and image type ([[match.zigbee]]). Only a stated format = "raw" keeps
// the header from being read.
Result<ReleaseImage> checked_image(const ReleaseFile& file, ReleaseImage image);

}  // namespace homepatch::feed
