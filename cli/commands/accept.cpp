#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/tally.hpp"
#include "cli/words.hpp"

namespace homepatch::cli {

namespace {

struct Asked {
  std::vector<std::string> devices;
  bool all_new = false;
};

Result<std::vector<DeviceView>> all_new_devices(Bus& bus) {
  Home home = TRY(read_home(bus));
  std::erase_if(home.devices, [](const DeviceView& d) { return d.standing != "new"; });
  return std::move(home.devices);
}

void accept_one(Bus& bus, const DeviceView& device, Tally& tally) {
  const std::string name = shown(device.title());
  if (device.standing == "accepted") return tally.nothing(device.id, name + " was accepted already.");
  const auto answer = bus.get(device.path, kDevice, "Accept");
  if (!answer) return tally.failed(device.id, answer.error());
  tally.done(device.id, name + " is accepted: it is patched from now on as your policy says.");
}

Result<int> accept(Program& program, const Asked& asked) {
  if (asked.all_new == !asked.devices.empty()) {
    return fail(Errc::invalid_argument, "name the devices to accept, or all of them with --all-new");
  }
  Bus bus = TRY(Bus::open());
  const auto devices = TRY(asked.all_new ? all_new_devices(bus) : find_devices(bus, asked.devices));
  Tally tally(program);
  for (const DeviceView& device : devices) accept_one(bus, device, tally);
  if (devices.empty() && !program.json) program.screen.line("No device is new: there is nothing to accept.");
  return tally.finish();
}

}  // namespace

void add_accept(CLI::App& app, Program& program) {
  const auto asked = std::make_shared<Asked>();
  CLI::App* command = add_command(app, program, "accept", "Accept new devices, so that they may be updated",
                                  [&program, asked] { return accept(program, *asked); });
  command->add_option("DEV", asked->devices, "The devices");
  command->add_flag("--all-new", asked->all_new, "All devices that are new");
}

}  // namespace homepatch::cli
