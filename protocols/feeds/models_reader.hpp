// `_feed/models.json`: which match keys belong to which catalog, so that in a feed of any size the few catalogs of a
// home are found without fetching the others. An index, not a permission: the catalog's own match decides (I2).
//
//   {"homepatch_models": 1, "models": [{"family": "tasmota", "match": {"chip": "ESP8266EX", "image": "tasmota"},
//                                       "catalog": "acme.example/plug/catalog.json"}, ...]}
#pragma once

#include <functional>
#include <string_view>

#include "base/result.hpp"
#include "core/catalog.hpp"

namespace homepatch::feeds {

inline constexpr std::size_t kMaxModelsBytes = 8U << 20U;
inline constexpr std::size_t kMaxModels = 50'000;

using ModelVisit = std::function<void(const Match& match, std::string_view catalog_path)>;

// Calls `visit` for every entry, in order, while reading; memory does not grow with the number of entries. Entries of
// families that this version cannot speak with are checked and passed over. On an error, what was visited before it
// must be thrown away. Errors: malformed, too_large, unsupported (another schema, an unknown family).
Status read_models(std::string_view bytes, const ModelVisit& visit);

}  // namespace homepatch::feeds
