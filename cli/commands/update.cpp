#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.hpp"
#include "cli/tally.hpp"
#include "cli/update_watch.hpp"
#include "cli/words.hpp"

namespace homepatch::cli {

namespace {

struct Asked {
  std::vector<std::string> devices;
  bool wait = false;
};

// The update that is under way for this device already, where that is why the daemon began none.
std::optional<UpdateView> running_update(Bus& bus, const std::string& device_path, const Error& error) {
  if (error.code != Errc::busy && error.code != Errc::already_exists) return std::nullopt;
  const auto device = read_device(bus, device_path);
  if (!device) return std::nullopt;
  auto update = read_last_update(bus, *device);
  if (!update || update->over()) return std::nullopt;
  return update;
}

// What the maker asks of the owner stands before the update, not behind it.
void say_what_it_asks(const Program& program, const DeviceView& device) {
  if (program.json || device.user_action.empty()) return;
  program.screen.paragraph(
      fmt::format("{}, {}: {}", shown(device.title()), shown(device.target), action_sentence(device.user_action)));
}

// Begins one update. The path of what there is to watch, empty when there is nothing.
std::string start_one(const Program& program, Bus& bus, const DeviceView& device, Tally& tally) {
  const std::string name = shown(device.title());
  say_what_it_asks(program, device);
  auto path = bus.start_update(device.path);
  if (!path) {
    const auto running = running_update(bus, device.path, path.error());
    if (!running) {
      tally.failed(device.id, path.error());
      return "";
    }
    tally.nothing(
        device.id,
        fmt::format("{}: update {} to {} is under way already.", name, running->id, shown(running->to_version)),
        running->id);
    return running->path;
  }
  const auto update = read_update(bus, *path);
  const std::string to = shown(update ? update->to_version : device.target);
  const std::int64_t id = update ? update->id : 0;
  tally.done(device.id, fmt::format("{}: update {} to {} begins.", name, id, to), id);
  return *std::move(path);
}

void say_goodbye(const std::vector<UpdateView>& updates) {
  std::vector<std::int64_t> running;
  for (const UpdateView& update : updates) {
    if (!update.over()) running.push_back(update.id);
  }
  fmt::print(stderr, "Stopped watching; the {}. Watch again: homepatchctl watch; stop one: homepatchctl cancel {}\n",
             running.size() == 1 ? "update goes on" : "updates go on", fmt::join(running, " or "));
}

int status_of(const UpdateWatch::Outcome& outcome, const Tally& tally) {
  if (outcome.interrupted) return kExitInterrupted;
  const bool all_confirmed = !outcome.vanished && std::ranges::all_of(outcome.updates, [](const UpdateView& u) {
    return u.phase == "confirmed";
  });
  if (!all_confirmed) return kExitFailed;
  return tally.status() == kExitNothingToDo ? kExitDone : tally.status();
}

Result<int> wait_for(Program& program, Bus& bus, const std::vector<std::string>& paths, const Tally& tally) {
  const auto watch = TRY(UpdateWatch::open(program, bus));
  const UpdateWatch::Outcome outcome = TRY(watch->until_over(paths));
  if (program.json) {
    program.screen.print(document(
        {{"results", tally.results()}, {"updates", to_json(outcome.updates)}, {"interrupted", outcome.interrupted}}));
  }
  if (outcome.interrupted) say_goodbye(outcome.updates);
  if (outcome.vanished)
    fmt::print(stderr, "homepatchctl: homepatchd no longer knows the update. See: homepatchctl updates\n");
  return status_of(outcome, tally);
}

Result<int> update(Program& program, const Asked& asked) {
  Bus bus = TRY(Bus::open());
  const auto devices = TRY(find_devices(bus, asked.devices));
  Tally tally(program);
  std::vector<std::string> paths;
  for (const DeviceView& device : devices) {
    std::string path = start_one(program, bus, device, tally);
    if (!path.empty()) paths.push_back(std::move(path));
  }
  if (asked.wait && !paths.empty()) return wait_for(program, bus, paths, tally);
  if (!paths.empty() && !program.json) program.screen.line("Watch with: homepatchctl watch");
  return tally.finish();
}

}  // namespace

void add_update(CLI::App& app, Program& program) {
  const auto asked = std::make_shared<Asked>();
  CLI::App* command = add_command(app, program, "update", "Update devices now to what their feed offers",
                                  [&program, asked] { return update(program, *asked); });
  command->add_option("DEV", asked->devices, "The devices")->required();
  command->add_flag("--wait", asked->wait, "Show the progress, and end when all updates are over");
}

}  // namespace homepatch::cli
