#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <memory>

#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "cli/bus.hpp"
#include "cli/commands.hpp"
#include "cli/documents.hpp"

namespace homepatch::cli {

namespace {

struct Wish {
  std::string file;
  std::string feed;
};

// The file goes over the bus open: homepatchd needs no right to reach it, and no path has to mean the same to both.
Result<int> import(Program& program, const Wish& wish) {
  const UniqueFd file(::open(wish.file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) return fail(errno_error(fmt::format("opening {}", printable(wish.file)), errno));
  Bus bus = TRY(Bus::open());
  const std::string text = TRY(bus.import(file.get(), wish.feed));
  if (program.json) {
    program.screen.print(document({{"text", text}}));
  } else {
    program.screen.paragraph(printable(text, 2000));
  }
  return kExitDone;
}

}  // namespace

void add_import(CLI::App& app, Program& program) {
  const auto wish = std::make_shared<Wish>();
  CLI::App* command = add_command(app, program, "import", "Take in a bundle (homepatch-feed export) from a file",
                                  [&program, wish] { return import(program, *wish); });
  command->add_option("FILE", wish->file, "The bundle")->required();
  command->add_option("--feed", wish->feed, "The feed that must vouch for it, where several are configured");
}

}  // namespace homepatch::cli
