#include "daemon/act/storeroom.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "storage/artifact_opening.hpp"

namespace homepatch {

namespace {

// When the day's budget lets all of them be fetched; nothing when it is not what stands in the way.
std::optional<Time> budget_opens(const ArtifactCache& cache, const std::vector<UpdateImage>& images) {
  std::optional<Time> opens;
  for (const auto& image : images) {
    if (!cache.contains(image.sha256)) opens = std::max(opens, cache.budget_opens(image.sha256, image.length));
  }
  return opens;
}

// The number stays taken, so that whoever still reads from it meets an end and never another file's bytes (I1).
void empty(const UniqueFd& fd) {
  const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!nothing || ::dup3(nothing.get(), fd.get(), O_CLOEXEC) < 0) log::error("{}", errno_error("dup3", errno).text);
}

ImagesFailed failed_for(const Error& error, std::optional<Time> budget_opens) {
  ImagesFailed failed{Reason::image_not_available, true, error.text, std::nullopt};
  if (error.code == Errc::not_trusted) failed.reason = Reason::image_not_trusted;
  if (error.code == Errc::no_space) {
    failed.reason = budget_opens ? Reason::write_budget_spent : Reason::no_space;
    failed.not_before = budget_opens;
  }
  return failed;
}

}  // namespace

// Pins from the first moment, so that nothing makes room for itself among the images of one update.
class Storeroom::HeldImages final : public Hold {
 public:
  using Done = std::function<void(Result<void>, ImagesFailed)>;
  struct Held {
    Artifact artifact;
    UniqueFd fd;
  };

  HeldImages(Storeroom& room, const Update& update, Done done)
      : room_(room), update_(update.id), feed_(update.feed), images_(update.images), done_(std::move(done)) {
    room_.held_[update_] = this;
    if (const auto by = room_.taken_back(feed_, images_); !by.empty()) {
      take_back_later(by);
      return;
    }
    for (const auto& image : images_) pins_.push_back(room_.cache_.pin(image.sha256));
    for (const auto& image : images_) want(image);
  }
  HeldImages(const HeldImages&) = delete;
  HeldImages& operator=(const HeldImages&) = delete;
  ~HeldImages() override {
    if (const auto found = room_.held_.find(update_); found != room_.held_.end() && found->second == this) {
      room_.held_.erase(found);
    }
  }

  // Empty until all of them are open.
  [[nodiscard]] const std::vector<Held>& held() const { return held_; }

  void close(const Digest& digest) {
    if (std::ranges::find(images_, digest, &UpdateImage::sha256) == images_.end()) return;
    held_.clear();
    // One that is still being brought for another reason finds out by itself whether it is whole.
    if (const auto by = room_.taken_back(feed_, images_); done_ && !by.empty()) take_back_later(by);
  }

 private:
  void take_back_later(const std::string& by) {
    wishes_.clear();
    opening_.reset();
    turn_ = room_.loop_.after(Duration::zero(), [this, by] {
      // The owner may destroy this hold in here.
      const auto done = std::exchange(done_, nullptr);
      done(fail(Errc::not_trusted, "taken back by the feed " + printable(by)),
           ImagesFailed{Reason::taken_back, false, "", std::nullopt});
    });
  }

  void want(const UpdateImage& image) {
    ++missing_;
    wishes_.push_back(room_.supply_.want(feed_, image, [this](const Status& outcome) { on_image(outcome); }));
  }

  void on_image(const Status& outcome) {
    if (!done_) return;
    if (!outcome) return refuse(outcome.error());
    if (--missing_ == 0) open_next();
  }

  void open_next() {
    if (opened_.size() == images_.size()) {
      held_ = std::move(opened_);
      // The owner may destroy this hold in here.
      const auto done = std::exchange(done_, nullptr);
      return done({}, {});
    }
    auto opening = ArtifactOpening::begin(room_.cache_, images_[opened_.size()].sha256);
    if (!opening) return on_damaged(opening.error());
    opening_.emplace(std::move(*opening));
    turn_ = room_.loop_.after(Duration::zero(), [this] { hash_piece(); });
  }

  void hash_piece() {
    const auto whole = opening_->step(kPiece);
    if (!whole) return on_damaged(whole.error());
    if (!*whole) {
      turn_ = room_.loop_.after(Duration::zero(), [this] { hash_piece(); });
      return;
    }
    opened_.push_back(Held{opening_->artifact(), opening_->take(room_.loop_.now())});
    opening_.reset();
    open_next();
  }

