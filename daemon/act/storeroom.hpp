// The Images port of the daemon: the supply brings images into the cache and pins hold them; opened ones were hashed just
// before, and devices that pull fetch them from the artifact server in the update's own unguessable folder.
#pragma once

#include <memory>
#include <string>

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

  // Bytes of images that were wanted and were in the cache already, since the start: what did not cross the WAN again.
  [[nodiscard]] std::uint64_t saved_bytes() const { return saved_bytes_; }

 private:
  class HeldImages;
  class OpenFolder;

  Loop& loop_;
  Supply& supply_;
  ArtifactCache& cache_;
  ArtifactServer& server_;
  std::uint64_t saved_bytes_ = 0;
};

}  // namespace homepatch
