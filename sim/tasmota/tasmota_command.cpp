// homepatch-sim tasmota: the options of Tasmota-like devices, and their run.
#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/file.hpp"
#include "base/text.hpp"
#include "sim/program.hpp"
#include "sim/tasmota/tasmota_device.hpp"

namespace homepatch::sim {

namespace {

struct Options {
  std::string broker;
  std::string user;
  std::string password_file;
  std::size_t count = 1;
  std::string first_mac = "a0b1c2000001";
  std::string address = "127.1.0.1";
  std::string chip;
  std::string flow = "one-step";
  std::int64_t free_space = -1;
  std::int64_t announce_delay = 500;
  std::int64_t fetch_delay = 500;
  std::int64_t restart_delay = 500;
  std::int64_t boot_time = 2000;
  std::int64_t tele_period = 300;
  std::int64_t run_for = 0;
  std::vector<std::string> faults;
  TasmotaSettings settings;
};

Result<std::uint64_t> parse_mac(std::string_view text, std::size_t count) {
  std::uint64_t mac = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, mac, 16);
  if (text.size() != 12 || error != std::errc() || stop != end || mac + count - 1 >= (1ULL << 48U)) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' is no first MAC address; write 12 hexadecimal digits", printable(text, 64)));
  }
  return mac;
}

Status fill_flow(Options& options) {
  auto& settings = options.settings;
  if (options.flow == "two-step") settings.flow = TasmotaFlow::two_step;
  if (options.flow == "safeboot") settings.flow = TasmotaFlow::safeboot;
  const bool two_step = settings.flow == TasmotaFlow::two_step;
  settings.hardware = !options.chip.empty() ? options.chip : two_step ? "ESP8266EX" : "ESP32-D0WD-V3";
  const auto chip = esp_chip_from(settings.hardware);
  if (!chip) {
    return fail(Errc::invalid_argument, fmt::format("'{}' is no chip of Espressif's", printable(settings.hardware)));
  }
  settings.chip = *chip;
  const bool esp8266 = settings.chip == EspChip::esp8266;
  if (two_step != esp8266 && settings.flow != TasmotaFlow::one_step) {
    return fail(Errc::invalid_argument, "two-step is for ESP8266 chips and safeboot for the others; change --chip");
  }
  // Without a wish: room for everything, and on a two-step device for nothing that is worth the name.
  constexpr std::uint64_t kEsp32Room = 8U * 1024U * 1024U;
  constexpr std::uint64_t kEsp8266Room = 1024U * 1024U;
  constexpr std::uint64_t kTwoStepRoom = 16U * 1024U;
  settings.free_space = two_step ? kTwoStepRoom : esp8266 ? kEsp8266Room : kEsp32Room;
  if (options.free_space >= 0) settings.free_space = static_cast<std::uint64_t>(options.free_space);
  return {};
}

Status fill(Options& options) {
  auto& settings = options.settings;
  const auto broker = TRY_IN("--broker", parse_host_port(options.broker));
  settings.broker.host = broker.host;
  settings.broker.port = broker.port;
  if (!options.user.empty()) settings.broker.user = options.user;
  if (!options.password_file.empty())
    settings.broker.password = TRY_IN("--password-file", read_secret(options.password_file));
  settings.announce_delay = std::chrono::milliseconds(options.announce_delay);
  settings.fetch_delay = std::chrono::milliseconds(options.fetch_delay);
  settings.restart_delay = std::chrono::milliseconds(options.restart_delay);
  settings.boot_time = std::chrono::milliseconds(options.boot_time);
  settings.tele_period = std::chrono::seconds(options.tele_period);
  return fill_flow(options);
}

