#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <memory>

#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "cli/bus.hpp"
#include "cli/commands.hpp"
#include "cli/commands/import_image.hpp"
#include "cli/documents.hpp"

namespace homepatch::cli {

namespace {

struct Wish {
  std::string feed;
  std::string remove;
  RawImage image;  // its device is empty where the file is a bundle
};

void say(const Program& program, const std::string& text) {
  if (program.json) {
    program.screen.print(document({{"text", text}}));
  } else {
    program.screen.paragraph(printable(text, 2000));
  }
}

// What is no bundle may well be the image itself.
Error with_hint(Error error, const std::string& file) {
  const bool no_bundle =
      error.code == Errc::malformed || error.code == Errc::unsupported || error.code == Errc::not_found;
  if (no_bundle) {
    error.text += fmt::format(
        ". If it is no bundle but a firmware image itself: homepatchctl import {} --for DEV --version VERSION",
        printable(file));
  }
  return error;
}

Result<int> import_bundle(Program& program, int fd, const Wish& wish) {
  Bus bus = TRY(Bus::open());
  const auto text = bus.import(fd, wish.feed);
  if (!text) return fail(with_hint(text.error(), wish.image.file));
  say(program, *text);
  return kExitDone;
}

Status check(const Wish& wish) {
  const RawImage& image = wish.image;
  const bool raw = !image.device.empty();
  if (wish.remove.empty() == image.file.empty()) {
    return fail(Errc::invalid_argument, "name the FILE to take in, or with --remove the release to forget");
  }
  if (raw != !image.version.empty()) {
    return fail(Errc::invalid_argument,
                "an image needs both: --for DEV, a device that it is for, and --version VERSION, exactly as the device "
                "will report it");
  }
  if (raw && !wish.feed.empty())
    return fail(Errc::invalid_argument, "--feed is for bundles, --for for images; a file is one");
  if (!raw && (!image.sha256.empty() || image.yes)) {
    return fail(Errc::invalid_argument,
                "--sha256 and --yes are for an image: name a device that it is for with --for DEV");
  }
  return {};
}

// The file goes over the bus open: homepatchd needs no right to reach it, and no path has to mean the same to both.
Result<int> import(Program& program, const Wish& wish) {
  TRY(check(wish));
  if (!wish.remove.empty()) {
    Bus bus = TRY(Bus::open());
    const Value text = TRY(bus.get(kRoot, kManager, "RemoveImage", wish.remove));
    say(program, text.is_string() ? text.get<std::string>() : "");
    return kExitDone;
  }
  const UniqueFd file(::open(wish.image.file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file) return fail(errno_error(fmt::format("opening {}", printable(wish.image.file)), errno));
  if (wish.image.device.empty()) return import_bundle(program, file.get(), wish);
  return import_image(program, file.get(), wish.image);
}

}  // namespace

void add_import(CLI::App& app, Program& program) {
  const auto wish = std::make_shared<Wish>();
  CLI::App* command =
      add_command(app, program, "import", "Take in a bundle (homepatch-feed export), or a raw image with --for",
                  [&program, wish] { return import(program, *wish); });
  command->add_option("FILE", wish->image.file, "The bundle or image");
  command->add_option("--feed", wish->feed, "The feed that must vouch for a bundle, where several are configured");
  command->add_option("--for", wish->image.device, "A device of the model that the raw image is for");
  command->add_option("--version", wish->image.version, "The image's version, exactly as the device will report it");
  command->add_option("--sha256", wish->image.sha256, "The image's digest as its maker published it; no question then");
  command->add_flag("--yes", wish->image.yes, "Take the image in without a question");
  command->add_option("--remove", wish->remove, "Forget an imported release, by its id or version, and its image");
}

}  // namespace homepatch::cli
