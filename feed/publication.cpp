#include "feed/publication.hpp"

#include <fmt/format.h>

#include <map>

#include "base/file.hpp"
#include "core/catalog_names.hpp"
#include "feed/pending.hpp"
#include "trust/hash.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch::feed {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

TargetFile made_here(std::string path, std::string bytes) {
  const TargetEntry entry{bytes.size(), sha256(bytes)};
  return {std::move(path), entry, std::move(bytes)};
}

// One entry for every way in which one of the models is recognised.
std::string models_file(const std::vector<CatalogDraft>& drafts) {
  auto models = json::array();
  for (const auto& draft : drafts) {
    for (const auto& [family, matches] : draft.document["model"]["match"].items()) {
      for (const auto& match : matches) {
        models.push_back({{"family", family}, {"match", match}, {"catalog", draft.catalog.path}});
      }
    }
  }
  return json{{"homepatch_models", 1}, {"models", models}}.dump() + "\n";
}

// Two models that claim the same devices would leave homes unable to choose (I2).
Status check_claims(const std::vector<CatalogDraft>& drafts) {
  std::map<std::string, std::string> owners;
  for (const auto& draft : drafts) {
    for (const auto& [family, matches] : draft.document["model"]["match"].items()) {
      for (const auto& match : matches) {
        const auto& owner = owners.try_emplace(family + " " + match.dump(), draft.catalog.path).first->second;
        if (owner == draft.catalog.path) continue;
        return fail(Errc::invalid_argument, fmt::format("{} and {} both claim {} devices with {}; each device must "
                                                        "belong to one model",
                                                        owner, draft.catalog.path, family, match.dump()));
      }
    }
  }
  return {};
}

Status check_valid(const SignedFile& file, std::string_view role, std::string_view remedy, Time now) {
  if (file.expires > now) return {};
  return fail(Errc::not_trusted,
              fmt::format("the signed {} expired at {}: {}", role, tuf::time_text(file.expires), remedy));
}

// Readable by the web server, whatever the publisher's umask keeps for others.
Status make_public_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return fail(errno_error(fmt::format("making the folder {}", folder.string()), error.value()));
  return {};
}

Status write_target(const Workshop& workshop, const TargetFile& file, const fs::path& destination) {
  const auto path = destination / published_name(file);
  std::error_code ignored;
  if (fs::file_size(path, ignored) == file.entry.length && !ignored) return {};  // the name says the content
  TRY(make_public_folder(path.parent_path()));
  if (!file.bytes.empty()) return write_file_atomically(path, file.bytes);
  const auto source = workshop.image(file.entry.sha256);
  const auto bytes = TRY(read_file(source, kMaxImageLength));
  if (bytes.size() != file.entry.length || sha256(bytes) != file.entry.sha256) {
    return fail(Errc::io, fmt::format("{}, the image of {}, is damaged: put an intact copy in its place",
                                      source.string(), file.path));
  }
  return write_file_atomically(path, bytes);
}

}  // namespace

std::string published_name(const TargetFile& file) {
  const auto slash = file.path.rfind('/');
  return fmt::format("{}{}.{}", file.path.substr(0, slash + 1), file.entry.sha256.hex(), file.path.substr(slash + 1));
}

Result<std::vector<TargetFile>> target_files(const std::vector<CatalogDraft>& drafts) {
  TRY(check_claims(drafts));
  std::vector<TargetFile> files;
  files.push_back(made_here(std::string(kModelsPath), models_file(drafts)));
  for (const auto& draft : drafts) {
    files.push_back(made_here(draft.catalog.path, draft.bytes()));
    std::map<std::string, TargetEntry> images;
    for (const auto& release : draft.catalog.releases) {
      for (const auto& image : release.images) images[image.target] = {image.length, image.sha256};
    }
    for (const auto& [path, entry] : images) files.push_back({path, entry, {}});
  }
  return files;
}

RoleSigner::Content targets_of(const std::vector<TargetFile>& files) {
  TargetEntries entries;
  for (const auto& file : files) entries[file.path] = file.entry;
  return [entries = std::move(entries)](const Edition& edition) { return targets_content(entries, edition); };
}

RoleSigner::Content snapshot_of(std::vector<ListedRole> roles) {
  return [roles = std::move(roles)](const Edition& edition) { return snapshot_content(roles, edition); };
}

RoleSigner::Content timestamp_of(SignedFile snapshot) {
  return [snapshot = std::move(snapshot)](const Edition& edition) { return timestamp_content(snapshot, edition); };
}

Result<SignedFile> valid_root(const Workshop& workshop, Time now) {
  auto roots = TRY(signed_roots(workshop.metadata()));
  TRY(check_valid(roots.back(), "root", "sign a new one with homepatch-feed rotate root", now));
  return std::move(roots.back());
}

