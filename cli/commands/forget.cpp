#include "cli/commands.hpp"
#include "cli/tally.hpp"
#include "cli/words.hpp"

namespace homepatch::cli {

namespace {

Result<int> forget(Program& program, const std::string& text) {
  Bus bus = TRY(Bus::open());
  const DeviceView device = TRY(find_one_device(bus, text));
  Tally tally(program);
  const auto answer = bus.get(device.path, kDevice, "Forget");
  if (!answer) {
    tally.failed(device.id, answer.error());
  } else {
    tally.done(device.id,
               shown(device.title()) + " is forgotten. It returns, as a new device, when it is heard from again.");
  }
  return tally.finish();
}

}  // namespace

void add_forget(CLI::App& app, Program& program) {
  const auto text = std::make_shared<std::string>();
  add_command(app, program, "forget", "Forget a device; it returns as a new one when it is heard from again",
              [&program, text] { return forget(program, *text); })
      ->add_option("DEV", *text, "The device")
      ->required();
}

}  // namespace homepatch::cli
