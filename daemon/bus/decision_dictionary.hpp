// A decision as the dictionary that Plan and Explain return: the same values in both.
#pragma once

#include <systemd/sd-bus.h>

#include "core/device.hpp"
#include "core/planner.hpp"
#include "core/update.hpp"

namespace homepatch::bus {

// Appends one a{sv}. `last` is the newest update of the device, or null.
int append_decision(sd_bus_message* message, const Device& device, const Decision& decision, const Update* last);

// The sentence for the decision's reason with its detail.
std::string decision_text(const Decision& decision);

// The version the device would be taken to in the end, or "".
std::string target_version(const Decision& decision);

}  // namespace homepatch::bus
