// homepatch-feed add: takes a release and its images into the work folder. Signs and publishes nothing.

#include <fmt/format.h>

#include <memory>

#include "core/catalog_names.hpp"
#include "feed/changes.hpp"
#include "feed/command.hpp"
#include "feed/delegation.hpp"
#include "feed/image_check.hpp"
#include "feed/workshop.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch::feed {

namespace {

struct AddOptions {
  std::string release;
  std::vector<std::string> images;
  bool dry_run = false;
  bool again = false;
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

// The model's catalog so far; with `again`, without the release that is to be replaced.
Result<std::optional<CatalogDraft>> starting_point(const Workshop& workshop, const ReleaseFile& file, bool again) {
  const auto path = catalog_path(file.vendor_id(), file.model_id());
  auto draft = TRY(workshop.draft(path));
  if (!draft || !again) return draft;
  const auto published = TRY(workshop.published(path));
  return std::optional<CatalogDraft>(TRY(without_release(*draft, published ? &*published : nullptr, file.version())));
}

Status add(const Program& program, const AddOptions& options) {
  const auto workshop = TRY(Workshop::open(program.work_folder));
  const auto file = TRY(ReleaseFile::load(options.release));
  TRY(check_vendor(workshop, file));
  const auto given = TRY(open_images(options.images));
  auto images = TRY(file.join(given));
  for (auto& image : images) image = TRY(checked_image(file, std::move(image)));
  const auto before = TRY(starting_point(workshop, file, options.again));
  const auto now = TRY(program.time());
  const auto after = TRY(with_release(before ? &*before : nullptr, file, images, tuf::time_text(now)));

  fmt::print("What homes will see once it is published:\n\n{}",
             model_changes(after, before ? &*before : nullptr));
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
  program.takes_work_folder(*command);
  command->callback([&program, options] { program.chosen = [&program, options] { return add(program, *options); }; });
}

}  // namespace homepatch::feed
