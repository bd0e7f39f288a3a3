// The names that Tasmota makes out of OtaUrl (support_tasmota.ino) and its own version grammar.
#pragma once

#include <string>
#include <string_view>

namespace homepatch::sim {

// The sibling image that is installed first when the wanted one does not fit: in the part after the last '/', the
// extension begins at the first '.', the stem ends at the last '-' or else at the extension; stem + "-minimal" +
// extension. "tasmota-DE.bin.gz" gives "tasmota-minimal.bin.gz".
std::string minimal_url(std::string_view ota_url);

// Whether `wanted` is a higher version than `running`, number by number ("13.4.0", "14.2.0.1").
bool is_newer_version(std::string_view wanted, std::string_view running);

}  // namespace homepatch::sim
