// Whether the catalogs of a feed agree with each other: no device is claimed by two models, and what a release requires
// can come to pass. Homes would stop at the first and wait for ever for the second.
#pragma once

#include <vector>

#include "feed/catalog_draft.hpp"

namespace homepatch::feed {

// Refuses two models that could both claim one device: equal match keys, or those of one that leave open what those of
// the other say (lwm2m with and without `hw`).
[[nodiscard]] Status check_claims(const std::vector<CatalogDraft>& drafts);

// Refuses `requires.components` that name a model or a seq which is not here, and releases of several models that wait
// for each other.
[[nodiscard]] Status check_dependencies(const std::vector<CatalogDraft>& drafts);

}  // namespace homepatch::feed
