// What `publish` does in the folder of a delegated vendor: signs the vendor's one role and writes it, with all that it
// lists, into a folder that the feed's publisher takes in (homepatch-feed include):
//
//   metadata/<vendor>.json          the role
//   targets/<vendor>/<model>/...    catalogs and images, named as a feed names them
#pragma once

#include <filesystem>
#include <vector>

#include "feed/keyring.hpp"
#include "feed/role_signer.hpp"
#include "feed/target_file.hpp"

namespace homepatch::feed {

struct VendorPublication {
  RoleHolder holder;
  std::vector<CatalogDraft> drafts;
  std::vector<TargetFile> files;
  SignedFile role;  // once it is signed

  static Result<VendorPublication> gather(const Workshop& workshop);

  [[nodiscard]] Status sign(const Workshop& workshop, Keyring& keyring, int days, Time now);

  // Keeps the role in the work folder, where its version is used up from here on, then writes everything out.
  [[nodiscard]] Status write_out(const Workshop& workshop, const std::filesystem::path& destination) const;
};

}  // namespace homepatch::feed
