// What happened to an update while the disk took nothing, in its order, with the time at which it happened: a device's
// proof must not seem older than the phase that it belongs to. Bounded; one more than are kept is lost, and the phase's
// own end still comes.
#pragma once

#include <deque>
#include <utility>

#include "core/update.hpp"

namespace homepatch {

struct Happened {
  UpdateEvent event;
  Time at;
};

class Unsaved {
 public:
  static constexpr std::size_t kMost = 32;

  void keep(const Happened& happened) {
    if (!passes_by(happened.event) && waiting_.size() < kMost) waiting_.push_back(happened);
  }
  void drop_first() { waiting_.pop_front(); }
  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  [[nodiscard]] const Happened& first() const { return waiting_.front(); }

 private:
  // Worth something at its moment only.
  static bool passes_by(const UpdateEvent& event) {
    const auto* spoke = std::get_if<DeviceSpoke>(&event);
    if (spoke == nullptr) return std::holds_alternative<Stirred>(event);
    return !spoke->version && !spoke->result && !spoke->restarted && spoke->reachable != false;
  }

  std::deque<Happened> waiting_;
};

}  // namespace homepatch
