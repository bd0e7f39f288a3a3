// homepatch-feed mirror: fills a community feed's work folder from an upstream that publishes without signatures.

#include <fmt/format.h>

#include <memory>

#include "feed/command.hpp"
#include "feed/mirrors.hpp"

namespace homepatch::feed {

namespace {

using Mirror = Status (*)(const MirrorOptions& options, MirrorDesk& desk);

Status run(const Program& program, const MirrorOptions& options, Mirror mirror) {
  const auto now = TRY(program.time());
  auto desk = TRY(MirrorDesk::open(options, now));
  TRY(mirror(options, desk));
  return desk.finish();
}

void takes_common_options(CLI::App& command, const std::shared_ptr<MirrorOptions>& options, const std::string& only) {
  command.add_option("DIR", options->folder, "The community feed's work folder (homepatch-feed init --vendor)")
      ->required();
  command
      .add_option("--support-end", options->support_end,
                  "Until when you promise to mirror security updates; nothing is mirrored without it")
      ->type_name("YYYY-MM-DD")
      ->required();
  command.add_option("--support-kind", options->support_kind, "guaranteed or anticipated (default anticipated)")
      ->check(CLI::IsMember({"guaranteed", "anticipated"}));
  command.add_option("--kind", options->kind, "What the releases bring: security, feature or mixed (default mixed)")
      ->check(CLI::IsMember({"security", "feature", "mixed"}));
  command.add_flag("--automatic", options->automatic, "Let homes install without asking; else their owners confirm");
  command.add_option("--only", options->only, "Only " + only + "; may be given several times")
      ->type_name("WHAT")
      ->allow_extra_args(false);
  command.add_flag("--dry-run", options->dry_run, "Check and show, but change nothing");
}

void add_zigbee(Program& program, CLI::App& mirror) {
  auto options = std::make_shared<MirrorOptions>();
  auto* command = mirror.add_subcommand("zigbee", "From the community's index of Zigbee images (zigbee-OTA)");
  command->add_option("SOURCE", options->source, "index.json, or its folder, images beside")->required();
  takes_common_options(*command, options, "this manufacturer code and image type in hexadecimal, such as 117c:2803");
  command->add_flag("--download", options->download, "Fetch images that are not beside");
  command->callback(
      [&program, options] { program.chosen = [&program, options] { return run(program, *options, mirror_zigbee); }; });
}

void add_tasmota(Program& program, CLI::App& mirror) {
  auto options = std::make_shared<MirrorOptions>();
  auto* command = mirror.add_subcommand("tasmota", "From a folder with the binaries of one Tasmota release");
  command->add_option("SOURCE", options->source, "The folder")->required();
  takes_common_options(*command, options, "this file, such as tasmota-sensors");
  command->add_option("--release", options->release, "The release's version (default: as the folder's name says)")
      ->type_name("VERSION");
  command->add_option("--sums", options->sums, "The SHA-256 of the files (default: SHA256SUMS in the folder)")
      ->type_name("FILE");
  command->add_option("--also", options->also, "A version that devices in the field may run; several times")
      ->type_name("VERSION")
      ->allow_extra_args(false);
  command->callback(
      [&program, options] { program.chosen = [&program, options] { return run(program, *options, mirror_tasmota); }; });
}

void add_shelly(Program& program, CLI::App& mirror) {
  auto options = std::make_shared<MirrorOptions>();
  auto* command = mirror.add_subcommand("shelly", "From update documents of Shelly devices, Gen2 and later");
  command->add_option("SOURCE", options->source, "APP.json, or a folder of them, images beside")->required();
  takes_common_options(*command, options, "this app, such as Plus1PM");
  command->add_option("--app", options->app, "The app that a single document is for (default: the file's name)");
  command->add_flag("--download", options->download, "Fetch images that are not beside");
  command->callback(
      [&program, options] { program.chosen = [&program, options] { return run(program, *options, mirror_shelly); }; });
}

}  // namespace

void add_mirror(Program& program) {
  auto* command = program.app.add_subcommand("mirror", "Fill a community feed from an upstream without signatures");
  command->require_subcommand(0, 1);
  command->fallthrough();
  add_zigbee(program, *command);
  add_tasmota(program, *command);
  add_shelly(program, *command);
}

}  // namespace homepatch::feed
