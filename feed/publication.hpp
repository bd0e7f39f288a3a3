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
#include "feed/target_file.hpp"
#include "feed/workshop.hpp"

namespace homepatch::feed {

// What is to be published, whoever signed it.
struct Contents {
  std::vector<CatalogDraft> drafts;      // the feed's own and those of its vendors
  std::vector<TargetFile> files;         // what targets lists, the list of models first
  std::vector<TargetFile> vendor_files;  // what the roles of vendors list
  nlohmann::json delegations;            // null for none
  std::vector<ListedRole> vendors;       // every vendor's role, those too that were revoked
  std::vector<std::string> warnings;
};
Result<Contents> gather(const Workshop& workshop, Time now);

// The catalogs, and the images that they name. Refuses catalogs that do not agree with each other (feed/agreement.hpp).
Result<std::vector<TargetFile>> catalog_files(const std::vector<CatalogDraft>& drafts);

struct Publication {
  Contents contents;
  std::vector<SignedFile> roots;
  SignedFile targets;
  SignedFile snapshot;
  SignedFile timestamp;
};

// What each role says, whoever signs it.
RoleSigner::Content targets_of(const std::vector<TargetFile>& files, nlohmann::json delegations);
RoleSigner::Content snapshot_of(SignedFile targets, std::vector<ListedRole> vendors);
RoleSigner::Content timestamp_of(SignedFile snapshot);

// The newest root. Refuses when it has expired.
Result<SignedFile> valid_root(const Workshop& workshop, Time now);

// Targets, snapshot and timestamp, one version above the last: what was prepared and signed elsewhere, or signed now.
// Refuses when the root has expired.
Result<Publication> compose(const Workshop& workshop, Keyring& keyring, Contents contents, const ExpiryDays& days,
                            Time now);

// A timestamp for the snapshot that was signed last. Refuses when that snapshot, or anything behind it, has expired.
Result<SignedFile> refreshed_timestamp(const Workshop& workshop, Keyring& keyring, int days, Time now);

// Keeps the signed metadata and what it says in the work folder: versions are used up from here on.
Status keep(const Workshop& workshop, const Publication& publication);

// Refuses a folder in which another feed, or a later state of this one, is published.
Status check_destination(const std::filesystem::path& destination, const Workshop& workshop);

// Writes everything, timestamp.json last.
Status write_out(const Workshop& workshop, const Publication& publication, const std::filesystem::path& destination);
Status write_timestamp(const SignedFile& timestamp, const std::filesystem::path& destination);

}  // namespace homepatch::feed
