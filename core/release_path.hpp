// The way from an installed release to the newest one that can be reached, over the stepping stones that the maker
// demands. Pure; used by the planner.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/catalog.hpp"

namespace homepatch {

// Whether an image is signed for this hardware. An empty `hardware` (not reported) fits only "any" (I2).
bool fits_hardware(const Image& image, std::string_view hardware);

// The image of the release that will run on this hardware, and the helpers that go with it; empty: none fits. An image
// that names the hardware comes before one for "any".
std::vector<const Image*> images_for(const Release& release, std::string_view hardware);

// The releases to install one after the other: fewest steps to the highest seq that can be reached from `from_seq`,
// each with an image for the hardware and none below `lowest`. Empty: nothing newer can be reached.
std::vector<const Release*> release_path(const Catalog& catalog, std::int64_t from_seq, std::string_view hardware,
                                         std::int64_t lowest = 0);

}  // namespace homepatch
