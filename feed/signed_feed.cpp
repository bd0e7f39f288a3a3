#include "feed/signed_feed.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/catalog_names.hpp"

namespace homepatch::feed {

namespace {

Result<SignedFile> published(const Workshop& workshop, std::string_view role) {
  auto file = TRY(last_signed(workshop.metadata(), role));
  if (file) return *std::move(file);
  return fail(Errc::not_found, "nothing was published yet: run homepatch-feed publish first");
}

std::string metadata_name(std::string_view role, std::int64_t version) {
  return "metadata/" + tuf::metadata_file_name(role, version);
}

Result<std::string> document_bytes(const Workshop& workshop, const TargetFile& target, bool from_vendor) {
  if (target.path == kModelsPath) return workshop.published_models();
  if (from_vendor || !is_catalog_path(target.path)) return image_bytes(workshop, target);
  const auto draft = TRY(workshop.published(target.path));
  if (draft) return draft->bytes();
  return fail(Errc::not_found, target.path + " is not in the work folder: run homepatch-feed publish");
}

Status read_targets(const Workshop& workshop, const SignedFile& file, bool from_vendor, SignedFeed& out) {
  const auto role = TRY(tuf::Targets::parse(file.content));
  for (const auto& [path, listed] : role.targets) {
    if (!listed.hashes.sha256) return fail(Errc::unsupported, fmt::format("{} is listed without a SHA-256", path));
    TargetFile target{path, {listed.length, *listed.hashes.sha256}, {}};
    if (!path.ends_with(".json")) {
      out.images.push_back(std::move(target));
      continue;
    }
    target.bytes = TRY(document_bytes(workshop, target, from_vendor));
    out.documents.push_back(std::move(target));
  }
  return {};
}

bool is_delegated(const tuf::Targets& targets, std::string_view vendor) {
  return std::any_of(targets.delegations.begin(), targets.delegations.end(),
                     [&](const tuf::Delegation& delegation) { return delegation.name == vendor; });
}

Status read_vendors(const Workshop& workshop, const SignedFile& snapshot, const SignedFile& targets_file,
                    SignedFeed& out) {
  const auto listed = TRY(tuf::Snapshot::parse(snapshot.content));
  const auto targets = TRY(tuf::Targets::parse(targets_file.content));
  constexpr std::string_view kEnding = ".json";
  for (const auto& [name, entry] : listed.files) {
    const auto vendor = name.substr(0, name.size() - kEnding.size());
    if (vendor == tuf::kTargets) continue;
    const auto file = TRY(published(workshop, vendor));
    if (file.version != entry.version) {
      return fail(Errc::busy, fmt::format("what was taken in of {} is not published yet: run homepatch-feed publish "
                                          "first",
                                          vendor));
    }
    out.metadata.emplace_back(metadata_name(vendor, file.version), file.bytes);
    if (is_delegated(targets, vendor)) TRY(read_targets(workshop, file, true, out));
  }
  return {};
}

}  // namespace

Result<SignedFeed> SignedFeed::read(const Workshop& workshop) {
  SignedFeed out;
  const auto roots = TRY(signed_roots(workshop.metadata()));
  for (const auto& root : roots) out.metadata.emplace_back(metadata_name(tuf::kRoot, root.version), root.bytes);
  const auto timestamp = TRY(published(workshop, tuf::kTimestamp));
  const auto snapshot = TRY(published(workshop, tuf::kSnapshot));
  const auto targets = TRY(published(workshop, tuf::kTargets));
  out.metadata.emplace_back("metadata/" + tuf::metadata_file_name(tuf::kTimestamp), timestamp.bytes);
  out.metadata.emplace_back(metadata_name(tuf::kSnapshot, snapshot.version), snapshot.bytes);
  out.metadata.emplace_back(metadata_name(tuf::kTargets, targets.version), targets.bytes);
  TRY(read_targets(workshop, targets, false, out));
  TRY(read_vendors(workshop, snapshot, targets, out));
  const auto by_path = [](const TargetFile& a, const TargetFile& b) { return a.path < b.path; };
  std::sort(out.documents.begin(), out.documents.end(), by_path);
  std::sort(out.images.begin(), out.images.end(), by_path);
  return out;
}

std::map<std::string, std::string> SignedFeed::readable() const {
  std::map<std::string, std::string> files(metadata.begin(), metadata.end());
  for (const auto& document : documents) files["targets/" + published_name(document)] = document.bytes;
  return files;
}

}  // namespace homepatch::feed
