// The catalog that homepatch itself keeps of the images that an administrator imported for one model: made, added to,
// and written as a feed's catalog is (docs/catalog.md), so that one reader reads both. Pure;
// daemon/fetch/local_releases stores what is written here.
#pragma once

#include <string>
#include <string_view>

#include "core/catalog.hpp"
#include "core/device.hpp"
#include "core/time.hpp"
#include "daemon/fetch/image_facts.hpp"

namespace homepatch {

inline constexpr std::size_t kMaxLocalShipped = 64;  // versions of one model that are known and not offered

// The most exact match of the device, which must have one: what its images are imported for.
Match local_match(const Device& device);

// "chip ESP32-D0WD-V3, image tasmota": for people.
std::string describe(const Match& match);

// An empty one for devices of this match. Its path is always the same for the same match.
Catalog new_local_catalog(const Match& match, std::string_view model_name);

// Knows the version, without an image: that a device runs it says which releases are newer. Nothing when it is known.
void add_shipped(Catalog& catalog, const std::string& version);

// Adds the image as the newest release, in the place of one of the same version. `who`: for people.
const Release& add_release(Catalog& catalog, const std::string& version, const ImageFacts& facts,
                           const std::string& who, Time now);

// Releases with an image.
std::size_t count_offered(const Catalog& catalog);

std::string write_catalog(const Catalog& catalog);

}  // namespace homepatch
