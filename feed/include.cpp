// homepatch-feed include: takes in what a delegated vendor signed. Signs and publishes nothing.

#include <fmt/format.h>

#include <memory>

#include "base/file.hpp"
#include "feed/changes.hpp"
#include "feed/command.hpp"
#include "feed/delegation.hpp"
#include "feed/vendor_role.hpp"
#include "trust/hash.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch::feed {

namespace {

namespace fs = std::filesystem;

struct IncludeOptions {
  std::string vendor;
  std::string folder;
};

// Homes refuse a role whose version goes down, and never read one again whose version stays.
Status check_newer(const Workshop& workshop, const SignedFile& file, const std::string& vendor) {
  const auto before = TRY(last_signed(workshop.metadata(), vendor));
  if (!before || file.version > before->version || file.bytes == before->bytes) return {};
  return fail(
      Errc::not_trusted,
      fmt::format("it has version {}, and this feed knows version {} of {}: the vendor must sign one above it (a "
                  "new folder of the vendor begins with init --delegated --first-version {})",
                  file.version, before->version, vendor, before->version + 1));
}

Result<std::string> target_bytes(const fs::path& folder, const TargetFile& target) {
  const auto path = folder / "targets" / published_name(target);
  auto bytes = TRY(read_file(path, kMaxImageLength));
  if (bytes.size() == target.entry.length && sha256(bytes) == target.entry.sha256) return bytes;
  return fail(Errc::not_trusted, fmt::format("{} is not what the vendor signed", path.string()));
}

Result<VendorRole> read(const Workshop& workshop, const RoleHolder& holder, const fs::path& folder, Time now) {
  auto bytes = TRY(read_file(folder / "metadata" / tuf::metadata_file_name(holder.role), kMaxMetadataBytes));
  const auto file = TRY(read_signed(std::move(bytes)));
  if (file.expires <= now) {
    return fail(Errc::not_trusted, fmt::format("it expired at {}", tuf::time_text(file.expires)));
  }
  TRY(check_newer(workshop, file, holder.role));
  return read_vendor_role(holder, file, [&](const TargetFile& target) { return target_bytes(folder, target); });
}

Status include(const Program& program, const IncludeOptions& options) {
  const auto workshop = TRY(Workshop::open(program.work_folder));
  TRY(workshop.check_whole_feed());
  const auto now = TRY(program.time());
  const auto holder = TRY(delegation_of(workshop, options.vendor));
  if (!holder) {
    return fail(
        Errc::not_authorised,
        fmt::format("nothing is delegated to {0}: homepatch-feed delegate {0} PUBKEY comes first", options.vendor));
  }
  const auto role = TRY_IN(fmt::format("the role of {} in {}", options.vendor, options.folder),
                           read(workshop, *holder, options.folder, now));
  for (const auto& target : role.files) {
    const auto bytes = TRY(target_bytes(options.folder, target));
    TRY(workshop.keep_bytes(target.entry.sha256, bytes));
  }
  TRY(write_file_atomically(workshop.metadata() / tuf::metadata_file_name(options.vendor), role.file.bytes));
  const auto changes = TRY(vendor_changes(workshop, options.vendor, role.catalogs));
  fmt::print(
      "{}Version {} of {} is taken in, valid until {}; not yet published. Next: "
      "homepatch-feed publish --feed {} DIR\n",
      changes, role.file.version, options.vendor, tuf::time_text(role.file.expires), program.work_folder);
  return {};
}

}  // namespace

void add_include(Program& program) {
  auto options = std::make_shared<IncludeOptions>();
  auto* command =
      program.app.add_subcommand("include", "Take in what a delegated vendor signed, to be published later");
  command->add_option("VENDOR", options->vendor, "Its domain name")->required();
  command->add_option("DIR", options->folder, "The folder that the vendor's own publish wrote")->required();
  program.takes_work_folder(*command);
  command->callback(
      [&program, options] { program.chosen = [&program, options] { return include(program, *options); }; });
}

}  // namespace homepatch::feed
