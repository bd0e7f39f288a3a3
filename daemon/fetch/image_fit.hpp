// Whether a raw image can be for a device at all, by what its header says: the last look before something is sent that
// nobody signed. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/device.hpp"
#include "daemon/fetch/image_facts.hpp"

namespace homepatch {

// A refusal says what contradicts what: the image itself (damaged, or otherwise than an index says), its version, its
// format and the device's family, its chip and the device's.
Status check_fit(const Device& device, std::string_view version, const ImageFacts& facts);

}  // namespace homepatch
