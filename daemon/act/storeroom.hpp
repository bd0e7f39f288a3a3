// The Images port of the daemon: the supply brings images into the cache, pins hold them, and each is hashed once more,
// in pieces between the loop's other work, before its descriptor is given to anybody. Devices that pull fetch them from
// the artifact server in the update's own unguessable folder.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/loop.hpp"
#include "daemon/act/images.hpp"
#include "daemon/fetch/supply.hpp"
#include "protocols/http/artifact_server.hpp"
#include "storage/artifact_cache.hpp"

namespace homepatch {

class Storeroom final : public Images {
 public:
  Storeroom(Loop& loop, Supply& supply, ArtifactCache& cache, ArtifactServer& server)
      : loop_(loop), supply_(supply), cache_(cache), server_(server) {}

  std::unique_ptr<Hold> bring(const Update& update, std::function<void(Result<void>, ImagesFailed)> done) override;
  Result<std::unique_ptr<Outlet>> open(const Update& update, const std::string& address, Fetching fetching) override;

  // Who takes an image of this feed back, and why; empty: nobody. Asked at each attempt (reason taken_back).
  using TakenBack = std::function<std::string(std::string_view feed, const Digest& image)>;
  void heed(TakenBack taken_back) { taken_back_ = std::move(taken_back); }

  // From now on nobody is given another byte of this image: folders that are open for devices are cut at once (I7),
  // descriptors that somebody still holds read as empty, holds of it have to be brought anew.
  void close(const Digest& digest);

  // Bytes of images that were wanted and were in the cache already, since the start: what did not cross the WAN again.
  [[nodiscard]] std::uint64_t saved_bytes() const { return saved_bytes_; }

 private:
  class HeldImages;
  class OpenFolder;

  // For people; empty: none of the update's images was taken back.
  [[nodiscard]] std::string taken_back(const std::string& feed, const std::vector<UpdateImage>& images) const;

  // Hashed in one turn of the loop: some milliseconds of a slow gateway.
  static constexpr std::uint64_t kPiece = 256UL << 10;

  Loop& loop_;
  Supply& supply_;
  ArtifactCache& cache_;
  ArtifactServer& server_;
  TakenBack taken_back_;
  std::map<UpdateId, HeldImages*> held_;
  std::set<OpenFolder*> folders_;
  std::uint64_t saved_bytes_ = 0;
};

}  // namespace homepatch
