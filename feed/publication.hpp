// What `publish` signs and writes: the repository that homes read, as static files (docs/publishing.md shows its
// layout). Composed and signed whole in the work folder first, then copied out with timestamp.json last: a reader at
// any moment, or after a crash in the middle, sees the old feed or the new one.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "feed/keyring.hpp"
#include "feed/metadata.hpp"
#include "feed/role_signer.hpp"
#include "feed/workshop.hpp"

namespace homepatch::feed {

// A file of targets/: bytes made here, or a copy of an image of the work folder.
struct TargetFile {
  std::string path;  // its TUF path
  TargetEntry entry;
  std::string bytes;  // empty: the image with this digest
};

// Below targets/: the path with the hash in front of its last part (consistent snapshots).
std::string published_name(const TargetFile& file);

struct Publication {
  std::vector<TargetFile> files;
  std::vector<SignedFile> roots;
  SignedFile targets;
  SignedFile snapshot;
  SignedFile timestamp;
};

// The catalogs, the list of models, and the images that the catalogs name.
Result<std::vector<TargetFile>> target_files(const std::vector<CatalogDraft>& drafts);

// What each role says, whoever signs it.
RoleSigner::Content targets_of(const std::vector<TargetFile>& files);
RoleSigner::Content snapshot_of(std::vector<ListedRole> roles);
RoleSigner::Content timestamp_of(SignedFile snapshot);

// The newest root. Refuses when it has expired.
Result<SignedFile> valid_root(const Workshop& workshop, Time now);

// Targets, snapshot and timestamp, one version above the last: what was prepared and signed elsewhere, or signed now.
// Refuses when the root has expired.
Result<Publication> compose(const Workshop& workshop, Keyring& keyring, std::vector<TargetFile> files,
                            const ExpiryDays& days, Time now);

// A timestamp for the snapshot that was signed last. Refuses when that snapshot, or anything behind it, has expired.
Result<SignedFile> refreshed_timestamp(const Workshop& workshop, Keyring& keyring, int days, Time now);

// Keeps the signed metadata in the work folder: versions are used up from here on.
Status keep(const Workshop& workshop, const Publication& publication);

// Refuses a folder in which another feed, or a later state of this one, is published.
Status check_destination(const std::filesystem::path& destination, const Workshop& workshop);

// Writes everything, timestamp.json last.
Status write_out(const Workshop& workshop, const Publication& publication, const std::filesystem::path& destination);
Status write_timestamp(const SignedFile& timestamp, const std::filesystem::path& destination);

}  // namespace homepatch::feed
