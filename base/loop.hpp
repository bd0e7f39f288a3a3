// The port through which the engine meets time: the wall clock, timers, and "on a later turn".
// Two implementations: EventLoop (sd-event, the daemon) and SimulatedLoop (tests, in simulated time).
// One thread: nothing here may be called from another one; see mailbox.hpp for that.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace homepatch {

// Destroying it cancels what it stands for. A default-constructed one stands for nothing.
class Timer {
 public:
  class Source {
   public:
    virtual ~Source() = default;
  };

  Timer() = default;
  explicit Timer(std::unique_ptr<Source> source) : source_(std::move(source)) {}

  [[nodiscard]] bool armed() const { return source_ != nullptr; }
  void cancel() { source_.reset(); }

 private:
  std::unique_ptr<Source> source_;
};

class Loop {
 public:
  using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

  virtual ~Loop() = default;

  // UTC by the system clock, but within one run it only moves forward: when the clock is set back, time goes on from
  // where it was. Whether it may be believed is core/trusted_time's matter.
  [[nodiscard]] virtual WallTime now() const = 0;

  // Never jumps, and starts anywhere: only differences mean something.
  [[nodiscard]] virtual std::chrono::milliseconds monotonic() const = 0;

  // Calls `action` once, `delay` from now and never inside this call; zero or less means the loop's next turn.
  // Timers of equal time fire in the order in which they were made. `action` may destroy its own Timer.
  [[nodiscard]] virtual Timer after(std::chrono::milliseconds delay, std::function<void()> action) = 0;
};

}  // namespace homepatch
