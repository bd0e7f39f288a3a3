// The name under which an image is served. Its stem and extension matter to Tasmota, which computes the names of its
// helpers from them: no dash or dot but those that the rule expects (reference: Tasmota's support_command).
#pragma once

#include <string>

#include "core/device.hpp"
#include "core/planner.hpp"

namespace homepatch {

// `running` is the image that the device shall run in the end, `image` that one or one that helps to get there.
std::string served_name(const Image& image, const Image& running, const Device& device);

}  // namespace homepatch
