// homepatch-sim lwm2m: the options of LwM2M clients, and their run.
#include <map>

#include "sim/lwm2m/lwm2m_device.hpp"
#include "sim/program.hpp"

namespace homepatch::sim {

namespace {

struct Options {
  std::string server;
  std::size_t count = 1;
  std::string address = "127.2.0.1";
  std::string client = "anjay-like";
  std::int64_t szx = 6;
  std::int64_t install_delay = 300;
  std::int64_t boot_time = 2000;
  std::int64_t awake = 93'000;
  std::int64_t run_for = 0;
  std::vector<std::string> faults;
  Lwm2mSettings settings;
};

const std::map<std::string, Lwm2mKind> kKinds{
    {"anjay-like", Lwm2mKind::anjay}, {"zephyr-like", Lwm2mKind::zephyr}, {"wakaama-like", Lwm2mKind::wakaama}};

Status fill(Options& options) {
  options.settings.server = TRY_IN("--server", parse_peer(options.server));
  options.settings.kind = kKinds.at(options.client);
  options.settings.szx = static_cast<std::uint8_t>(options.szx);
  options.settings.install_delay = std::chrono::milliseconds(options.install_delay);
  options.settings.boot_time = std::chrono::milliseconds(options.boot_time);
  options.settings.awake = std::chrono::milliseconds(options.awake);
  return {};
}

Status run(Options& options) {
  if (auto filled = fill(options); !filled) return filled;
  const auto faults = TRY_IN("--fault", parse_faults(options.faults, options.count));
  const auto address = TRY_IN("--address", parse_loopback(options.address, options.count));
  const auto loop = TRY(EventLoop::open());
  const auto sink = standard_output();
  Fleet<Lwm2mDevice> fleet(*loop);
  for (std::size_t i = 0; i < options.count; ++i) {
    const Lwm2mIdentity identity{i, address + static_cast<std::uint32_t>(i), faults[i]};
    fleet.add(std::make_unique<Lwm2mDevice>(*loop, options.settings, identity, sink));
  }
  fleet.start();
  std::size_t left = options.count;
  return run_until_stopped(*loop, std::chrono::seconds(options.run_for), [&](const std::function<void()>& done) {
    fleet.stop_starting();
    for (const auto& device : fleet.devices()) {
      device->stop([&left, done] {
        if (--left == 0) done();
      });
    }
  });
}

}  // namespace

void add_lwm2m(CLI::App& app, Work& chosen) {
  auto options = std::make_shared<Options>();
  auto& settings = options->settings;
  auto* command = app.add_subcommand("lwm2m", "Run LwM2M clients (CoAP over UDP).");
  command->option_defaults()->always_capture_default();
  command->add_option("--server", options->server, "IPv4:PORT of the LwM2M server")->required();
  command->add_option("--count", options->count, "how many devices")->check(CLI::Range(std::size_t{1}, kMaxDevices));
  command->add_option("--endpoint-prefix", settings.endpoint_prefix, "endpoint names are this and a number");
  command->add_option("--address", options->address, "the first device's address in 127.0.0.0/8");
  command->add_option("--manufacturer", settings.manufacturer, "/3/0/0");
  command->add_option("--model", settings.model, "/3/0/1");
  command->add_option("--hardware", settings.hardware, "/3/0/18");
  command->add_option("--version", settings.version, "the running version, /3/0/3");
  command->add_option("--lifetime", settings.lifetime, "s, of the registration")->check(CLI::Range(1, 86'400));
  command->add_option("--lwm2m-version", settings.lwm2m_version, "1.0, 1.1 or 1.2");
  command->add_option("--szx", options->szx, "largest block taken is 16 << szx bytes")->check(CLI::Range(0, 6));
  command->add_option("--client", options->client, "whose habits: anjay-like, zephyr-like or wakaama-like")
      ->check(CLI::IsMember({"anjay-like", "zephyr-like", "wakaama-like"}));
  command->add_option("--install-delay", options->install_delay, "ms from the Execute to the loss of contact")
      ->check(CLI::Range(0, 3'600'000));
  command->add_option("--boot-time", options->boot_time, "ms from the loss of contact to the new registration")
      ->check(CLI::Range(0, 3'600'000));
  command->add_flag("--queue", settings.queue, "queue mode: between its updates it sleeps and hears nothing");
  command->add_option("--awake", options->awake, "ms that it listens after it last spoke, in queue mode")
      ->check(CLI::Range(1, 3'600'000));
  command
      ->add_option("--fault", options->faults,
                   "refuse, hang, lie, fall-back, contradict, vanish, drop-midway or fail-once, for all devices or "
                   "with @INDEX (from 0) for one; may be given several times")
      ->allow_extra_args(false);
  command->add_option("--run-for", options->run_for, "s until the program ends by itself; 0: never")
      ->check(CLI::Range(0, 1'000'000));
  command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

}  // namespace homepatch::sim
