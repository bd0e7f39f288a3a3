// homepatch-feed add: takes a release and its images into the work folder. Signs and publishes nothing.

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "core/catalog_names.hpp"
#include "feed/agreement.hpp"
#include "feed/changes.hpp"
#include "feed/command.hpp"
#include "feed/delegation.hpp"
#include "feed/image_check.hpp"
#include "feed/workshop.hpp"
#include "protocols/feeds/release_reader.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch::feed {

namespace {

struct AddOptions {
  std::string release;
  std::vector<std::string> images;
  bool dry_run = false;
  bool again = false;
  bool reopen = false;
};

Result<std::vector<ImageFile>> open_images(const std::vector<std::string>& paths) {
  std::vector<ImageFile> files;
  for (const auto& path : paths) files.push_back(TRY(ImageFile::open(path)));
  return files;
}

Status check_vendor(const Workshop& workshop, const ReleaseFile& file) {
  if (!workshop.settings().delegated && is_vendor_id(file.vendor_id())) {
    const auto delegated = TRY(delegation_of(workshop, file.vendor_id()));
    if (delegated) {
      return file.document().refuse("vendor.id",
                                    "signs its own releases in this feed: they come with homepatch-feed "
                                    "include");
    }
  }
  const auto& allowed = workshop.settings().vendor;
  if (allowed.empty() || allowed == file.vendor_id()) return {};
  return file.document().refuse("vendor.id",
                                fmt::format("this feed takes releases of {} only (vendor in feed.toml)", allowed));
}

// The model's catalog so far; with --again, without the release that is to be replaced, with --reopen without its end.
Result<std::optional<CatalogDraft>> starting_point(const Workshop& workshop, const ReleaseFile& file,
                                                   const AddOptions& options) {
  const auto path = catalog_path(file.vendor_id(), file.model_id());
  auto draft = TRY(workshop.draft(path));
  if (draft && options.reopen) draft = TRY(without_end_of_life(*draft));
  if (!draft || !options.again) return draft;
  const auto published = TRY(workshop.published(path));
  return std::optional<CatalogDraft>(TRY(without_release(*draft, published ? &*published : nullptr, file.version())));
}

// A stepping stone that no listed version is would keep the release from every home.
Status check_reachable(const ReleaseFile& file, const Catalog& catalog) {
  const auto& required = catalog.by_id(file.id())->required;
  if (!required.from_seq_min) return {};
  const auto reaches = [&](const Release& release) {
    return release.seq >= *required.from_seq_min && release.seq <= required.from_seq_max.value_or(feeds::kMaxSeq) &&
           release.seq < file.seq();
  };
  if (std::ranges::any_of(catalog.releases, reaches)) return {};
  return file.document().refuse(
      "requires.from_seq_min",
      fmt::format("no listed version has a seq from {} to below {}: no device could ever take this release. List the "
                  "version that devices come from, with its seq, under [[shipped]]",
                  *required.from_seq_min,
                  required.from_seq_max ? std::min(*required.from_seq_max + 1, file.seq()) : file.seq()));
}

// With the other models of the work folder, as they would be published together.
Status check_others(const Workshop& workshop, const CatalogDraft& added) {
  auto drafts = TRY(workshop.drafts());
  std::erase_if(drafts, [&](const CatalogDraft& draft) { return draft.catalog.path == added.catalog.path; });
  drafts.push_back(added);
  return check_claims(drafts);
}

Status add(const Program& program, const AddOptions& options) {
  const auto workshop = TRY(Workshop::open(program.work_folder));
  const auto file = TRY(ReleaseFile::load(options.release));
  TRY(check_vendor(workshop, file));
  const auto given = TRY(open_images(options.images));
  auto images = TRY(file.join(given));
  for (auto& image : images) image = TRY(checked_image(file, std::move(image)));
  const auto before = TRY(starting_point(workshop, file, options));
  const auto now = TRY(program.time());
  const auto after = TRY(with_release(before ? &*before : nullptr, file, images, tuf::time_text(now)));
  TRY(check_reachable(file, after.catalog));
  TRY(check_others(workshop, after));

  fmt::print("What homes will see once it is published:\n\n{}", model_changes(after, before ? &*before : nullptr));
  if (options.dry_run) {
    fmt::print("\nNothing was changed (--dry-run).\n");
    return {};
  }
  for (const auto& image : images) TRY(workshop.keep_image(image.file));
  TRY(workshop.keep_draft(after));
  fmt::print("\nAdded, not yet published. Next: homepatch-feed publish --feed {} DIR\n", program.work_folder);
  return {};
}

}  // namespace

void add_add(Program& program) {
  auto options = std::make_shared<AddOptions>();
  auto* command = program.app.add_subcommand("add", "Take a release and its images in, to be published later");
  command->add_option("RELEASE", options->release, "The release's description, a TOML file")->required();
  command->add_option("IMAGE", options->images, "The image files that it names");
  command->add_flag("--dry-run", options->dry_run, "Check and show, but change nothing");
  command->add_flag("--again", options->again, "Replace the same version, if it is not published yet");
  command->add_flag("--reopen", options->reopen, "Take back that the model is at its end of life");
  program.takes_work_folder(*command);
  command->callback([&program, options] { program.chosen = [&program, options] { return add(program, *options); }; });
}

}  // namespace homepatch::feed
