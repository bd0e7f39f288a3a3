// Takes in a bundle that an administrator carried in: the feed that vouches for it judges its metadata and catalogs as
// if they were fetched, then the images that devices of this home can use go into the cache, each verified by its
// digest. One bundle at a time; what was taken in before a crash stays.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/loop.hpp"
#include "base/unique_fd.hpp"
#include "daemon/fetch/feed.hpp"
#include "protocols/feeds/bundle_reader.hpp"
#include "storage/artifact_cache.hpp"

namespace homepatch {

class Importer {
 public:
  using Done = std::function<void(Result<std::string>)>;  // with a text for people

  Importer(Loop& loop, ArtifactCache& cache, const CatalogShelf& shelf, const std::vector<std::unique_ptr<Feed>>& feeds)
      : loop_(loop), cache_(cache), shelf_(shelf), feeds_(feeds) {}

  // `fd` is a regular file. `feed`: the name of the feed that must vouch for it; empty: the first that does. Answers
  // once. busy while another one is being taken in.
  void import(UniqueFd fd, const std::string& feed, Done done);

 private:
  Status begin(UniqueFd fd, const std::string& feed);
  void ask_next_feed();
  void on_feed(Feed& feed, const Status& outcome);
  void list_images(const std::string& feed);
  void take_next_image();
  void take_piece();
  Status take_bytes();
  void finish(Result<std::string> result);

  Loop& loop_;
  ArtifactCache& cache_;
  const CatalogShelf& shelf_;
  const std::vector<std::unique_ptr<Feed>>& feeds_;

  Done done_;
  UniqueFd fd_;
  std::shared_ptr<const feeds::Bundle> bundle_;
  std::deque<Feed*> candidates_;
  std::string refusals_;
  std::string accepted_by_;
  std::deque<std::pair<feeds::BundleImage, Digest>> images_;  // the first is being taken in
  std::unique_ptr<ArtifactCache::Writer> writer_;             // for it
  std::size_t taken_ = 0;
  std::uint64_t taken_bytes_ = 0;
  Timer turn_;
};

}  // namespace homepatch
