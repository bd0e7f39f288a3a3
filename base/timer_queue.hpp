// The timers of the event loop: one timerfd for all of them. It goes by the kernel's own monotonic clock and is armed
// with spans, never with points in time, so that a clock that a test has preloaded (libfaketime) moves dates and not
// timers. Fed by EventLoop::after(), turned by the loop when fd() is readable.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "base/loop.hpp"
#include "base/unique_fd.hpp"

namespace homepatch {

class TimerQueue : public std::enable_shared_from_this<TimerQueue> {
 public:
  TimerQueue();

  // False when the kernel gave no descriptor.
  [[nodiscard]] bool usable() const { return static_cast<bool>(fd_); }
  // Readable when something is due.
  [[nodiscard]] int fd() const { return fd_.get(); }

  // The Timer may outlive the queue.
  [[nodiscard]] Timer add(std::chrono::milliseconds delay, std::function<void()> action);

  // Calls what is due, each by time and then by age; what these calls add waits for the next turn.
  void fire();

  // Microseconds of the kernel's monotonic clock.
  static std::uint64_t now();

 private:
  using Key = std::pair<std::uint64_t, std::uint64_t>;  // due, number
  class Entry;

  void arm();

  UniqueFd fd_;
  std::map<Key, std::function<void()>> timers_;
  std::uint64_t next_ = 0;
  std::uint64_t armed_for_ = UINT64_MAX;
};

}  // namespace homepatch
