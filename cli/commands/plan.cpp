#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/documents.hpp"
#include "cli/table.hpp"
#include "cli/words.hpp"

namespace homepatch::cli {

namespace {

Cell decision(const DecisionView& d) {
  const Phrase words = words_for_reason(d.reason);
  if (d.verdict == "wait") return {"waits: " + words.text, words.tone};
  if (d.verdict == "update" && d.not_before > now_millis()) {
    return {"update not before " + local_time(d.not_before), Tone::running};
  }
  return {words.text.empty() ? "nothing to do" : words.text, words.tone};
}

std::string way(const DecisionView& d) {
  return d.path.size() > 1 ? fmt::format("{}", fmt::join(d.path, " > ")) : d.target;
}

Table make_table(const std::vector<DecisionView>& decisions) {
  Table table({{"DEVICE", 10},
               {"INSTALLED", 9, 4},
               {"TARGET", 8},
               {"DECISION", 24},
               {"SEVERITY", 0, 3},
               {"PROTECTS AGAINST", 13, 2},
               {"REASON", 0, 1},
               {"PROVENANCE", 0, 0}});
  for (const DecisionView& d : decisions) {
    table.add({d.title(), d.installed, way(d), decision(d), d.severity, fmt::format("{}", fmt::join(d.protects, " ")),
               d.reason, d.trust.provenance});
  }
  return table;
}

Result<std::vector<DecisionView>> read_plan(Bus& bus) {
  std::vector<DecisionView> decisions;
  const Value plan = TRY(bus.get(kRoot, kManager, "Plan"));
  for (const Value& each : plan) decisions.push_back(DecisionView::from(each));
  std::ranges::sort(decisions, {}, [](const DecisionView& d) { return std::tie(d.name, d.device); });
  return decisions;
}

Result<int> plan(Program& program) {
  Bus bus = TRY(Bus::open());
  const auto decisions = TRY(read_plan(bus));
  if (program.json) {
    program.screen.print(document({{"plan", to_json(decisions)}}));
  } else if (decisions.empty()) {
    program.screen.paragraph("No plan, for there are no devices yet. See: homepatchctl devices");
  } else {
    program.screen.print(make_table(decisions).render(program.screen));
  }
  return kExitDone;
}

}  // namespace

void add_plan(CLI::App& app, Program& program) {
  add_command(app, program, "plan", "Show for each device what would happen now, and why",
              [&program] { return plan(program); });
}

}  // namespace homepatch::cli
