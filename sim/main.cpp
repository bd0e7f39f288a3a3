// homepatch-sim: pretend devices that behave like real firmware, and firmware images for them.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>

#include "sim/program.hpp"

namespace {

// Blocked before anything starts a thread; the loop hears them through its descriptor.
void block_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace homepatch;
  CLI::App app("Pretend devices that behave like real firmware, for tests and demonstrations.", "homepatch-sim");
  app.set_version_flag("--version", HOMEPATCH_VERSION);
  app.require_subcommand(1);
  sim::Work chosen;
  sim::add_tasmota(app, chosen);
  sim::add_lwm2m(app, chosen);
  sim::add_make_image(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitDone : kExitFailed;
  }
  block_signals();
  sim::raise_descriptor_limit();
  const auto done = chosen();
  if (done) return kExitDone;
  fmt::print(stderr, "homepatch-sim: {}\n", done.error().text);
  return exit_status(done.error().code);
}
