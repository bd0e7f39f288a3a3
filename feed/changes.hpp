// What homes gain, see changed and lose by the next publish, against what was published last: for its publisher's eyes
// before anything is signed. "+" is gained, "~" changed, "-" lost.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "feed/publication.hpp"
#include "feed/workshop.hpp"

namespace homepatch::feed {

// A model with its new releases, and all that is told otherwise than `before`; nullptr: nothing of it was there yet.
std::string model_changes(const CatalogDraft& after, const CatalogDraft* before);

// Of the whole feed: models, images that are taken back, and who may sign. Empty when homes will see no difference.
Result<std::string> feed_changes(const Workshop& workshop, const Contents& contents);

// Of the models of one vendor, who signs them itself; in its own work folder and in that of the feed.
Result<std::string> vendor_changes(const Workshop& workshop, std::string_view vendor,
                                   const std::vector<CatalogDraft>& drafts);

}  // namespace homepatch::feed
