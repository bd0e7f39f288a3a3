// The upstreams that `mirror` knows. Each reads what upstream offers, makes every check that upstream gives the means
// for, and hands the rest to the desk.
#pragma once

#include "feed/mirror_desk.hpp"

namespace homepatch::feed {

// The index of Koenkk/zigbee-OTA, or the folder in which it lies, with images beside it.
[[nodiscard]] Status mirror_zigbee(const MirrorOptions& options, MirrorDesk& desk);

// A folder of release binaries with their SHA-256 in a file of the form that sha256sum writes.
[[nodiscard]] Status mirror_tasmota(const MirrorOptions& options, MirrorDesk& desk);

// The answer of updates.shelly.cloud for one app, saved as <app>.json, or a folder of them.
[[nodiscard]] Status mirror_shelly(const MirrorOptions& options, MirrorDesk& desk);

}  // namespace homepatch::feed
