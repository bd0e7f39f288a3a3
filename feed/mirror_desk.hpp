// Takes what an upstream without signatures offers into a feed's work folder: the same checks as `add`, one release
// after the other. A release that fails is refused alone and named; the others go on. Nothing is signed: that is a
// person's deed, with publish.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.hpp"
#include "feed/workshop.hpp"

namespace homepatch::feed {

struct MirrorOptions {
  std::string source;
  std::string folder;
  std::string support_end;  // stated by the person, never by us
  std::string support_kind = "anticipated";
  std::string kind = "mixed";
  bool automatic = false;
  bool download = false;
  bool dry_run = false;
  std::vector<std::string> only;
  // Of Tasmota.
  std::string release;
  std::string sums;
  std::vector<std::string> also;
  // Of Shelly.
  std::string app;
};

struct UpstreamImage {
  std::string component;
  std::string name;  // of the file that homes will be given
  std::string format;
  std::string bytes;
};

struct UpstreamRelease {
  std::string place;       // where it stands upstream, for people: "index.json, entry 12 (lamp.ota)"
  nlohmann::json content;  // as a release file would say it, without vendor, support and images
  std::vector<UpstreamImage> images;
};

class MirrorDesk {
 public:
  // Opens the work folder. invalid_argument when it is not made for one vendor (init --vendor).
  static Result<MirrorDesk> open(const MirrorOptions& options, Time now);

  // Whether the model's catalog has the version already.
  [[nodiscard]] bool knows(const std::string& model_id, const std::string& version) const;
  void pass_known() { ++known_; }

  // An error only where going on makes no sense (a full disk); all else is counted and said.
  [[nodiscard]] Status take(const UpstreamRelease& release);
  void refuse(std::string_view place, const Error& error);
  void leave_out(std::string_view place, std::string_view why);

  // The sum of it on standard output; an error when anything was refused.
  [[nodiscard]] Status finish() const;

 private:
  MirrorDesk(Workshop workshop, const MirrorOptions& options, Time now)
      : workshop_(std::move(workshop)), options_(options), now_(now) {}

  enum class Taken { as_new, as_known, as_older };
  Result<Taken> take_one(const UpstreamRelease& release);
  [[nodiscard]] nlohmann::json complete(nlohmann::json content) const;

  Workshop workshop_;
  const MirrorOptions& options_;
  Time now_;
  std::size_t taken_ = 0;
  std::size_t known_ = 0;
  std::size_t refused_ = 0;
  std::size_t left_out_ = 0;
};

}  // namespace homepatch::feed
