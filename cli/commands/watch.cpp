#include "cli/commands.hpp"
#include "cli/update_watch.hpp"

namespace homepatch::cli {

namespace {

Result<int> watch(Program& program) {
  Bus bus = TRY(Bus::open());
  // Says so at once where there is no daemon to wait for.
  TRY(bus.get(kRoot, kProperties, "GetAll", kManager));
  const auto updates = TRY(UpdateWatch::open(program, bus));
  TRY(updates->until_interrupted());
  return kExitDone;
}

}  // namespace

void add_watch(CLI::App& app, Program& program) {
  add_command(app, program, "watch", "Watch the updates under way, until Ctrl-C; with --json a document a line",
              [&program] { return watch(program); });
}

}  // namespace homepatch::cli
