// homepatch-feed refresh: renews the timestamp alone, for cron. Needs the timestamp key and no other.

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "base/file.hpp"
#include "feed/command.hpp"
#include "feed/pending.hpp"
#include "feed/publication.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch::feed {

namespace {

namespace fs = std::filesystem;

struct RefreshOptions {
  std::string destination;
  int timestamp_days = 0;
};

// What else will run out before the new timestamp does is said while there is time.
void warn_of_expiry(const Workshop& workshop, std::string_view role, std::string_view remedy, Time until) {
  const auto file = last_signed(workshop.metadata(), role);
  if (!file || !*file || (*file)->expires > until) return;
  fmt::print(stderr, "homepatch-feed: the signed {} is valid until {} only; run {} before then\n", role,
             tuf::time_text((*file)->expires), remedy);
}

// What the new timestamp is going to stand on must be there already: the newest root, in which homes look for its key,
// and the snapshot that it names.
Status check_published(const Workshop& workshop, const std::string& destination) {
  TRY(check_destination(destination, workshop));
  for (const auto role : {tuf::kRoot, tuf::kSnapshot}) {
    const auto file = TRY(last_signed(workshop.metadata(), role));
    if (!file) continue;  // refreshed_timestamp() says so
    const auto path = fs::path(destination) / "metadata" / tuf::metadata_file_name(role, file->version);
    std::error_code ignored;
    if (fs::exists(path, ignored)) continue;
    return fail(Errc::not_found, fmt::format("{} is missing: this feed's present state is not published in {}; run "
                                             "homepatch-feed publish",
                                             path.string(), destination));
  }
  return {};
}

Status refresh(const Program& program, const RefreshOptions& options) {
  const auto workshop = TRY(Workshop::open(program.work_folder));
  TRY(workshop.check_whole_feed());
  const auto now = TRY(program.time());
  TRY(check_published(workshop, options.destination));
  auto keyring = TRY(program.keyring(workshop.keys()));
  const int days = options.timestamp_days > 0 ? options.timestamp_days : workshop.settings().days.timestamp;
  const auto before = TRY(last_signed(workshop.metadata(), tuf::kTimestamp));
  const auto timestamp = TRY(refreshed_timestamp(workshop, keyring, days, now));
  TRY(write_file_atomically(workshop.metadata() / tuf::metadata_file_name(tuf::kTimestamp), timestamp.bytes));
  TRY(write_timestamp(timestamp, options.destination));
  TRY(drop_pending(workshop, tuf::kTimestamp));
  fmt::print("Timestamp {} is published in {}, valid until {}.\n", timestamp.version, options.destination,
             tuf::time_text(timestamp.expires));
  if (before && before->expires > timestamp.expires) {
    fmt::print(stderr,
               "homepatch-feed: the timestamp before was valid longer, until {}: is this machine's clock right?\n",
               tuf::time_text(before->expires));
  }
  warn_of_expiry(workshop, tuf::kSnapshot, "homepatch-feed publish", timestamp.expires);
  warn_of_expiry(workshop, tuf::kTargets, "homepatch-feed publish", timestamp.expires);
  warn_of_expiry(workshop, tuf::kRoot, "homepatch-feed rotate root", now + std::chrono::hours(24) * 60);
  return {};
}

}  // namespace

void add_refresh(Program& program) {
  auto options = std::make_shared<RefreshOptions>();
  auto* command = program.app.add_subcommand("refresh", "Renew the timestamp of a published feed (for cron)");
  command->add_option("DIR", options->destination, "The published folder")->required();
  command->add_option("--timestamp-days", options->timestamp_days, "Days that it is valid, instead of feed.toml's")
      ->check(CLI::Range(1, 36500))
      ->type_name("N");
  program.takes_work_folder(*command);
  program.takes_passphrases(*command);
  command->callback(
      [&program, options] { program.chosen = [&program, options] { return refresh(program, *options); }; });
}

}  // namespace homepatch::feed