Status run(Options& options) {
  if (auto filled = fill(options); !filled) return filled;
  const auto faults = TRY_IN("--fault", parse_faults(options.faults, options.count));
  const auto mac = TRY_IN("--first-mac", parse_mac(options.first_mac, options.count));
  const auto address = TRY_IN("--address", parse_loopback(options.address, options.count));
  const auto loop = TRY(EventLoop::open());
  const auto http = TRY(HttpClient::open(*loop));
  const auto sink = standard_output();
  Fleet<TasmotaDevice> fleet(*loop);
  for (std::size_t i = 0; i < options.count; ++i) {
    const TasmotaIdentity identity{i, mac + i, address + static_cast<std::uint32_t>(i), faults[i]};
    fleet.add(std::make_unique<TasmotaDevice>(*loop, *http, options.settings, identity, sink));
  }
  fleet.start();
  return run_until_stopped(*loop, std::chrono::seconds(options.run_for), [&](const std::function<void()>& done) {
    fleet.stop_starting();
    for (const auto& device : fleet.devices()) device->stop();
    done();
  });
}

void add_timing(CLI::App& command, Options& options) {
  const auto time = [&](const char* name, std::int64_t& value, const char* what) {
    command.add_option(name, value, what)->check(CLI::Range(0, 3'600'000));
  };
  time("--announce-delay", options.announce_delay, "ms from the connection to the discovery messages");
  time("--fetch-delay", options.fetch_delay, "ms before each attempt to fetch");
  time("--restart-delay", options.restart_delay, "ms from the result to the restart");
  time("--boot-time", options.boot_time, "ms from a restart to the next connection");
  command.add_option("--tele-period", options.tele_period, "s between two STATE messages")
      ->check(CLI::Range(1, 86'400));
  command.add_option("--run-for", options.run_for, "s until the program ends by itself; 0: never")
      ->check(CLI::Range(0, 1'000'000));
}

}  // namespace

void add_tasmota(CLI::App& app, Work& chosen) {
  auto options = std::make_shared<Options>();
  auto& settings = options->settings;
  auto* command = app.add_subcommand("tasmota", "Run Tasmota-like devices (MQTT, HTTP).");
  command->option_defaults()->always_capture_default();
  command->add_option("--broker", options->broker, "HOST:PORT of the MQTT broker")->required();
  command->add_option("--user", options->user, "user at the broker");
  command->add_option("--password-file", options->password_file, "file with the password at the broker");
  command->add_option("--count", options->count, "how many devices")->check(CLI::Range(std::size_t{1}, kMaxDevices));
  command->add_option("--first-mac", options->first_mac, "12 hexadecimal digits; each device has the next one");
  command->add_option("--address", options->address, "the first device's address in 127.0.0.0/8");
  command->add_option("--version", settings.version, "the running version");
  command->add_option("--image", settings.image, "the running image's name");
  command->add_option("--chip", options->chip, "as Status 2 says it; ESP32-D0WD-V3, or ESP8266EX with two-step");
  command->add_option("--module", settings.module, "module or template name");
  command->add_option("--topic-template", settings.topic, "topic; {mac6}, {mac} and {index} are replaced");
  command->add_option("--full-topic", settings.full_topic, "FullTopic; %prefix%, %topic%, %hostname% and %id%")
      ->check([](const std::string& text) {
        const bool fine = text.find("%prefix%") != std::string::npos && text.find_first_of("+#") == std::string::npos;
        return std::string(fine ? "" : "it must hold %prefix%, and neither + nor #");
      });
  command->add_option("--flow", options->flow, "one-step, two-step or safeboot")
      ->check(CLI::IsMember({"one-step", "two-step", "safeboot"}));
  command->add_option("--free-space", options->free_space, "bytes of flash for a new image");
  command->add_option("--download-rate", settings.download_rate, "bytes a second; 0: as fast as it comes");
  command
      ->add_option("--fault", options->faults,
                   "refuse, hang, lie, fall-back, contradict, vanish, drop-midway, wrong-mac or fail-once, for all "
                   "devices or with @INDEX (from 0) for one; may be given several times")
      ->allow_extra_args(false);
  command->add_flag("--so4", settings.so4, "SetOption4: answers on stat/.../<COMMAND>");
  command->add_flag("--retained-only", settings.retained_only, "publish the retained messages, then be silent");
  add_timing(*command, *options);
  command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

}  // namespace homepatch::sim
