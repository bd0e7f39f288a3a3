// The unsigned indexes of the configuration (zigbee-OTA's, manifests of ESP Web Tools). Those with an address are
// fetched soon after the start and every refresh_interval, one after the other, and lie in a file each; what does not
// parse never takes the place of what does, and what has not changed is not sent again (ETag). Nothing parsed is kept:
// a search reads the files, and lets go of them. Nothing is lost by a crash: a file is whole, or the one before it.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/loop.hpp"
#include "core/time.hpp"
#include "daemon/fetch/index_content.hpp"
#include "protocols/http/fetcher.hpp"

namespace homepatch {

// How one index stands, for people.
struct IndexStatus {
  std::string name;
  IndexKind kind = IndexKind::zigbee;
  std::string from;  // its address, or its path
  std::size_t entries = 0;
  std::size_t left_out = 0;
  std::string complaints;  // about those left out
  Time taken{};            // when what is used now came; zero: never
  Time checked{};          // when its address last gave what could be used, since the start; zero: not yet, or a file
  std::string failure;     // why it cannot be read, or why the last look brought nothing; empty: all is well
};

class Indexes {
 public:
  static constexpr std::size_t kMaxFound = 100;  // images that one search gives

  struct Found {
    std::vector<FoundImage> images;
    std::size_t more = 0;  // that were found beyond
  };
  using Done = std::function<void(Status)>;
  using Visit = std::function<void(const IndexConfig&, const IndexContent&)>;

  // `folder` is this object's own.
  Indexes(Loop& loop, Fetcher& fetcher, std::filesystem::path folder, std::vector<IndexConfig> configs,
          std::chrono::seconds interval);

  // Throws away what was kept of indexes that are no longer configured, and plans the first look.
  Status start();

  // Fetches all that have an address, or joins the round that is under way. The answer comes on a later turn, where
  // there is anything to fetch: an error names those that brought nothing.
  void refresh(Done done);
  // How many have an address.
  [[nodiscard]] std::size_t fetched() const;
  [[nodiscard]] bool empty() const { return configs_.empty(); }

  [[nodiscard]] std::vector<IndexStatus> list() const;
  [[nodiscard]] Found search(std::string_view words) const;
  // What each index of Zigbee images has for this device.
  [[nodiscard]] std::vector<MatchedImage> match(const feeds::ZigbeeDevice& device) const;
  // Each that can be read now, one after the other.
  void each(const Visit& visit) const;

 private:
  struct Look {
    Time checked{};
    std::string failure;
  };

  [[nodiscard]] std::filesystem::path file_of(const IndexConfig& index) const;
  [[nodiscard]] Result<IndexContent> read(const IndexConfig& index) const;
  [[nodiscard]] IndexStatus status_of(const IndexConfig& index) const;
  Status drop_strangers();
  void fetch_next();
  void on_answer(const IndexConfig& index, Result<FetchedBody> got);
  [[nodiscard]] std::string tag_of(const IndexConfig& index) const;
  Status take(const IndexConfig& index, const FetchedBody& got);
  void keep_tag(const IndexConfig& index, const std::string& tag) const;
  void finish();

  Loop& loop_;
  Fetcher& fetcher_;
  std::filesystem::path folder_;
  std::vector<IndexConfig> configs_;
  std::chrono::seconds interval_;
  std::map<std::string, Look> looks_;  // by name

  bool under_way_ = false;
  std::size_t next_ = 0;  // of configs_, to be fetched in this round
  std::string complaints_;
  std::vector<Done> waiting_;
  FetchHandle fetch_;
  Timer turn_;
  Timer later_;
};

}  // namespace homepatch
