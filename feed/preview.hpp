// What homes will see of a catalog, for its publisher's eyes before anything is signed.
#pragma once

#include <string>
#include <vector>

#include "core/catalog.hpp"
#include "core/digest.hpp"

namespace homepatch::feed {

// The model, and every release that is not in `before` (nullptr: nothing was there yet). Several lines.
std::string preview(const Catalog& after, const Catalog* before);

// The catalog's releases that bring this image: "acme.example/plug 1.1.0".
std::vector<std::string> releases_with(const Catalog& catalog, const Digest& digest);
// An image by the releases that bring it, which may be none.
std::string denied_name(const std::vector<std::string>& releases, const Digest& digest);

}  // namespace homepatch::feed
