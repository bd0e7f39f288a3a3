// Which image of an index is for which device, and whether the file that came is the one that the index meant. Pure;
// the index must outlive what points into it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/feeds/zigbee_index.hpp"
#include "trust/zigbee_image.hpp"

namespace homepatch::feeds {

// What is known of a device. A restriction about something that is not known here is not met (I2).
struct ZigbeeDevice {
  std::uint16_t manufacturer_code = 0;
  std::uint16_t image_type = 0;
  std::optional<std::uint32_t> file_version;  // installed
  std::vector<std::string> model_ids;         // the device's own, and the name that its bridge gives to the model
  std::optional<std::string> manufacturer_name;
  std::optional<std::uint16_t> hardware_version;
  std::optional<std::string> header_string;  // only where the bridge's definition of the model demands one
};

enum class ZigbeeMatch {
  update,           // `entry` is newer than what is installed, or forced
  up_to_date,       // `entry` is what fits, and not newer
  unknown_image,    // nothing in the index has this manufacturer code and image type
  restricted,       // something has, but a restriction keeps it from this device
  version_unknown,  // something would fit, but what is installed is not known
  no_hash,          // the only newer ones name no SHA-512
  ambiguous,        // the newest ones differ in their bytes and fit alike
};
std::string_view to_string(ZigbeeMatch match);

struct ZigbeeChoice {
  ZigbeeMatch match = ZigbeeMatch::unknown_image;
  const ZigbeeIndexEntry* entry = nullptr;  // only with `update` and `up_to_date`
  std::string_view restriction;             // with `restricted`: the member that kept the first of them away
};

// The newest image whose every restriction the device meets. Where an entry names the device's model, those that name
// none are not for it, and in the same way with its manufacturer's name: an index may hold a general image beside one
// for each of some models. A forced image fits over a newer version, but never over itself.
ZigbeeChoice best_match(const ZigbeeIndex& index, const ZigbeeDevice& device);

// The name of the entry's first restriction that the device does not meet ("modelId"); empty when it meets all.
std::string_view unmet_restriction(const ZigbeeIndexEntry& entry, const ZigbeeDevice& device);

// What the file's own header says otherwise than the index, for a person to read; nothing where they agree. Such a file
// is not installed.
std::optional<std::string> contradiction(const ZigbeeIndexEntry& entry, const ZigbeeImageHeader& header);

}  // namespace homepatch::feeds
