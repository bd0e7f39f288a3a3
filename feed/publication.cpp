#include "feed/publication.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "base/file.hpp"
#include "core/catalog_names.hpp"
#include "feed/agreement.hpp"
#include "feed/delegation.hpp"
#include "feed/deny_list.hpp"
#include "feed/pending.hpp"
#include "feed/vendor_role.hpp"
#include "trust/hash.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch::feed {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

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

Status check_valid(const SignedFile& file, std::string_view role, std::string_view remedy, Time now) {
  if (file.expires > now) return {};
  return fail(Errc::not_trusted,
              fmt::format("the signed {} expired at {}: {}", role, tuf::time_text(file.expires), remedy));
}

// The roles that the last snapshot vouched for: a vendor that is not asked any more stays listed.
Result<std::vector<std::string>> listed_before(const Workshop& workshop) {
  std::vector<std::string> vendors;
  const auto snapshot = TRY(last_signed(workshop.metadata(), tuf::kSnapshot));
  if (!snapshot) return vendors;
  constexpr std::string_view kEnding = ".json";
  for (const auto& [name, entry] : snapshot->content.at("meta").items()) {
    const auto vendor = name.substr(0, name.size() - kEnding.size());
    if (vendor != tuf::kTargets) vendors.push_back(vendor);
  }
  return vendors;
}

void add_vendor(VendorRole role, Time now, Contents& out) {
  out.vendors.push_back({role.holder.role, role.file});
  out.vendor_files.insert(out.vendor_files.end(), role.files.begin(), role.files.end());
  if (role.file.expires > now) {
    std::move(role.catalogs.begin(), role.catalogs.end(), std::back_inserter(out.drafts));
    return;
  }
  out.warnings.push_back(
      fmt::format("what {} signed expired at {}: its models are left out until a newer role is taken "
                  "in (homepatch-feed include)",
                  role.holder.role, tuf::time_text(role.file.expires)));
}

Status gather_vendors(const Workshop& workshop, Time now, Contents& out) {
  std::vector<RoleHolder> asked;
  const auto holders = TRY(delegations(workshop));
  for (const auto& holder : holders) {
    auto role = TRY(included(workshop, holder));
    if (role) {
      asked.push_back(holder);
      add_vendor(*std::move(role), now, out);
    } else {
      out.warnings.push_back(fmt::format("nothing of {} is taken in yet: it is left out", holder.role));
    }
  }
  out.delegations = delegations_content(asked);
  const auto before = TRY(listed_before(workshop));
  for (const auto& vendor : before) {
    const auto is_it = [&](const ListedRole& listed) { return listed.role == vendor; };
    if (std::any_of(out.vendors.begin(), out.vendors.end(), is_it)) continue;
    auto file = TRY(last_signed(workshop.metadata(), vendor));
    if (file) out.vendors.push_back({vendor, *std::move(file)});
  }
  return {};
}

// Kept with the images, where whoever reads what was signed finds it.
Status add_deny_list(const Workshop& workshop, Contents& out) {
  const auto list = TRY(load_deny_list(workshop));
  if (list.empty()) return {};
  auto file = made_here(std::string(kDenyPath), deny_file(list));
  TRY(workshop.keep_bytes(file.entry.sha256, file.bytes));
  out.files.push_back(std::move(file));
  return {};
}

}  // namespace

Result<std::vector<TargetFile>> catalog_files(const std::vector<CatalogDraft>& drafts) {
  TRY(check_claims(drafts));
  TRY(check_dependencies(drafts));
  std::vector<TargetFile> files;
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

Result<Contents> gather(const Workshop& workshop, Time now) {
  Contents out;
  out.drafts = TRY(workshop.drafts());
  out.files = TRY(catalog_files(out.drafts));
  TRY(gather_vendors(workshop, now, out));
  TRY(check_claims(out.drafts));
  TRY(add_deny_list(workshop, out));
  out.files.insert(out.files.begin(), made_here(std::string(kModelsPath), models_file(out.drafts)));
  return out;
}

RoleSigner::Content targets_of(const std::vector<TargetFile>& files, nlohmann::json delegations) {
  TargetEntries entries;
  for (const auto& file : files) entries[file.path] = file.entry;
  return [entries = std::move(entries), delegations = std::move(delegations)](const Edition& edition) {
    return targets_content(entries, delegations, edition);
  };
}

RoleSigner::Content snapshot_of(SignedFile targets, std::vector<ListedRole> vendors) {
  auto roles = std::move(vendors);
  roles.push_back({std::string(tuf::kTargets), std::move(targets)});
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

Result<Publication> compose(const Workshop& workshop, Keyring& keyring, Contents contents, const ExpiryDays& days,
                            Time now) {
  Publication out;
  out.contents = std::move(contents);
  out.roots = TRY(signed_roots(workshop.metadata()));
  const auto root = TRY(valid_root(workshop, now));
  const RoleSigner signer(workshop, now);
  const auto next = [&](std::string_view role, int valid_days,
                        const RoleSigner::Content& content) -> Result<SignedFile> {
    const auto holder = TRY(holder_of(root, role));
    return signer.next(holder, valid_days, content, keyring);
  };
  out.targets = TRY(next(tuf::kTargets, days.targets, targets_of(out.contents.files, out.contents.delegations)));
  auto snapshot = next(tuf::kSnapshot, days.snapshot, snapshot_of(out.targets, out.contents.vendors));
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
  for (const auto& draft : publication.contents.drafts) TRY(workshop.keep_published(draft));
  return workshop.keep_published_models(publication.contents.files.front().bytes);
}

Status check_destination(const fs::path& destination, const Workshop& workshop) {
  TRY(workshop.check_stays_private(destination));
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
  for (const auto* files : {&publication.contents.files, &publication.contents.vendor_files}) {
    for (const auto& file : *files) TRY(write_target(workshop, file, destination / "targets"));
  }
  const auto metadata = destination / "metadata";
  TRY(make_public_folder(metadata));
  for (const auto& root : publication.roots) {
    TRY(write_file_atomically(metadata / tuf::metadata_file_name(tuf::kRoot, root.version), root.bytes));
  }
  TRY(write_file_atomically(metadata / tuf::metadata_file_name(tuf::kTargets, publication.targets.version),
                            publication.targets.bytes));
  for (const auto& [vendor, file] : publication.contents.vendors) {
    TRY(write_file_atomically(metadata / tuf::metadata_file_name(vendor, file.version), file.bytes));
  }
  TRY(write_file_atomically(metadata / tuf::metadata_file_name(tuf::kSnapshot, publication.snapshot.version),
                            publication.snapshot.bytes));
  return write_timestamp(publication.timestamp, destination);
}

Status write_timestamp(const SignedFile& timestamp, const fs::path& destination) {
  return write_file_atomically(destination / "metadata" / tuf::metadata_file_name(tuf::kTimestamp), timestamp.bytes);
}

}  // namespace homepatch::feed
