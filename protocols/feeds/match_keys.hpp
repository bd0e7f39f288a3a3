// Which keys recognise a model, family by family: the one table that the readers of catalogs and of _feed/models.json
// share. An unknown family or key is refused, because a key that is not compared would let too many devices match (I2).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/catalog.hpp"

namespace homepatch::feeds {

using MatchKeys = std::map<std::string, std::string, std::less<>>;

// Refuses an unknown family, an unknown, missing or malformed key. nullopt: the entry is well formed, but for a family
// that this version cannot speak with yet (shelly, zigbee, suit).
// tasmota {chip, image}; lwm2m {manufacturer, model, hw?}; shelly {app}; zigbee {manufacturer_code, image_type}, both
// decimal 0..65535 as text; suit {vendor_uuid, class_uuid}, RFC 9562 text form in lower case.
Result<std::optional<Match>> read_match(std::string_view family, MatchKeys keys);

}  // namespace homepatch::feeds
