#include "daemon/act/storeroom.hpp"

#include <vector>

#include "base/unique_fd.hpp"

namespace homepatch {

namespace {

ImagesFailed failed_for(const Error& error) {
  Reason reason = Reason::image_not_available;
  if (error.code == Errc::not_trusted) reason = Reason::image_not_trusted;
  if (error.code == Errc::no_space) reason = Reason::no_space;
  return ImagesFailed{reason, true, error.text};
}

}  // namespace

// Pins from the first moment, so that nothing makes room for itself among the images of one update.
class Storeroom::HeldImages final : public Hold {
 public:
  HeldImages(std::vector<ArtifactCache::Pin> pins, std::function<void(Result<void>, ImagesFailed)> done)
      : pins_(std::move(pins)), done_(std::move(done)) {}

  void want(Storeroom& room, const Update& update) {
    missing_ = update.images.size();
    for (const auto& image : update.images) {
      wishes_.push_back(room.supply_.want(update.feed, image, [this](const Status& outcome) { on_image(outcome); }));
    }
  }

 private:
  void on_image(const Status& outcome) {
    if (!done_) return;
    if (outcome && --missing_ > 0) return;
    // The owner may destroy this hold in here.
    auto done = std::exchange(done_, nullptr);
    if (outcome) {
      done({}, {});
    } else {
      done(fail(outcome.error()), failed_for(outcome.error()));
    }
  }

  std::vector<ArtifactCache::Pin> pins_;
  std::function<void(Result<void>, ImagesFailed)> done_;
  std::size_t missing_ = 0;
  std::vector<std::unique_ptr<Supply::Wish>> wishes_;
};

class Storeroom::OpenFolder final : public Outlet {
 public:
  std::vector<UniqueFd> descriptors;
  ArtifactServer::Folder folder;
};

std::unique_ptr<Images::Hold> Storeroom::bring(const Update& update,
                                               std::function<void(Result<void>, ImagesFailed)> done) {
  std::vector<ArtifactCache::Pin> pins;
  for (const auto& image : update.images) {
    pins.push_back(cache_.pin(image.sha256));
    if (cache_.contains(image.sha256)) saved_bytes_ += image.length;
  }
  auto hold = std::make_unique<HeldImages>(std::move(pins), std::move(done));
  hold->want(*this, update);
  return hold;
}

Result<std::unique_ptr<Images::Outlet>> Storeroom::open(const Update& update, const std::string& address,
                                                        Fetching fetching) {
  auto outlet = std::make_unique<OpenFolder>();
  std::vector<ServedFile> files;
  for (const auto& image : update.images) {
    UniqueFd fd = TRY(cache_.open_verified(image.sha256, loop_.now()));
    const Artifact* artifact = cache_.find(image.sha256);
    outlet->images.push_back(OpenImage{image.component, image.file_name, fd.get(), artifact->length, image.sha256});
    files.push_back(ServedFile{image.file_name, fd.get(), artifact->length, artifact->md5});
    outlet->descriptors.push_back(std::move(fd));
  }
  if (update.family != Family::tasmota) return std::unique_ptr<Outlet>(std::move(outlet));

  const std::string first = update.images.front().file_name;
  const std::uint64_t length = outlet->images.front().length;
  ServeEvents events;
  events.on_progress = [first, length, progress = std::move(fetching.progress)](const std::string& name, std::uint64_t sent) {
    if (name == first) progress(Progress{sent, length});
  };
  events.on_done = [first, complete = std::move(fetching.complete)](const ServedAnswer& answer) {
    if (answer.name == first && answer.complete()) complete();
  };
  outlet->url = TRY(server_.url_for(update.token, first, address));
  outlet->folder = TRY(server_.serve(update.token, address, files, std::move(events)));
  return std::unique_ptr<Outlet>(std::move(outlet));
}

}  // namespace homepatch