  // Flash forgets: what was thrown out of the cache is fetched once more, before anybody has to hear of it.
  void on_damaged(const Error& error) {
    opening_.reset();
    if (error.code != Errc::not_trusted || std::exchange(fetched_again_, true)) return refuse(error);
    log::warning("{}", error.text);
    want(images_[opened_.size()]);
  }

  void refuse(const Error& error) {
    // The owner may destroy this hold in here.
    const auto done = std::exchange(done_, nullptr);
    done(fail(error), failed_for(error, budget_opens(room_.cache_, images_)));
  }

  Storeroom& room_;
  UpdateId update_;
  std::string feed_;
  std::vector<UpdateImage> images_;
  Done done_;
  std::vector<ArtifactCache::Pin> pins_;
  std::size_t missing_ = 0;
  std::vector<std::unique_ptr<Supply::Wish>> wishes_;
  std::vector<Held> opened_;  // in the order of images_
  std::vector<Held> held_;
  std::optional<ArtifactOpening> opening_;
  bool fetched_again_ = false;
  Timer turn_;
};

class Storeroom::OpenFolder final : public Outlet {
 public:
  explicit OpenFolder(Storeroom& room) : room_(room) { room_.folders_.insert(this); }
  OpenFolder(const OpenFolder&) = delete;
  OpenFolder& operator=(const OpenFolder&) = delete;
  ~OpenFolder() override { room_.folders_.erase(this); }

  void give_to(const std::string& address) override {
    if (auto done = folder.give_to(address); !done) log::warning("{}, ignoring", done.error().text);
  }

  void close(const Digest& digest) {
    if (std::ranges::find(images, digest, &OpenImage::sha256) == images.end()) return;
    folder = ArtifactServer::Folder();
    for (const auto& descriptor : descriptors) empty(descriptor);
  }

  std::vector<UniqueFd> descriptors;
  ArtifactServer::Folder folder;

 private:
  Storeroom& room_;
};

void Storeroom::close(const Digest& digest) {
  for (auto* folder : folders_) folder->close(digest);
  for (const auto& [update, held] : held_) held->close(digest);
}

std::string Storeroom::taken_back(const std::string& feed, const std::vector<UpdateImage>& images) const {
  for (const auto& image : images) {
    if (const auto by = taken_back_ ? taken_back_(feed, image.sha256) : std::string(); !by.empty()) return by;
  }
  return "";
}

std::unique_ptr<Images::Hold> Storeroom::bring(const Update& update,
                                               std::function<void(Result<void>, ImagesFailed)> done) {
  for (const auto& image : update.images) {
    if (cache_.contains(image.sha256)) saved_bytes_ += image.length;
  }
  return std::make_unique<HeldImages>(*this, update, std::move(done));
}

Result<std::unique_ptr<Images::Outlet>> Storeroom::open(const Update& update, const std::string& address,
                                                        Fetching fetching) {
  const auto found = held_.find(update.id);
  if (found == held_.end() || found->second->held().size() != update.images.size()) {
    return fail(Errc::unavailable, "the images of this update are not in the cache yet");
  }
  if (const auto by = taken_back(update.feed, update.images); !by.empty()) {
    return fail(Errc::not_trusted, "taken back by the feed " + printable(by));
  }
  auto outlet = std::make_unique<OpenFolder>(*this);
  std::vector<ServedFile> files;
  for (std::size_t i = 0; i < update.images.size(); ++i) {
    const auto& [artifact, held] = found->second->held()[i];
    const auto& image = update.images[i];
    if (!cache_.contains(image.sha256)) {  // recalled since (I7)
      return fail(Errc::not_found, fmt::format("image {} was taken out of the cache", image.sha256.brief()));
    }
    UniqueFd fd(::fcntl(held.get(), F_DUPFD_CLOEXEC, 0));
    if (!fd) return fail(errno_error("opening image " + artifact.sha256.brief(), errno));
    outlet->images.push_back(OpenImage{image.component, image.file_name, fd.get(), artifact.length, image.sha256});
    files.push_back(ServedFile{image.file_name, fd.get(), artifact.length, artifact.md5});
    outlet->descriptors.push_back(std::move(fd));
  }
  if (update.family != Family::tasmota) return std::unique_ptr<Outlet>(std::move(outlet));

  const std::string first = update.images.front().file_name;
  const std::uint64_t length = outlet->images.front().length;
  ServeEvents events;
  events.on_progress = [first, length, progress = std::move(fetching.progress)](const std::string& name,
                                                                                std::uint64_t sent) {
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
