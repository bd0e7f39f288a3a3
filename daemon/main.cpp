// homepatchd: reads the configuration, starts the daemon, runs until it is told to stop.
#include <malloc.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "base/event_loop.hpp"
#include "base/log.hpp"
#include "daemon/config.hpp"
#include "daemon/daemon.hpp"
#include "daemon/fetch/root_file.hpp"

namespace homepatch {
namespace {

void block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

Result<int> run(const std::string& config_file, bool check_only) {
  Config config = TRY(load_config(config_file));
  log::set_level(config.log_level);
  if (check_only) {
    for (const auto& feed : config.feeds) TRY_IN("root of feed " + feed.name, read_root_file(feed.root));
    std::puts("The configuration is fine.");
    return kExitDone;
  }
  block_signals();  // before any thread is made, so that all of them have it so
  const auto loop = TRY(EventLoop::open());
  const auto on_term = TRY(loop->on_signal(SIGTERM, [&loop] { loop->stop(0); }));
  const auto on_int = TRY(loop->on_signal(SIGINT, [&loop] { loop->stop(0); }));
  const auto daemon = TRY(Daemon::start(*loop, std::move(config)));
  loop->start_watchdog();
  sd_notify(0, "READY=1");
  log::notice("homepatchd {} is ready", HOMEPATCH_VERSION);
  const int code = loop->run();
  if (code < 0) log::error("{}", errno_error("the event loop failed", -code).text);
  sd_notify(0, "STOPPING=1");
  daemon->stop();
  log::notice("homepatchd stops");
  return code < 0 ? kExitFailed : kExitDone;
}

}  // namespace
}  // namespace homepatch

// The large buffers of a bus message or an index go back to the system with their last use: left to itself glibc raises
// both limits with the largest one it has seen, and keeps their room as holes in the heap.
static void keep_the_heap_small() {
  constexpr int kLarge = 64 << 10;
  ::mallopt(M_MMAP_THRESHOLD, kLarge);
  ::mallopt(M_TRIM_THRESHOLD, kLarge);
  ::mallopt(M_TOP_PAD, kLarge / 4);
}

int main(int argc, char** argv) {
  keep_the_heap_small();
  ::umask(S_IRWXO | S_IRWXG);  // what it keeps is for nobody else
  CLI::App app{"homepatchd keeps the things in a home patched. See homepatchd(8)."};
  std::string config_file = "/etc/homepatch/homepatchd.toml";
  bool check = false;
  app.add_option("-c,--config", config_file, "configuration file")->capture_default_str();
  app.add_flag("--check-config", check, "read the configuration, say what is wrong with it, and stop");
  app.set_version_flag("--version", HOMEPATCH_VERSION);
  CLI11_PARSE(app, argc, argv);
  const auto code = homepatch::run(config_file, check);
  if (code) return *code;
  homepatch::log::error("homepatchd: {}", code.error().text);
  return homepatch::kExitFailed;
}
