#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/tally.hpp"
#include "cli/words.hpp"

namespace homepatch::cli {

namespace {

// The update that the text means: by its number, or as the last one of a device; null when the device had none.
Result<const UpdateView*> find_update(Bus& bus, const Home& home, const std::string& text) {
  const auto by_number = [&](const UpdateView& u) { return std::to_string(u.id) == text; };
  if (const auto found = std::ranges::find_if(home.updates, by_number); found != home.updates.end()) return &*found;
  auto path = bus.find_device(text);
  if (!path && path.error().code == Errc::not_found) {
    return fail(Errc::not_found, fmt::format("There is neither an update nor a device '{}'. See what there is with: "
                                             "homepatchctl updates",
                                             shown(text)));
  }
  const DeviceView* device = home.device_at(TRY(std::move(path)));
  return device == nullptr ? nullptr : home.update_at(device->last_update);
}

Result<int> cancel(Program& program, const std::string& text) {
  Bus bus = TRY(Bus::open());
  const Home home = TRY(read_home(bus));
  const UpdateView* update = TRY(find_update(bus, home, text));
  Tally tally(program);
  if (update == nullptr || update->over()) {
    tally.nothing(update == nullptr ? text : update->device,
                  update == nullptr ? "No update is under way: there is nothing to cancel."
                                    : fmt::format("Update {} is over: there is nothing to cancel.", update->id));
    return tally.finish();
  }
  const auto answer = bus.get(update->path, kUpdate, "Cancel");
  if (!answer) {
    tally.failed(update->device, answer.error());
  } else {
    tally.done(update->device, fmt::format("Update {} of {} is being cancelled.", update->id, shown(update->title())),
               update->id);
  }
  return tally.finish();
}

}  // namespace

void add_cancel(CLI::App& app, Program& program) {
  const auto text = std::make_shared<std::string>();
  add_command(app, program, "cancel", "Cancel an update that is under way",
              [&program, text] { return cancel(program, *text); })
      ->add_option("UPDATE|DEV", *text, "The number of the update, or its device")
      ->required();
}

}  // namespace homepatch::cli
