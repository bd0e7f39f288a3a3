// homepatch-feed: the publisher's tool. Exit statuses are those of base/error.hpp.

#include <fmt/format.h>

#include "base/text.hpp"
#include "feed/command.hpp"

int main(int argc, char** argv) {
  using namespace homepatch;
  feed::Program program;
  program.app.require_subcommand(0, 1);  // none is ours to complain about: CLI11 would say so of a misspelt one too
  program.app.fallthrough();
  program.app.set_version_flag("--version", "homepatch-feed " HOMEPATCH_VERSION);
  program.app.add_option("--now", program.now)->group("");  // for tests: the time that counts as now
  feed::add_commands(program);
  try {
    program.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return program.app.exit(error);
    fmt::print(stderr, "homepatch-feed: {}\nSee: homepatch-feed --help\n", printable(error.what(), 400));
    return kExitFailed;
  }
  if (!program.chosen) {
    fmt::print(stderr,
               "homepatch-feed: say what to do, for example: homepatch-feed verify DIR\nSee: homepatch-feed --help\n");
    return kExitFailed;
  }
  if (const auto done = program.chosen(); !done) {
    fmt::print(stderr, "homepatch-feed: {}\n", printable(done.error().text, 2000));
    return exit_status(done.error().code);
  }
  return kExitDone;
}
