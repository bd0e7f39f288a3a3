// homepatch-feed prepare: writes out the exact bytes of a role that are to be signed where its key is, and in words
// what they say. The same role is written out byte for byte again until what it would say has changed.

#include <fmt/format.h>

#include <memory>

#include "base/file.hpp"
#include "feed/changes.hpp"
#include "feed/command.hpp"
#include "feed/publication.hpp"
#include "feed/role_summary.hpp"
#include "feed/signature_desk.hpp"
#include "feed/vendor_publication.hpp"

namespace homepatch::feed {

namespace {

struct PrepareOptions {
  std::string role;
  std::string out;
  int days = 0;  // 0: as feed.toml says
};

struct PreparedRole {
  SignedFile file;
  std::string changes;
};

int days_of(const PrepareOptions& options, int usual) { return options.days > 0 ? options.days : usual; }

// What the role above is to stand on: prepared and signed, or published last.
Result<SignedFile> newest(const Workshop& workshop, const SignedFile& root, std::string_view role) {
  const auto holder = TRY(holder_of(root, role));
  auto file = TRY(pending(workshop, role));
  if (file && check_signed(*file, holder)) return *std::move(file);
  if (file) {
    return fail(Errc::not_authorised,
                fmt::format("{} version {} is prepared and not signed yet: it comes first", role, file->version));
  }
  file = TRY(last_signed(workshop.metadata(), role));
  if (file) return *std::move(file);
  return fail(Errc::not_found, fmt::format("there is no signed {} yet for it to stand on: that comes first", role));
}

Result<PreparedRole> prepare_targets(const Workshop& workshop, const SignedFile& root, const PrepareOptions& options,
                                     Time now) {
  auto contents = TRY(gather(workshop, now));
  auto changes = TRY(feed_changes(workshop, contents));
  const auto holder = TRY(holder_of(root, tuf::kTargets));
  const int days = days_of(options, workshop.settings().days.targets);
  auto file = TRY(RoleSigner(workshop, now).prepare(holder, days, targets_of(contents.files, contents.delegations)));
  return PreparedRole{std::move(file), std::move(changes)};
}

Result<PreparedRole> prepare_snapshot(const Workshop& workshop, const SignedFile& root, const PrepareOptions& options,
                                      Time now) {
  auto targets = TRY(newest(workshop, root, tuf::kTargets));
  const auto holder = TRY(holder_of(root, tuf::kSnapshot));
  const int days = days_of(options, workshop.settings().days.snapshot);
  auto contents = TRY(gather(workshop, now));
  const auto content = snapshot_of(std::move(targets), std::move(contents.vendors));
  auto file = TRY(RoleSigner(workshop, now).prepare(holder, days, content));
  return PreparedRole{std::move(file), {}};
}

Result<PreparedRole> prepare_timestamp(const Workshop& workshop, const SignedFile& root, const PrepareOptions& options,
                                       Time now) {
  auto snapshot = TRY(newest(workshop, root, tuf::kSnapshot));
  const auto holder = TRY(holder_of(root, tuf::kTimestamp));
  const int days = days_of(options, workshop.settings().days.timestamp);
  auto file = TRY(RoleSigner(workshop, now).prepare(holder, days, timestamp_of(std::move(snapshot))));
  return PreparedRole{std::move(file), {}};
}

// In a delegated vendor's folder, its one role.
Result<PreparedRole> prepare_vendor(const Workshop& workshop, const PrepareOptions& options, Time now) {
  const auto publication = TRY(VendorPublication::gather(workshop));
  auto changes = TRY(vendor_changes(workshop, workshop.settings().vendor, publication.drafts));
  const int days = days_of(options, workshop.settings().days.targets);
  auto file = TRY(RoleSigner(workshop, now).prepare(publication.holder, days, targets_of(publication.files, nullptr)));
  return PreparedRole{std::move(file), std::move(changes)};
}

Result<PreparedRole> prepared(const Workshop& workshop, const PrepareOptions& options, Time now) {
  TRY(check_role(workshop, options.role));
  if (workshop.settings().delegated) return prepare_vendor(workshop, options, now);
  if (options.role == tuf::kRoot) {
    auto file = TRY(awaiting(workshop, tuf::kRoot));
    return PreparedRole{std::move(file), {}};
  }
  const auto root = TRY(valid_root(workshop, now));
  if (options.role == tuf::kTargets) return prepare_targets(workshop, root, options, now);
  if (options.role == tuf::kSnapshot) return prepare_snapshot(workshop, root, options, now);
  return prepare_timestamp(workshop, root, options, now);
}

Status prepare(const Program& program, const PrepareOptions& options) {
  const auto workshop = TRY(Workshop::open(program.work_folder));
  const auto now = TRY(program.time());
  auto made = TRY(prepared(workshop, options, now));
  RoleSummary summary{
      workshop.settings().name, options.role, std::move(made.file), {}, options.out, std::move(made.changes), {}};
  if (summary.bytes_file.empty()) {
    summary.bytes_file = fmt::format("{}-{}.to-sign", options.role, summary.file.version);
  }
  summary.bytes = TRY(tuf::signed_bytes(summary.file.bytes));
  const auto holders = TRY(holders_for(workshop, options.role, summary.file));
  summary.counts = TRY(count_signatures(summary.file, holders));
  const auto text = summary_text(summary);
  TRY(write_file_atomically(summary.bytes_file, summary.bytes));
  TRY(write_file_atomically(summary.bytes_file + ".txt", text));
  fmt::print("{}\nThe same in {}.txt\n", text, summary.bytes_file);
  return {};
}

}  // namespace

void add_prepare(Program& program) {
  auto options = std::make_shared<PrepareOptions>();
  auto* command = program.app.add_subcommand("prepare", "Write out what is to be signed where a role's key is");
  command->add_option("ROLE", options->role, std::string(kRoleWords))->required();
  command->add_option("--out", options->out, "Where to write it (default: ROLE-VERSION.to-sign here)")
      ->type_name("FILE");
  command->add_option("--days", options->days, "Days that the signature is valid, instead of feed.toml's")
      ->check(CLI::Range(1, 36500))
      ->type_name("N");
  program.takes_work_folder(*command);
  command->callback(
      [&program, options] { program.chosen = [&program, options] { return prepare(program, *options); }; });
}

}  // namespace homepatch::feed
