// Who is to be asked next, and when: spread over time, so that a thousand retained announcements do not become a
// thousand questions in one second; those whom the home knows best come before all others. Times are those of the
// loop's monotonic clock.
#pragma once

#include <array>
#include <optional>
#include <set>
#include <utility>

#include "protocols/mqtt/dialects/tasmota/roster.hpp"

namespace homepatch::mqtt::tasmota {

inline constexpr unsigned kMaxAsksPerSecond = 20;

class Asking {
 public:
  // In place of the member's present turn, if it has one.
  void schedule(Member& member, Duration at);
  void cancel(Member& member);

  // The member whose turn has come, taken from its queue; nothing while it is too early for anyone.
  std::optional<DeviceId> next(Duration now);

  [[nodiscard]] std::optional<Duration> wake_at() const;

 private:
  std::array<std::set<std::pair<Duration, DeviceId>>, kAcquaintances> queues_;
  Duration not_before_{};
};

}  // namespace homepatch::mqtt::tasmota
