#include "feed/mirror_desk.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "core/catalog_names.hpp"
#include "feed/catalog_draft.hpp"
#include "trust/hash.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch::feed {

namespace {

using nlohmann::json;

std::vector<ReleaseImage> images_of(const Workshop& workshop, const UpstreamRelease& release) {
  std::vector<ReleaseImage> out;
  for (const auto& image : release.images) {
    const auto digest = sha256(image.bytes);
    const ImageFile file{workshop.image(digest), image.name, image.bytes.size(), digest};
    out.push_back({file, image.component, release.content["model"]["hw"], image.format, "image"});
  }
  return out;
}

// A release that homes may run never changes, whatever upstream does.
Status check_unchanged(const Release& known, const std::vector<ReleaseImage>& images) {
  for (const auto& image : images) {
    const auto same = std::any_of(known.images.begin(), known.images.end(), [&](const Image& entry) {
      return entry.component == image.component && entry.sha256 == image.file.sha256;
    });
    if (same) continue;
    return fail(Errc::not_trusted,
                fmt::format("upstream offers another image as {} than the one that is mirrored already; homes may run "
                            "that one, so it stays",
                            known.version));
  }
  return {};
}

bool ends_it_all(const Error& error) { return error.code == Errc::no_space || error.code == Errc::io; }

}  // namespace

Result<MirrorDesk> MirrorDesk::open(const MirrorOptions& options, Time now) {
  if (!is_date(options.support_end)) {
    return fail(Errc::invalid_argument,
                fmt::format("--support-end '{}' must be a day such as 2031-05-31", printable(options.support_end, 40)));
  }
  auto workshop = TRY(Workshop::open(options.folder));
  if (workshop.settings().vendor.empty()) {
    return fail(
        Errc::invalid_argument,
        fmt::format("{}/feed.toml names no vendor: a mirror publishes under a domain of its own, which homes can "
                    "tell from the makers' (homepatch-feed init --vendor patches.example)",
                    options.folder));
  }
  return MirrorDesk(std::move(workshop), options, now);
}

bool MirrorDesk::knows(const std::string& model_id, const std::string& version) const {
  const auto draft = workshop_.draft(catalog_path(workshop_.settings().vendor, model_id));
  return draft && *draft && (*draft)->catalog.by_version(version) != nullptr;
}

json MirrorDesk::complete(json content) const {
  content["kind"] = options_.kind;
  content["vendor"] = {{"id", workshop_.settings().vendor}, {"name", workshop_.settings().name}};
  content["support"] = {{"end", options_.support_end}, {"kind", options_.support_kind}};
  content["updatability"]["method"] = options_.automatic ? "auto" : "confirm";
  return content;
}

Result<MirrorDesk::Taken> MirrorDesk::take_one(const UpstreamRelease& release) {
  const auto file = TRY(ReleaseFile::of({release.place, complete(release.content), {}}));
  const auto images = images_of(workshop_, release);
  const auto before = TRY(workshop_.draft(catalog_path(file.vendor_id(), file.model_id())));
  if (before) {
    if (const auto* known = before->catalog.by_version(file.version())) {
      TRY(check_unchanged(*known, images));
      return Taken::as_known;
    }
    if (!before->catalog.releases.empty() && before->catalog.releases.back().seq >= file.seq()) return Taken::as_older;
  }
  const auto after = TRY(with_release(before ? &*before : nullptr, file, images, tuf::time_text(now_)));
  std::uint64_t size = 0;
  for (const auto& image : release.images) size += image.bytes.size();
  fmt::print("+ {} {} ({})\n", file.model_id(), file.version(), human_bytes(size));
  if (options_.dry_run) return Taken::as_new;
  for (std::size_t i = 0; i < images.size(); ++i) {
    TRY(workshop_.keep_bytes(images[i].file.sha256, release.images[i].bytes));
  }
  TRY(workshop_.keep_draft(after));
  return Taken::as_new;
}

Status MirrorDesk::take(const UpstreamRelease& release) {
  const auto taken = take_one(release);
  if (!taken) {
    if (ends_it_all(taken.error())) return fail(taken.error());
    refuse(release.place, taken.error());
    return {};
  }
  switch (*taken) {
    case Taken::as_new: ++taken_; break;
    case Taken::as_known: ++known_; break;
    case Taken::as_older: leave_out(release.place, "older than what is mirrored already"); break;
  }
  return {};
}

void MirrorDesk::refuse(std::string_view place, const Error& error) {
  ++refused_;
  const auto text = error.text.starts_with(place) ? error.text : fmt::format("{}: {}", place, error.text);
  fmt::print(stderr, "refused: {}\n", printable(text, 1000));
}

void MirrorDesk::leave_out(std::string_view place, std::string_view why) {
  ++left_out_;
  fmt::print("left out: {}: {}\n", printable(place, 300), why);
}

Status MirrorDesk::finish() const {
  fmt::print("{} release(s) {}, {} known already, {} left out, {} refused.\n", taken_,
             options_.dry_run ? "would be taken in (--dry-run)" : "taken in", known_, left_out_, refused_);
  if (taken_ > 0 && !options_.dry_run) {
    fmt::print(
        "Not yet published: look at what homes will see, and sign it with homepatch-feed publish --feed {} DIR\n",
        options_.folder);
  }
  if (taken_ + known_ + left_out_ + refused_ == 0) {
    return fail(Errc::not_found, options_.only.empty() ? fmt::format("{} holds nothing to mirror", options_.source)
                                                       : fmt::format("{} holds nothing that --only names ({})",
                                                                     options_.source, fmt::join(options_.only, ", ")));
  }
  if (refused_ == 0) return {};
  return fail(Errc::not_trusted,
              fmt::format("{} release(s) were not taken in; each is named above with its reason", refused_));
}

}  // namespace homepatch::feed
