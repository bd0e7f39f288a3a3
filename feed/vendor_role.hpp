// What a delegated vendor signed: its role, the catalogs that the role lists, and their images. `include` brings it
// into the feed's work folder, where the role lies in metadata/<vendor>.json and the bytes of all it lists in
// images/<sha256>.
#pragma once

#include <functional>
#include <vector>

#include "feed/catalog_draft.hpp"
#include "feed/metadata.hpp"
#include "feed/target_file.hpp"
#include "feed/workshop.hpp"

namespace homepatch::feed {

struct VendorRole {
  RoleHolder holder;
  SignedFile file;
  std::vector<CatalogDraft> catalogs;
  std::vector<TargetFile> files;  // everything that the role lists; catalogs with their bytes
};

// The bytes of one of the role's targets.
using TargetBytes = std::function<Result<std::string>(const TargetFile&)>;

// Reads the role as homes will: signed by the vendor's keys, listing nothing but the vendor's own paths, every catalog
// sound and every image that a catalog names listed with the same length and hash. Whether it has expired is not asked.
Result<VendorRole> read_vendor_role(const RoleHolder& holder, const SignedFile& file, const TargetBytes& bytes);

// What of the vendor is in the work folder; nothing before the first `include`.
Result<std::optional<VendorRole>> included(const Workshop& workshop, const RoleHolder& holder);

}  // namespace homepatch::feed
