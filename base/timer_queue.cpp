#include "base/timer_queue.hpp"

#include <sys/syscall.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <ctime>

namespace homepatch {

namespace {

constexpr std::uint64_t kMaxSlack = 250'000;  // microseconds

// Timers are rounded up to a hundredth of their delay, so that long ones fall together and wake the gateway once; short
// ones stay sharp.
std::uint64_t rounded(std::uint64_t due, std::uint64_t delay) {
  const auto slack = std::clamp<std::uint64_t>(delay / 100U, 1U, kMaxSlack);
  return (due + slack - 1) / slack * slack;
}

}  // namespace

class TimerQueue::Entry final : public Timer::Source {
 public:
  Entry(std::weak_ptr<TimerQueue> queue, Key key) : queue_(std::move(queue)), key_(key) {}
  ~Entry() override {
    // The timerfd may then wake the loop once for nothing, which is cheaper than arming it anew for every timer that is
    // dropped.
    if (const auto queue = queue_.lock()) queue->timers_.erase(key_);
  }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

 private:
  std::weak_ptr<TimerQueue> queue_;
  Key key_;
};

TimerQueue::TimerQueue() : fd_(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)) {}

std::uint64_t TimerQueue::now() {
  // Not through the C library's function, which is what a preloaded clock replaces.
  timespec ts{};
  ::syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
  return static_cast<std::uint64_t>(ts.tv_sec) * 1'000'000U + static_cast<std::uint64_t>(ts.tv_nsec) / 1'000U;
}

Timer TimerQueue::add(std::chrono::milliseconds delay, std::function<void()> action) {
  const auto span =
      std::chrono::duration_cast<std::chrono::microseconds>(std::max(delay, std::chrono::milliseconds(0)));
  const auto usec = static_cast<std::uint64_t>(span.count());
  const Key key{rounded(now() + usec, usec), next_++};
  timers_.emplace(key, std::move(action));
  if (key.first < armed_for_) arm();
  return Timer(std::make_unique<Entry>(weak_from_this(), key));
}

void TimerQueue::arm() {
  armed_for_ = timers_.empty() ? UINT64_MAX : timers_.begin()->first.first;
  itimerspec when{};  // all zero: disarmed
  if (!timers_.empty()) {
    const auto at = now();
    const auto span = armed_for_ > at ? armed_for_ - at : 0;
    when.it_value.tv_sec = static_cast<time_t>(span / 1'000'000U);
    when.it_value.tv_nsec = static_cast<long>(std::max<std::uint64_t>(1, span % 1'000'000U * 1'000U));
  }
  ::timerfd_settime(fd_.get(), 0, &when, nullptr);
}

void TimerQueue::fire() {
  const auto alive = shared_from_this();
  const auto at = now();
  const auto end = next_;
  for (auto first = timers_.begin(); first != timers_.end() && first->first.first <= at;) {
    if (first->first.second >= end) {
      ++first;
      continue;
    }
    const auto action = std::move(first->second);
    timers_.erase(first);
    action();  // may add, drop and destroy anything here
    first = timers_.begin();
  }
  arm();
}

}  // namespace homepatch
