// homepatch-feed publish: signs what was added, and writes the feed that homes read.

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <map>
#include <memory>

#include "feed/changes.hpp"
#include "feed/command.hpp"
#include "feed/inspection.hpp"
#include "feed/publication.hpp"
#include "feed/vendor_publication.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch::feed {

namespace {

struct PublishOptions {
  std::string destination;
  bool yes = false;
  int targets_days = 0;  // 0: as feed.toml says
  int snapshot_days = 0;
  int timestamp_days = 0;
};

ExpiryDays days_of(const Workshop& workshop, const PublishOptions& options) {
  auto days = workshop.settings().days;
  if (options.targets_days > 0) days.targets = options.targets_days;
  if (options.snapshot_days > 0) days.snapshot = options.snapshot_days;
  if (options.timestamp_days > 0) days.timestamp = options.timestamp_days;
  return days;
}

// Only a person at a terminal is asked; a script has decided already.
Status confirm(const PublishOptions& options, bool changed) {
  if (options.yes || !changed || ::isatty(STDIN_FILENO) == 0) return {};
  fmt::print("Sign and publish this? [y/N] ");
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return {};
  return fail(Errc::cancelled, "nothing was signed or published");
}

std::string until(const SignedFile& file) { return tuf::time_text(file.expires).substr(0, 10); }

void say(const Publication& publication, const std::string& destination) {
  fmt::print(
      "Published in {}: root {}, targets {}, snapshot {}, timestamp {}; {} target files.\n"
      "Valid until {} (timestamp), {} (snapshot), {} (targets), {} (root).\n"
      "Serve the folder as static files. Before the timestamp's day, every time: homepatch-feed refresh.\n",
      destination, publication.roots.back().version, publication.targets.version, publication.snapshot.version,
      publication.timestamp.version, publication.contents.files.size() + publication.contents.vendor_files.size(),
      until(publication.timestamp), until(publication.snapshot), until(publication.targets),
      until(publication.roots.back()));
  const auto& root = publication.roots.back();
  if (root.expires >= publication.timestamp.expires) return;
  fmt::print(stderr,
             "homepatch-feed: the root ends first, and homes take nothing new from then on, whatever else is valid: "
             "homepatch-feed rotate root --root-days N, then publish again\n");
}

// What is about to be published, as a server would give it. The images' bytes are checked when they are copied.
FetchFile from(const Publication& publication) {
  std::map<std::string, std::string> files;
  const auto metadata = [&](std::string_view role, std::optional<std::int64_t> version, const SignedFile& file) {
    files["metadata/" + tuf::metadata_file_name(role, version)] = file.bytes;
  };
  for (const auto& root : publication.roots) metadata(tuf::kRoot, root.version, root);
  metadata(tuf::kTargets, publication.targets.version, publication.targets);
  metadata(tuf::kSnapshot, publication.snapshot.version, publication.snapshot);
  metadata(tuf::kTimestamp, std::nullopt, publication.timestamp);
  for (const auto& [vendor, file] : publication.contents.vendors) metadata(vendor, file.version, file);
  for (const auto* listed : {&publication.contents.files, &publication.contents.vendor_files}) {
    for (const auto& file : *listed) files["targets/" + published_name(file)] = file.bytes;
  }
  return fetch_from(std::move(files));
}

// Before anything is written: would homes take it?
Status rehearse(const Publication& publication, Time now) {
  TRY_IN("homes would refuse this feed, nothing was published",
         inspect(from(publication), {publication.roots.front().bytes, now, false}));
  return {};
}

// In the folder of a delegated vendor: its one role, for the feed that takes it in.
Status publish_vendor(const Program& program, const Workshop& workshop, const PublishOptions& options, Time now) {
  TRY(workshop.check_stays_private(options.destination));
  auto publication = TRY(VendorPublication::gather(workshop));
  const auto changes = TRY(vendor_changes(workshop, workshop.settings().vendor, publication.drafts));
  fmt::print("{}", changes.empty() ? "Nothing changes for homes but the signature's date.\n" : changes);
  TRY(confirm(options, !changes.empty()));
  auto keyring = TRY(program.keyring(workshop.keys()));
  TRY(publication.sign(workshop, keyring, days_of(workshop, options).targets, now));
  TRY(publication.write_out(workshop, options.destination));
  fmt::print(
      "Signed in {}: version {} of {}, valid until {}; {} target files.\n"
      "Give the folder to the feed that takes it in: homepatch-feed include {} {}\n",
      options.destination, publication.role.version, workshop.settings().vendor, until(publication.role),
      publication.files.size(), workshop.settings().vendor, options.destination);
  return {};
}

Status publish(const Program& program, const PublishOptions& options) {
  const auto workshop = TRY(Workshop::open(program.work_folder));
  const auto now = TRY(program.time());
  if (workshop.settings().delegated) return publish_vendor(program, workshop, options, now);
  TRY(check_destination(options.destination, workshop));
  auto contents = TRY(gather(workshop, now));
  for (const auto& warning : contents.warnings) fmt::print(stderr, "homepatch-feed: {}\n", warning);
  const auto changes = TRY(feed_changes(workshop, contents));
  fmt::print("{}", changes.empty() ? "Nothing changes for homes but the signatures' dates.\n" : changes);
  if (contents.drafts.empty())
    fmt::print("The feed lists no release. Next: homepatch-feed add RELEASE.toml IMAGE...\n");
  TRY(confirm(options, !changes.empty()));

  auto keyring = TRY(program.keyring(workshop.keys()));
  const auto publication = TRY(compose(workshop, keyring, std::move(contents), days_of(workshop, options), now));
  TRY(rehearse(publication, now));
  TRY(keep(workshop, publication));
  TRY(write_out(workshop, publication, options.destination));
  say(publication, options.destination);
  return {};
}

}  // namespace

void add_publish(Program& program) {
  auto options = std::make_shared<PublishOptions>();
  auto* command = program.app.add_subcommand("publish", "Sign what was added and write the feed as static files");
  command->add_option("DIR", options->destination, "The folder to be served; made if it is missing")->required();
  command->add_flag("--yes", options->yes, "Do not ask before signing");
  for (const auto& [name, days] :
       {std::pair{"--targets-days", &options->targets_days}, std::pair{"--snapshot-days", &options->snapshot_days},
        std::pair{"--timestamp-days", &options->timestamp_days}}) {
    command->add_option(name, *days, "Days that this role's signature is valid, instead of feed.toml's")
        ->check(CLI::Range(1, 36500))
        ->type_name("N");
  }
  program.takes_work_folder(*command);
  program.takes_passphrases(*command);
  command->callback(
      [&program, options] { program.chosen = [&program, options] { return publish(program, *options); }; });
}

}  // namespace homepatch::feed
