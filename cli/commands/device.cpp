#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/documents.hpp"
#include "cli/layout.hpp"
#include "cli/words.hpp"

namespace homepatch::cli {

namespace {

class Sheet {
 public:
  explicit Sheet(const Screen& screen) : screen_(screen) {}

  void row(std::string_view label, std::string_view text, Tone tone = Tone::plain) const {
    constexpr std::size_t kLabel = 14;
    const std::size_t room = screen_.width() > kLabel + 20 ? screen_.width() - kLabel : 20;
    std::string left = pad_to_width(label, kLabel);
    for (const std::string& piece : wrap(text, room)) {
      screen_.line(left + screen_.paint(tone, piece));
      left = std::string(kLabel, ' ');
    }
  }

 private:
  const Screen& screen_;
};

std::string support(const DeviceView& d) {
  if (d.support_end.empty()) return "until when is not known";
  const std::string kind = d.support_kind.empty() ? "" : fmt::format(" ({})", shown(d.support_kind));
  if (is_past(d.support_end, now_millis())) return fmt::format("ended on {}{}", shown(d.support_end), kind);
  return fmt::format("until {}{}", shown(d.support_end), kind);
}

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
  if (!d.target.empty()) sheet.row("Target", shown(d.target));
  sheet.row("State", state.text, state.tone);
  sheet.row("Why", fmt::format("{} ({})", shown(d.reason_text), shown(d.reason)));
  sheet.row("Can be patched", fmt::format("{}{}", shown(d.updatable), d.method.empty() ? "" : ", " + shown(d.method)));
  sheet.row("Supported", support(d));
  if (!d.catalog.empty()) sheet.row("Catalog", shown(d.catalog));
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
