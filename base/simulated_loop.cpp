#include "base/simulated_loop.hpp"

#include <algorithm>

namespace homepatch {

class SimulatedLoop::Entry final : public Timer::Source {
 public:
  Entry(std::shared_ptr<Timers> timers, Key key) : timers_(std::move(timers)), key_(key) {}
  ~Entry() override { timers_->erase(key_); }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

 private:
  std::shared_ptr<Timers> timers_;
  Key key_;
};

Timer SimulatedLoop::after(std::chrono::milliseconds delay, std::function<void()> action) {
  const Key key{monotonic_ + std::max(delay, std::chrono::milliseconds::zero()), next_++};
  timers_->emplace(key, std::move(action));
  return Timer(std::make_unique<Entry>(timers_, key));
}

void SimulatedLoop::advance(std::chrono::milliseconds span) {
  const auto end = monotonic_ + span;
  while (!timers_->empty() && timers_->begin()->first.first <= end) {
    auto first = timers_->begin();
    const auto due = first->first.first;
    auto action = std::move(first->second);
    timers_->erase(first);
    wall_ += due - monotonic_;
    monotonic_ = due;
    action();
  }
  wall_ += end - monotonic_;
  monotonic_ = end;
}

}  // namespace homepatch
