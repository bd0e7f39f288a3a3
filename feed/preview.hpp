// What homes will see of a catalog, for its publisher's eyes before anything is signed.
#pragma once

#include <string>

#include "core/catalog.hpp"

namespace homepatch::feed {

// The model, and every release that is not in `before` (nullptr: nothing was published yet). Several lines.
std::string preview(const Catalog& after, const Catalog* before);

}  // namespace homepatch::feed
