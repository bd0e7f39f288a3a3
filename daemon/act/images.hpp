// What the updater needs of the world beside deliveries: images in the cache, and a place where devices fetch them.
// The supply and the artifact server are behind it in the daemon, stand-ins in tests of the engine.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/delivery.hpp"
#include "core/update.hpp"

namespace homepatch {

class Images {
 public:
  // Destroying it withdraws the wish; images that came stay in the cache but are no longer pinned.
  class Hold {
   public:
    Hold() = default;
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    virtual ~Hold() = default;
  };

  virtual ~Images() = default;

  // Brings all images of the update into the cache, opens and verifies them, and keeps them there while the hold lives.
  // The answer comes on a later turn, also when all are there already.
  [[nodiscard]] virtual std::unique_ptr<Hold> bring(const Update& update,
                                                    std::function<void(Result<void>, ImagesFailed)> done) = 0;

  // Verified, open images of a hold that answered yes, and the place where the device at `address` can fetch them
  // (empty url: no server). Destroying it closes both at once (I7).
  class Outlet {
   public:
    Outlet() = default;
    Outlet(const Outlet&) = delete;
    Outlet& operator=(const Outlet&) = delete;
    virtual ~Outlet() = default;
    // The device is at another address now, and nobody else may fetch any more.
    virtual void give_to(const std::string& address) = 0;
    std::vector<OpenImage> images;
    std::string url;
  };
  struct Fetching {
    std::function<void(Progress)> progress;  // of images[0]
    std::function<void()> complete;          // the device fetched all of images[0]
  };
  virtual Result<std::unique_ptr<Outlet>> open(const Update& update, const std::string& address, Fetching fetching) = 0;
};

}  // namespace homepatch
