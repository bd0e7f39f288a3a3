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
  feed::add_init(program);
  feed::add_add(program);
  feed::add_prepare(program);
  feed::add_attach(program);
  feed::add_sign(program);
  feed::add_publish(program);
  feed::add_refresh(program);
  feed::add_rotate(program);
  feed::add_eol(program);
  feed::add_delegate(program);
  feed::add_revoke(program);
  feed::add_include(program);
  feed::add_export(program);
  feed::add_verify(program);
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