Result<Publication> compose(const Workshop& workshop, Keyring& keyring, std::vector<TargetFile> files,
                            const ExpiryDays& days, Time now) {
  Publication out;
  out.files = std::move(files);
  out.roots = TRY(signed_roots(workshop.metadata()));
  const auto root = TRY(valid_root(workshop, now));
  const RoleSigner signer(workshop, now);
  const auto next = [&](std::string_view role, int valid_days,
                        const RoleSigner::Content& content) -> Result<SignedFile> {
    const auto holder = TRY(holder_of(root, role));
    return signer.next(holder, valid_days, content, keyring);
  };
  out.targets = TRY(next(tuf::kTargets, days.targets, targets_of(out.files)));
  auto snapshot = next(tuf::kSnapshot, days.snapshot, snapshot_of({{std::string(tuf::kTargets), out.targets}}));
  // What was signed stays, so that its successor can be prepared and signed elsewhere.
  if (!snapshot) TRY(keep_pending(workshop, tuf::kTargets, out.targets.bytes));
  out.snapshot = TRY(std::move(snapshot));
  auto timestamp = next(tuf::kTimestamp, days.timestamp, timestamp_of(out.snapshot));
  if (!timestamp) {
    TRY(keep_pending(workshop, tuf::kTargets, out.targets.bytes));
    TRY(keep_pending(workshop, tuf::kSnapshot, out.snapshot.bytes));
  }
  out.timestamp = TRY(std::move(timestamp));
  return out;
}

Result<SignedFile> refreshed_timestamp(const Workshop& workshop, Keyring& keyring, int days, Time now) {
  constexpr std::string_view kRemedy = "run homepatch-feed publish, which signs it anew";
  const auto root = TRY(valid_root(workshop, now));
  const auto targets = TRY(last_signed(workshop.metadata(), tuf::kTargets));
  const auto snapshot = TRY(last_signed(workshop.metadata(), tuf::kSnapshot));
  if (!targets || !snapshot) {
    return fail(Errc::not_found, "nothing was published yet: run homepatch-feed publish first");
  }
  TRY(check_valid(*targets, "targets", kRemedy, now));
  TRY(check_valid(*snapshot, "snapshot", kRemedy, now));
  const auto holder = TRY(holder_of(root, tuf::kTimestamp));
  return RoleSigner(workshop, now).next(holder, days, timestamp_of(*snapshot), keyring);
}

Status keep(const Workshop& workshop, const Publication& publication) {
  const auto folder = workshop.metadata();
  TRY(write_file_atomically(folder / tuf::metadata_file_name(tuf::kTargets), publication.targets.bytes));
  TRY(write_file_atomically(folder / tuf::metadata_file_name(tuf::kSnapshot), publication.snapshot.bytes));
  TRY(write_file_atomically(folder / tuf::metadata_file_name(tuf::kTimestamp), publication.timestamp.bytes));
  for (const auto role : {tuf::kTargets, tuf::kSnapshot, tuf::kTimestamp}) TRY(drop_pending(workshop, role));
  return {};
}

Status check_destination(const fs::path& destination, const Workshop& workshop) {
  const auto metadata = destination / "metadata";
  const auto ours = TRY(signed_roots(workshop.metadata()));
  if (const auto theirs = signed_roots(metadata); theirs && theirs->front().bytes != ours.front().bytes) {
    return fail(Errc::already_exists, fmt::format("another feed is published in {}: its first root is not this feed's",
                                                  destination.string()));
  }
  const auto published = TRY(last_signed(metadata, tuf::kTimestamp));
  const auto known = TRY(last_signed(workshop.metadata(), tuf::kTimestamp));
  if (published && published->version > (known ? known->version : 0)) {
    return fail(Errc::already_exists,
                fmt::format("{} holds timestamp version {}, which is newer than this work folder's {}: another copy of "
                            "the work folder published it; go on with that one",
                            destination.string(), published->version, known ? known->version : 0));
  }
  return {};
}

Status write_out(const Workshop& workshop, const Publication& publication, const fs::path& destination) {
  for (const auto& file : publication.files) TRY(write_target(workshop, file, destination / "targets"));
  const auto metadata = destination / "metadata";
  TRY(make_public_folder(metadata));
  for (const auto& root : publication.roots) {
    TRY(write_file_atomically(metadata / tuf::metadata_file_name(tuf::kRoot, root.version), root.bytes));
  }
  TRY(write_file_atomically(metadata / tuf::metadata_file_name(tuf::kTargets, publication.targets.version),
                            publication.targets.bytes));
  TRY(write_file_atomically(metadata / tuf::metadata_file_name(tuf::kSnapshot, publication.snapshot.version),
                            publication.snapshot.bytes));
  return write_timestamp(publication.timestamp, destination);
}

Status write_timestamp(const SignedFile& timestamp, const fs::path& destination) {
  return write_file_atomically(destination / "metadata" / tuf::metadata_file_name(tuf::kTimestamp), timestamp.bytes);
}

}  // namespace homepatch::feed
