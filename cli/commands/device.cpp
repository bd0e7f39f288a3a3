#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/documents.hpp"
#include "cli/sheet.hpp"
#include "cli/words.hpp"

namespace homepatch::cli {

namespace {

std::string presence(const DeviceView& d) {
  return fmt::format("{}, last heard from {}{}", shown(d.condition), ago(d.last_seen, now_millis()),
                     d.last_seen > 0 ? fmt::format(" ({})", local_time(d.last_seen)) : "");
}

void print(const Screen& screen, const DeviceView& d, const UpdateView* update) {
  const Sheet sheet(screen);
  const Phrase state = state_of(d, update);
  screen.line(screen.paint(Tone::strong, shown(d.title())));
  sheet.row("Id", shown(d.id));
  sheet.row("Maker, model", fmt::format("{}, {}", shown(d.manufacturer), shown(d.model)));
  sheet.row("Hardware", shown(d.hardware));
  sheet.row("Speaks", fmt::format("{}, at {}{}", shown(d.family), shown(d.address), d.sleeps ? ", sleeps" : ""));
  sheet.row("Presence", presence(d));
  sheet.row("First seen", local_time(d.first_seen));
  sheet.row("Standing", d.standing == "new" ? "new: it is not updated until you accept it" : shown(d.standing));
  sheet.row("Installed", shown(d.version));
  if (!d.target.empty()) sheet.row("Target", fmt::format("{}{}", shown(d.target), d.emergency ? ", an emergency" : ""));
  if (!d.user_action.empty()) sheet.row("You must", printable(d.user_action, 2000), Tone::attention);
  if (!d.advisory_url.empty()) sheet.row("Advisory", shown(d.advisory_url));
  sheet.row("State", state.text, state.tone);
  sheet.row("Why", fmt::format("{} ({})", shown(d.reason_text), shown(d.reason)));
  sheet.row("Can be patched", fmt::format("{}{}", shown(d.updatable), d.method.empty() ? "" : ", " + shown(d.method)));
  sheet.row("Support", support_sentence(d.support, now_millis()), support_words(d.support, now_millis()).tone);
  if (!d.support.security_contact.empty()) sheet.row("Weaknesses to", shown(d.support.security_contact));
  if (!d.catalog.empty()) {
    sheet.row("Catalog", shown(d.catalog));
    sheet.row("Vouched for", fmt::format("{} ({})", trust_sentence(d.trust), shown(d.trust.provenance)));
  }
  if (update != nullptr) sheet.row("Last update", fmt::format("{}: {}", update->id, outcome_sentence(*update)));
  screen.line("");
  screen.paragraph(fmt::format("More: homepatchctl explain {}", shown(d.id)));
}

Result<int> device(Program& program, const std::string& text) {
  Bus bus = TRY(Bus::open());
  const DeviceView d = TRY(find_one_device(bus, text));
  if (program.json) {
    program.screen.print(document({{"device", to_json(d)}}));
    return kExitDone;
  }
  const auto update = read_last_update(bus, d);
  print(program.screen, d, update ? &*update : nullptr);
  return kExitDone;
}

}  // namespace

void add_device(CLI::App& app, Program& program) {
  const auto text = std::make_shared<std::string>();
  add_command(app, program, "device", "Show all that is known of one device",
              [&program, text] { return device(program, *text); })
      ->add_option("DEV", *text, "The device")
      ->required();
}

}  // namespace homepatch::cli
