#include "sim/program.hpp"

#include <sys/resource.h>

#include <csignal>

namespace homepatch::sim {

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

Status run_until_stopped(EventLoop& loop, std::chrono::seconds run_for,
                         std::function<void(std::function<void()>)> stop) {
  bool stopping = false;
  const auto end = [&] {
    if (std::exchange(stopping, true)) return;
    stop([&loop] { loop.stop(kExitDone); });
  };
  const auto terminated = TRY(loop.on_signal(SIGTERM, end));
  const auto interrupted = TRY(loop.on_signal(SIGINT, end));
  Timer timer;
  if (run_for > std::chrono::seconds::zero()) timer = loop.after(run_for, end);
  if (const int result = loop.run(); result < 0) return fail(errno_error("running the event loop", -result));
  return {};
}

}  // namespace homepatch::sim
