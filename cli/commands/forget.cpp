#include "cli/commands.hpp"
#include "cli/tally.hpp"
#include "cli/words.hpp"

namespace homepatch::cli {

namespace {

void forget_one(Bus& bus, const DeviceView& device, Tally& tally) {
  const auto answer = bus.get(device.path, kDevice, "Forget");
  if (!answer) return tally.failed(device.id, answer.error());
  tally.done(device.id,
             shown(device.title()) + " is forgotten. It returns, as a new device, when it is heard from again.");
}

Result<int> forget(Program& program, const std::vector<std::string>& texts) {
  Bus bus = TRY(Bus::open());
  const auto devices = TRY(find_devices(bus, texts));
  Tally tally(program);
  for (const DeviceView& device : devices) forget_one(bus, device, tally);
  return tally.finish();
}

}  // namespace

void add_forget(CLI::App& app, Program& program) {
  const auto texts = std::make_shared<std::vector<std::string>>();
  add_command(app, program, "forget", "Forget devices; each returns as a new one when it is heard from again",
              [&program, texts] { return forget(program, *texts); })
      ->add_option("DEV", *texts, "The devices")
      ->required();
}

}  // namespace homepatch::cli
