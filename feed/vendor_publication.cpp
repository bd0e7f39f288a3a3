#include "feed/vendor_publication.hpp"

#include <fmt/format.h>

#include "base/file.hpp"
#include "feed/delegation.hpp"
#include "feed/pending.hpp"
#include "feed/publication.hpp"
#include "feed/vendor_role.hpp"

namespace homepatch::feed {

Result<VendorPublication> VendorPublication::gather(const Workshop& workshop) {
  const auto& vendor = workshop.settings().vendor;
  auto holder = TRY(delegation_of(workshop, vendor));
  if (!holder) {
    return fail(Errc::not_found, fmt::format("{} is missing: this folder names no key of {}",
                                             (workshop.delegations() / (vendor + ".json")).string(), vendor));
  }
  VendorPublication out{*std::move(holder), {}, {}, {}};
  out.drafts = TRY(workshop.drafts());
  out.files = TRY(catalog_files(out.drafts));
  return out;
}

Status VendorPublication::sign(const Workshop& workshop, Keyring& keyring, int days, Time now) {
  role = TRY(RoleSigner(workshop, now).next(holder, days, targets_of(files, nullptr), keyring));
  const auto of = [this](const TargetFile& target) -> Result<std::string> {
    for (const auto& file : files) {
      if (file.path == target.path) return file.bytes;
    }
    return fail(Errc::internal, target.path + " is listed and not made");
  };
  TRY_IN("homes would refuse this, nothing was published", read_vendor_role(holder, role, of));
  return {};
}

Status VendorPublication::write_out(const Workshop& workshop, const std::filesystem::path& destination) const {
  const auto name = tuf::metadata_file_name(holder.role);
  TRY(write_file_atomically(workshop.metadata() / name, role.bytes));
  TRY(drop_pending(workshop, holder.role));
  for (const auto& draft : drafts) TRY(workshop.keep_published(draft));
  for (const auto& file : files) TRY(write_target(workshop, file, destination / "targets"));
  TRY(make_public_folder(destination / "metadata"));
  return write_file_atomically(destination / "metadata" / name, role.bytes);
}

}  // namespace homepatch::feed
