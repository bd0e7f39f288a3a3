#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/documents.hpp"
#include "cli/table.hpp"
#include "cli/words.hpp"

namespace homepatch::cli {

namespace {

Cell severity(const ReleaseView& release) {
  const bool grave = release.severity == "high" || release.severity == "critical";
  return {release.severity, grave ? Tone::bad : Tone::plain};
}

Cell size(const ReleaseView& release) {
  if (release.images == 0) return {"no image", Tone::faint};
  return human_bytes(release.bytes);
}

Table make_table(const std::vector<ReleaseView>& releases) {
  Table table({{"VENDOR", 6, 4},
               {"MODEL", 8},
               {"VERSION", 8},
               {"KIND", 0, 6},
               {"SEVERITY", 0, 7},
               {"PROTECTS AGAINST", 13, 5},
               {"DATE", 0, 3},
               {"SIZE", 0, 2, true},
               {"CACHED", 0, 1},
               {"FEED", 6, 0}});
  for (const ReleaseView& r : releases) {
    table.add({r.vendor, r.model, r.version, r.kind, severity(r), fmt::format("{}", fmt::join(r.cves, " ")), r.date,
               size(r), std::string(r.cached ? "yes" : "no"), r.feed});
  }
  return table;
}

Result<int> releases(Program& program) {
  Bus bus = TRY(Bus::open());
  const Home home = TRY(read_home(bus));
  if (program.json) {
    program.screen.print(document({{"releases", to_json(home.releases)}}));
  } else if (home.releases.empty()) {
    program.screen.paragraph(
        "No releases yet. They come from the feeds that /etc/homepatch/homepatchd.toml names, for the models found in "
        "this home. Ask the feeds now with: homepatchctl refresh; see how they stand with: homepatchctl status");
  } else {
    program.screen.print(make_table(home.releases).render(program.screen));
  }
  return kExitDone;
}

}  // namespace

void add_releases(CLI::App& app, Program& program) {
  add_command(app, program, "releases", "List the releases that the feeds offer for the models of this home",
              [&program] { return releases(program); });
}

}  // namespace homepatch::cli
