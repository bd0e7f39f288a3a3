#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/documents.hpp"
#include "cli/sheet.hpp"
#include "cli/table.hpp"
#include "cli/words.hpp"

namespace homepatch::cli {

namespace {

Cell severity(const ReleaseView& release) {
  const bool grave = release.severity == "high" || release.severity == "critical";
  if (release.emergency) return {release.severity + ", emergency", Tone::bad};
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
               {"PROVENANCE", 0, 1},
               {"FEED", 6, 0}});
  for (const ReleaseView& r : releases) {
    table.add({r.vendor, r.model, r.version, r.kind, severity(r), fmt::format("{}", fmt::join(r.cves, " ")), r.date,
               size(r), std::string(r.cached ? "yes" : "no"), r.trust.provenance, r.feed});
  }
  return table;
}

std::string nature(const ReleaseView& r) {
  return fmt::format("{}{}, severity: {}", r.emergency ? "an emergency, " : "", shown(r.kind), shown(r.severity));
}

std::string images(const ReleaseView& r) {
  if (r.images == 0) return "none: it was shipped but is not offered";
  return fmt::format("{}, {}{}", counted(r.images, "image"), human_bytes(r.bytes), r.cached ? ", in the cache" : "");
}

void print(const Screen& screen, const ReleaseView& r) {
  const Sheet sheet(screen);
  const auto row = [&](std::string_view label, const std::string& text, Tone tone = Tone::plain) {
    if (!text.empty()) sheet.row(label, printable(text, 2000), tone);
  };
  screen.line(screen.paint(Tone::strong, fmt::format("{} {} {}", shown(r.vendor), shown(r.model), shown(r.version))));
  row("Id", r.id);
  row("Order", std::to_string(r.seq));
  row("Date", r.date);
  row("Kind", nature(r));
  row("Protects from", fmt::format("{}", fmt::join(r.cves, ", ")));
  row("Brings", r.summary);
  row("You must", r.user_action, Tone::attention);
  row("Advisory", r.advisory_url);
  row("Images", images(r));
  row("Vouched for", fmt::format("{} ({})", trust_sentence(r.trust), shown(r.trust.provenance)));
  row("Support", support_sentence(r.support, now_millis()), support_words(r.support, now_millis()).tone);
  row("Weaknesses to", r.support.security_contact);
  row("Feed, catalog", fmt::format("{}, {}", shown(r.feed), shown(r.catalog)));
}

// All of every release of that id or version: two models may have one of the same.
Result<int> one_release(const Program& program, std::vector<ReleaseView> releases, const std::string& wanted) {
  std::erase_if(releases, [&](const ReleaseView& r) { return r.id != wanted && r.version != wanted; });
  if (releases.empty()) {
    return fail(Errc::not_found, fmt::format("there is no release '{}'; see those that there are with: homepatchctl "
                                             "releases",
                                             printable(wanted, 80)));
  }
  if (program.json) {
    program.screen.print(document({{"releases", to_json(releases)}}));
    return kExitDone;
  }
  for (std::size_t i = 0; i < releases.size(); ++i) {
    if (i > 0) program.screen.line("");
    print(program.screen, releases[i]);
  }
  return kExitDone;
}

Result<int> releases(Program& program, const std::string& wanted) {
  Bus bus = TRY(Bus::open());
  const Home home = TRY(read_home(bus));
  if (!wanted.empty()) return one_release(program, home.releases, wanted);
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
  const auto wanted = std::make_shared<std::string>();
  add_command(app, program, "releases", "List the releases for the models of this home, or show all of one",
              [&program, wanted] { return releases(program, *wanted); })
      ->add_option("RELEASE", *wanted, "The id or version of a release");
}

}  // namespace homepatch::cli
