#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/documents.hpp"
#include "cli/table.hpp"
#include "cli/words.hpp"

namespace homepatch::cli {

namespace {

std::string next_step(const UpdateView& update, std::int64_t now) {
  if (update.over() || update.next_step == 0) return "";
  return update.next_step <= now ? "now" : local_time(update.next_step);
}

Table make_table(const std::vector<UpdateView>& updates) {
  Table table({{"UPDATE", 0, Column::kAlways, true},
               {"DEVICE", 10},
               {"FROM", 8, 5},
               {"TO", 8},
               {"STATE", 24},
               {"SINCE", 0, 4},
               {"NEXT STEP", 0, 3},
               {"TRIES", 0, 1, true},
               {"ASKED BY", 6, 2}});
  const std::int64_t now = now_millis();
  for (const UpdateView& u : updates) {
    const Phrase state = state_of(u);
    table.add({std::to_string(u.id),
               u.title(),
               u.from_version,
               u.to_version,
               {state.text, state.tone},
               ago(u.phase_since, now),
               next_step(u, now),
               std::to_string(u.attempts),
               u.asked_by});
  }
  return table;
}

Result<int> updates(Program& program) {
  Bus bus = TRY(Bus::open());
  const Home home = TRY(read_home(bus));
  if (program.json) {
    program.screen.print(document({{"updates", to_json(home.updates)}}));
  } else if (home.updates.empty()) {
    program.screen.paragraph(
        "No updates yet. See what would happen with: homepatchctl plan; begin one with: homepatchctl update DEV");
  } else {
    program.screen.print(make_table(home.updates).render(program.screen));
  }
  return kExitDone;
}

}  // namespace

void add_updates(CLI::App& app, Program& program) {
  add_command(app, program, "updates", "List the updates: those under way, then those that are over",
              [&program] { return updates(program); });
}

}  // namespace homepatch::cli
