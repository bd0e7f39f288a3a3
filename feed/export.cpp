// homepatch-feed export: the feed as it was published last, in one file for where no network leads.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>

#include "base/text.hpp"
#include "core/catalog_names.hpp"
#include "feed/command.hpp"
#include "feed/deny_list.hpp"
#include "feed/inspection.hpp"
#include "feed/signed_feed.hpp"
#include "protocols/feeds/bundle_writer.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch::feed {

namespace {

struct ExportOptions {
  std::string file;
  std::vector<std::string> models;  // "vendor/model"; none: all
};

bool is_wanted(const ExportOptions& options, const TargetFile& file) {
  // What homes ask for whatever they own.
  if (options.models.empty() || file.path == kModelsPath || file.path == kDenyPath) return true;
  return std::any_of(options.models.begin(), options.models.end(),
                     [&](const std::string& model) { return file.path.starts_with(model + "/"); });
}

Status check_models(const ExportOptions& options, const SignedFeed& feed) {
  for (const auto& model : options.models) {
    const auto is_it = [&](const TargetFile& file) { return file.path == model + "/catalog.json"; };
    if (std::any_of(feed.documents.begin(), feed.documents.end(), is_it)) continue;
    return fail(Errc::not_found, fmt::format("this feed has published no model {} (VENDOR/MODEL, such as "
                                             "acme.example/plug)",
                                             printable(model, kMaxTargetPath)));
  }
  return {};
}

// Documents first, images last: a reader knows what an image is before it comes. What is taken back is for nobody.
Result<std::size_t> write_targets(const Workshop& workshop, const ExportOptions& options, const SignedFeed& feed,
                                  const DenyList& denied, feeds::BundleWriter& bundle) {
  for (const auto& file : feed.documents) {
    if (is_wanted(options, file)) TRY(bundle.add("targets/" + published_name(file), file.bytes));
  }
  std::size_t images = 0;
  for (const auto& file : feed.images) {
    if (!is_wanted(options, file) || denied.contains(file.entry.sha256)) continue;
    const auto bytes = TRY(image_bytes(workshop, file));
    TRY(bundle.add("targets/" + published_name(file), bytes));
    ++images;
  }
  return images;
}

// A slip must not cost a key or an image: nothing but an older bundle is replaced.
Status check_free(const std::string& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return {};
  std::string head(feeds::kBundleHead.size(), '\0');
  std::ifstream(path, std::ios::binary).read(head.data(), static_cast<std::streamsize>(head.size()));
  if (head == feeds::kBundleHead) return {};
  return fail(Errc::already_exists, fmt::format("{} exists and is no bundle; name another file", path));
}

Status export_feed(const Program& program, const ExportOptions& options) {
  const auto workshop = TRY(Workshop::open(program.work_folder));
  TRY(workshop.check_whole_feed());
  TRY(check_free(options.file));
  const auto now = TRY(program.time());
  const auto feed = TRY(SignedFeed::read(workshop));
  TRY(check_models(options, feed));
  const auto seen = TRY_IN("homes would refuse this feed, nothing was exported",
                           inspect(fetch_from(feed.readable()), {feed.first_root(), now, false}));
  auto bundle = TRY(feeds::BundleWriter::create(options.file, workshop.settings().name));
  for (const auto& [name, bytes] : feed.metadata) TRY(bundle.add(name, bytes));
  const auto images = TRY(write_targets(workshop, options, feed, seen.denied, bundle));
  TRY(bundle.finish());
  fmt::print("Exported to {}: {} model(s), {} image(s), signed by the feed itself and valid until {}.\n", options.file,
             options.models.empty() ? seen.catalogs.size() : options.models.size(), images,
             tuf::time_text(seen.valid_until));
  return {};
}

}  // namespace

void add_export(Program& program) {
  auto options = std::make_shared<ExportOptions>();
  auto* command =
      program.app.add_subcommand("export", "Write the published feed into one file, for homes without internet");
  command->add_option("FILE", options->file, "The bundle to write, a tar file")->required();
  command->add_option("--model", options->models, "Only this model; may be given several times")
      ->type_name("VENDOR/MODEL")
      ->allow_extra_args(false);
  program.takes_work_folder(*command);
  command->callback(
      [&program, options] { program.chosen = [&program, options] { return export_feed(program, *options); }; });
}

}  // namespace homepatch::feed
