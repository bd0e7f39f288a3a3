#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/documents.hpp"
#include "cli/table.hpp"
#include "cli/words.hpp"

namespace homepatch::cli {

namespace {

Cell support(const DeviceView& device, std::int64_t now) {
  const Phrase words = support_words(device.support, now);
  return {words.text, words.tone};
}

Cell seen(const DeviceView& device, std::int64_t now) {
  const std::string age = ago(device.last_seen, now);
  if (device.condition == "offline") return {"offline, " + age, Tone::attention};
  return age;
}

Cell model(const DeviceView& device) {
  if (device.model.empty()) return {device.manufacturer.empty() ? "unknown" : device.manufacturer, Tone::faint};
  return device.model;
}

Table make_table(const Home& home) {
  Table table({{"NAME", 10},
               {"ID", 0, 1},
               {"MODEL", 8, 4},
               {"INSTALLED", 9, 6},
               {"TARGET", 8, 5},
               {"STATE", 24},
               {"SUPPORT UNTIL", 0, 2},
               {"SEEN", 0, 3}});
  const std::int64_t now = now_millis();
  for (const DeviceView& d : home.devices) {
    const Phrase state = state_of(d, home.update_at(d.last_update));
    table.add(
        {d.title(), d.id, model(d), d.version, d.target, {state.text, state.tone}, support(d, now), seen(d, now)});
  }
  return table;
}

// Why there is nothing, and what to do.
void say_empty(const Program& program, Bus& bus) {
  const auto manager = bus.get(kRoot, kProperties, "GetAll", kManager);
  std::string listening;
  if (manager) listening = fmt::format("{}", fmt::join(texts_of(*manager, "Listening"), ", "));
  program.screen.paragraph(
      fmt::format("No devices yet. homepatch listens on {}; devices appear here by themselves when they say something "
                  "there. See whether all is well with: homepatchctl status",
                  listening.empty() ? "nothing" : shown(listening)));
}

Result<int> devices(Program& program) {
  Bus bus = TRY(Bus::open());
  const Home home = TRY(read_home(bus));
  if (program.json) {
    program.screen.print(document({{"devices", to_json(home.devices)}}));
  } else if (home.devices.empty()) {
    say_empty(program, bus);
  } else {
    program.screen.print(make_table(home).render(program.screen));
  }
  return kExitDone;
}

}  // namespace

void add_devices(CLI::App& app, Program& program) {
  add_command(app, program, "devices", "List the devices of this home and how they stand",
              [&program] { return devices(program); });
}

}  // namespace homepatch::cli
