#include "base/event_loop.hpp"

#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <optional>

#include "base/timer_queue.hpp"

namespace homepatch {

namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;

}  // namespace

class Watch::Source {
 public:
  explicit Source(std::function<void(std::uint32_t)> action)
      : action_(std::make_shared<std::function<void(std::uint32_t)>>(std::move(action))) {}
  ~Source() {
    if (source_ != nullptr) sd_event_source_disable_unref(source_);
  }
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  static int on_io(sd_event_source*, int, std::uint32_t revents, void* userdata) noexcept {
    call(userdata, revents);
    return 0;
  }
  static int on_prepare(sd_event_source*, void* userdata) noexcept {
    call(userdata, 0);
    return 0;
  }
  static int on_signal(sd_event_source*, const signalfd_siginfo* info, void* userdata) noexcept {
    call(userdata, info->ssi_signo);
    return 0;
  }

  sd_event_source* source_ = nullptr;

 private:
  static void call(void* userdata, std::uint32_t value) {
    // Holds the function: the action may destroy the Watch it belongs to.
    auto action = static_cast<Source*>(userdata)->action_;
    (*action)(value);
  }

  std::shared_ptr<std::function<void(std::uint32_t)>> action_;
};

Watch::Watch() = default;
Watch::Watch(std::unique_ptr<Source> source) : source_(std::move(source)) {}
Watch::Watch(Watch&&) noexcept = default;
Watch& Watch::operator=(Watch&&) noexcept = default;
Watch::~Watch() = default;

void Watch::set_events(std::uint32_t events) {
  if (source_) sd_event_source_set_io_events(source_->source_, events);
}

void Watch::cancel() { source_.reset(); }

Result<std::unique_ptr<EventLoop>> EventLoop::open() {
  sd_event* event = nullptr;
  if (const int r = sd_event_new(&event); r < 0) return fail(errno_error("making the event loop", -r));
  std::unique_ptr<EventLoop> loop(new EventLoop(event));
  if (!loop->timers_->usable()) return fail(errno_error("making the event loop's timer", errno));
  loop->timer_watch_ =
      TRY(loop->watch(loop->timers_->fd(), EPOLLIN, [timers = loop->timers_.get()](std::uint32_t) { timers->fire(); }));
  return loop;
}

EventLoop::EventLoop(sd_event* event) : event_(event), timers_(std::make_shared<TimerQueue>()) {}

EventLoop::~EventLoop() {
  timer_watch_.cancel();
  sd_event_unref(event_);
}

Loop::WallTime EventLoop::now() const {
  const auto since_start = monotonic();
  const auto wall = std::chrono::floor<milliseconds>(std::chrono::system_clock::now()).time_since_epoch();
  ahead_ = std::max(ahead_, wall - since_start);
  return WallTime(since_start + ahead_);
}

milliseconds EventLoop::monotonic() const { return milliseconds(TimerQueue::now() / 1'000U); }

Timer EventLoop::after(milliseconds delay, std::function<void()> action) {
  return timers_->add(delay, std::move(action));
}

Result<Watch> EventLoop::watch(int fd, std::uint32_t events, std::function<void(std::uint32_t)> action) {
  auto source = std::make_unique<Watch::Source>(std::move(action));
  if (const int r = sd_event_add_io(event_, &source->source_, fd, events, &Watch::Source::on_io, source.get()); r < 0) {
    return fail(errno_error("watching a descriptor", -r));
  }
  return Watch(std::move(source));
}

Result<Watch> EventLoop::before_wait(std::function<void()> action) {
  auto source = std::make_unique<Watch::Source>([run = std::move(action)](std::uint32_t) { run(); });
  // A post source that fires after every turn would do as well, but sd-event runs prepare callbacks only for
  // sources that are enabled: a timer that never elapses is the cheapest of these.
  auto never = [](sd_event_source*, std::uint64_t, void*) noexcept { return 0; };
  int r = sd_event_add_time(event_, &source->source_, CLOCK_MONOTONIC, UINT64_MAX, 0, never, source.get());
  if (r >= 0) r = sd_event_source_set_prepare(source->source_, &Watch::Source::on_prepare);
  if (r < 0) return fail(errno_error("hooking into the event loop", -r));
  return Watch(std::move(source));
}

Result<Watch> EventLoop::on_signal(int signal, std::function<void()> action) {
  auto source = std::make_unique<Watch::Source>([run = std::move(action)](std::uint32_t) { run(); });
  if (const int r = sd_event_add_signal(event_, &source->source_, signal, &Watch::Source::on_signal, source.get());
      r < 0) {
    return fail(errno_error("watching a signal", -r));
  }
  return Watch(std::move(source));
}

void EventLoop::start_watchdog() { sd_event_set_watchdog(event_, 1); }

int EventLoop::run() { return sd_event_loop(event_); }

void EventLoop::stop(int exit_code) { sd_event_exit(event_, exit_code); }

bool EventLoop::run_until(const std::function<bool()>& done, milliseconds limit) {
  const auto deadline = monotonic() + limit;
  while (!done()) {
    const auto left = deadline - monotonic();
    if (left <= milliseconds::zero()) return false;
    if (sd_event_run(event_, static_cast<std::uint64_t>(duration_cast<microseconds>(left).count())) < 0) return done();
  }
  return true;
}

}  // namespace homepatch
