// A model's catalog on the way to be published: the JSON as it lies in the work folder, changed by `add` and `eol`, and
// always read back by the same reader that homes use before it is kept.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/catalog.hpp"
#include "feed/release_file.hpp"

namespace homepatch::feed {

struct CatalogDraft {
  nlohmann::json document;
  Catalog catalog;  // what homes read in it

  [[nodiscard]] std::string bytes() const;
};

// `path` is "<vendor>/<model>/catalog.json".
Result<CatalogDraft> read_draft(const std::string& bytes, const std::string& path);

// The catalog with one more release; `before` is nullptr for the first. Refuses a seq that does not rise, a version
// that is already there, an end of support that is over, a model at its end of life (without_end_of_life() reopens it),
// and whatever homes would refuse, with the line of release.toml where it comes from. `now` is
// "YYYY-MM-DDTHH:MM:SSZ" and becomes the catalog's date.
Result<CatalogDraft> with_release(const CatalogDraft* before, const ReleaseFile& file,
                                  const std::vector<ReleaseImage>& images, const std::string& now);

// The draft without the release of this version, so that it can be added again. Refuses when it is published already:
// homes may run it. nullptr: nothing of the model was published yet.
Result<CatalogDraft> without_release(const CatalogDraft& draft, const CatalogDraft* published,
                                     const std::string& version);

// The catalog with its end of life taken back.
Result<CatalogDraft> without_end_of_life(const CatalogDraft& before);

// The catalog with its end of life said. `advice` may be empty.
Result<CatalogDraft> with_end_of_life(const CatalogDraft& before, const std::string& since, const std::string& advice,
                                      const std::string& now);

}  // namespace homepatch::feed
