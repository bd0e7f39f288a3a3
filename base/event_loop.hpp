// The daemon's loop: sd-event, one thread. Gives time and timers (the Loop port), descriptors, and the raw
// sd_event for the libraries that join it themselves (sd-bus).
#pragma once

#include <systemd/sd-event.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "base/loop.hpp"
#include "base/result.hpp"

namespace homepatch {

class TimerQueue;

// Destroying it stops the watching; it does not close the descriptor.
class Watch {
 public:
  class Source;

  Watch();
  explicit Watch(std::unique_ptr<Source> source);
  Watch(Watch&&) noexcept;
  Watch& operator=(Watch&&) noexcept;
  ~Watch();

  // Changes the EPOLL* events that are waited for.
  void set_events(std::uint32_t events);
  void cancel();

 private:
  std::unique_ptr<Source> source_;
};

class EventLoop final : public Loop {
 public:
  static Result<std::unique_ptr<EventLoop>> open();
  ~EventLoop() override;
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  [[nodiscard]] WallTime now() const override;
  [[nodiscard]] std::chrono::milliseconds monotonic() const override;
  [[nodiscard]] Timer after(std::chrono::milliseconds delay, std::function<void()> action) override;

  // `action` gets the EPOLL* events that came. Level-triggered unless EPOLLET is asked for.
  Result<Watch> watch(int fd, std::uint32_t events, std::function<void(std::uint32_t)> action);

  // `action` runs before each wait of the loop; libcoap needs it. One Watch, no descriptor.
  Result<Watch> before_wait(std::function<void()> action);

  // Calls `action` when the signal comes. The signal must be blocked (run() of every program blocks them first).
  Result<Watch> on_signal(int signal, std::function<void()> action);

  // Tells systemd's watchdog that the loop turns, where WATCHDOG_USEC asks for it; otherwise does nothing.
  void start_watchdog();

  // Runs until stop(); returns its code.
  int run();
  void stop(int exit_code);

  // Turns the loop until `done` says so or `limit` has passed; true when done. For command-line tools and tests.
  bool run_until(const std::function<bool()>& done, std::chrono::milliseconds limit);

  [[nodiscard]] sd_event* handle() const { return event_; }

 private:
  explicit EventLoop(sd_event* event);

  sd_event* event_;
  std::shared_ptr<TimerQueue> timers_;
  Watch timer_watch_;
  mutable std::chrono::milliseconds ahead_{std::chrono::milliseconds::min()};  // of wall time before monotonic time
};

}  // namespace homepatch
