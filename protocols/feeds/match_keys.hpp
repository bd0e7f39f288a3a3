// Which keys recognise a model, family by family: the one table that the readers of catalogs and of _feed/models.json
// share. An unknown key is refused, because a key that is not compared would let too many devices match (I2). A family
// that is not known here matches no device of this gateway, and so takes nothing away from the others.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/catalog.hpp"

namespace homepatch::feeds {

using MatchKeys = std::map<std::string, std::string, std::less<>>;

// For publishers, whose unknown family is a slip of the pen. Errors: unsupported.
Status check_family(std::string_view family);

// Refuses an unknown, missing or malformed key. nullopt: the entry is for a family that this version cannot speak with
// yet: one whose keys are well formed (shelly, zigbee, suit), or one that it does not know, whose keys nobody looked
// at. tasmota {chip, image}; lwm2m {manufacturer, model, hw?}; shelly {app}; zigbee {manufacturer_code, image_type},
// both decimal 0..65535 as text; suit {vendor_uuid, class_uuid}, RFC 9562 text form in lower case.
Result<std::optional<Match>> read_match(std::string_view family, MatchKeys keys);

}  // namespace homepatch::feeds
