// The feed as it was published last, put together again from the work folder: every file that homes may ask for, by the
// name that it has in the published folder.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "feed/target_file.hpp"

namespace homepatch::feed {

struct SignedFeed {
  // "metadata/1.root.json", ... with their bytes: the roots from the first on, timestamp, snapshot, targets, vendors'
  // roles.
  std::vector<std::pair<std::string, std::string>> metadata;
  std::vector<TargetFile> documents;  // the list of models, the catalogs, and every other *.json, with their bytes
  std::vector<TargetFile> images;     // by path

  // not_found when nothing was published yet, busy when what was taken in of a vendor is not published yet.
  static Result<SignedFeed> read(const Workshop& workshop);

  [[nodiscard]] const std::string& first_root() const { return metadata.front().second; }
  // All but the images, by published name.
  [[nodiscard]] std::map<std::string, std::string> readable() const;
};

}  // namespace homepatch::feed
