// homepatch-feed: the publisher's tool. Exit statuses are those of base/error.hpp.

#include <fmt/format.h>

#include "base/text.hpp"
#include "feed/command.hpp"

int main(int argc, char** argv) {
  using namespace homepatch;
  feed::Program program;
  program.app.require_subcommand(1);
  program.app.fallthrough();
  program.app.set_version_flag("--version", "homepatch-feed " HOMEPATCH_VERSION);
  program.app.add_option("--now", program.now)->group("");  // for tests: the time that counts as now
  feed::add_commands(program);
  try {
    program.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return program.app.exit(error) == 0 ? kExitDone : kExitFailed;
  }
  if (const auto done = program.chosen(); !done) {
    fmt::print(stderr, "homepatch-feed: {}\n", printable(done.error().text, 2000));
    return exit_status(done.error().code);
  }
  return kExitDone;
}
