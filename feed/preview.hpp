// What homes will see of a catalog, for its publisher's eyes before anything is signed.
#pragma once

#include <string>

#include "core/catalog.hpp"
#include "feed/workshop.hpp"

namespace homepatch::feed {

// The model, and every release that is not in `before` (nullptr: nothing was published yet). Several lines.
std::string preview(const Catalog& after, const Catalog* before);

// Every model whose catalog differs from the published one, under a heading; empty when there is none.
Result<std::string> changes_text(const Workshop& workshop, const std::vector<CatalogDraft>& drafts);

}  // namespace homepatch::feed
