// homepatch-feed deny: takes an image back. Homes stop offering it, and throw it out of their caches, after the next
// publish.

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "base/file.hpp"
#include "base/text.hpp"
#include "core/catalog.hpp"
#include "feed/command.hpp"
#include "feed/deny_list.hpp"
#include "feed/preview.hpp"
#include "feed/workshop.hpp"
#include "protocols/feeds/deny_reader.hpp"
#include "protocols/feeds/json_fields.hpp"
#include "trust/hash.hpp"

namespace homepatch::feed {

namespace {

struct DenyOptions {
  std::string image;
  std::string reason;
  bool lift = false;
};

// A digest, or a file that has it.
Result<Digest> digest_of(const std::string& image) {
  if (const auto digest = Digest::parse(image)) return *digest;
  if (!std::filesystem::exists(image)) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' must be an image's SHA-256 (64 hexadecimal digits) or its file", printable(image)));
  }
  const std::string bytes = TRY(read_file(image, kMaxImageLength));
  return sha256(bytes);
}

Status check(const DenyOptions& options, const DenyList& list, const Digest& digest) {
  if (options.lift) {
    if (list.contains(digest)) return {};
    return fail(Errc::not_found, fmt::format("image {} is not taken back", digest.brief()));
  }
  if (!is_plain_text(options.reason, feeds::kMaxShown)) {
    return fail(Errc::invalid_argument,
                fmt::format("--reason must say in one line of at most {} bytes why owners must not install it",
                            feeds::kMaxShown));
  }
  if (list.size() < feeds::kMaxDenied || list.contains(digest)) return {};
  return fail(Errc::too_large, fmt::format("at most {} images can be taken back; lift some", feeds::kMaxDenied));
}

Status deny(const Program& program, const DenyOptions& options) {
  const auto workshop = TRY(Workshop::open(program.work_folder));
  TRY(workshop.check_whole_feed());
  auto list = TRY(load_deny_list(workshop));
  const auto digest = TRY(digest_of(options.image));
  TRY(check(options, list, digest));
  if (options.lift) {
    list.erase(digest);
  } else {
    list.insert_or_assign(digest, options.reason);
  }
  TRY(save_deny_list(workshop, list));
  std::vector<std::string> releases;
  for (const auto& draft : TRY(workshop.drafts())) {
    const auto own = releases_with(draft.catalog, digest);
    releases.insert(releases.end(), own.begin(), own.end());
  }
  fmt::print("Image {} ({}) {}. {} taken back in all. Homes act on it after: homepatch-feed publish --feed {} DIR\n",
             digest.hex(),
             releases.empty() ? "no release added here brings it" : fmt::format("{}", fmt::join(releases, ", ")),
             options.lift ? "may be installed again" : "must not be installed any more",
             list.size() == 1 ? "1 image is" : fmt::format("{} images are", list.size()), program.work_folder);
  return {};
}

}  // namespace

void add_deny(Program& program) {
  auto options = std::make_shared<DenyOptions>();
  auto* command = program.app.add_subcommand("deny", "Take an image back, so that no home installs it any more");
  command->add_option("IMAGE", options->image, "Its SHA-256, or its file")->required();
  command->add_option("--reason", options->reason, "Why, in English, for owners to read")->type_name("TEXT");
  command->add_flag("--lift", options->lift, "It may be installed again");
  program.takes_work_folder(*command);
  command->callback([&program, options] { program.chosen = [&program, options] { return deny(program, *options); }; });
}

}  // namespace homepatch::feed
