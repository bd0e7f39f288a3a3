// The loop of tests: time stands still until it is advanced, and then passes without waiting.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "base/loop.hpp"

namespace homepatch {

class SimulatedLoop final : public Loop {
 public:
  explicit SimulatedLoop(WallTime start) : wall_(start) {}

  [[nodiscard]] WallTime now() const override { return wall_; }
  [[nodiscard]] std::chrono::milliseconds monotonic() const override { return monotonic_; }
  [[nodiscard]] Timer after(std::chrono::milliseconds delay, std::function<void()> action) override;

  // Fires every timer that falls due within `span`, each at its own time, those made on the way included.
  void advance(std::chrono::milliseconds span);

  // Fires what is due now (and what that makes due now) without letting time pass.
  void settle() { advance(std::chrono::milliseconds::zero()); }

  // The wall clock alone jumps, as when network time arrives; timers do not notice.
  void set_wall_clock(WallTime wall) { wall_ = wall; }

  [[nodiscard]] std::size_t armed_timers() const { return timers_->size(); }

 private:
  using Key = std::pair<std::chrono::milliseconds, std::uint64_t>;
  using Timers = std::map<Key, std::function<void()>>;
  class Entry;

  WallTime wall_;
  std::chrono::milliseconds monotonic_{0};
  std::uint64_t next_ = 0;
  std::shared_ptr<Timers> timers_ = std::make_shared<Timers>();
};

}  // namespace homepatch
