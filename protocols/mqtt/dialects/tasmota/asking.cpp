#include "protocols/mqtt/dialects/tasmota/asking.hpp"

#include <algorithm>

namespace homepatch::mqtt::tasmota {

namespace {

constexpr Duration kSpacing = Duration(1000) / kMaxAsksPerSecond;

}  // namespace

void Asking::schedule(Member& member, Duration at) {
  cancel(member);
  member.ask_at = at;
  queue_.emplace(at, member.id);
}

void Asking::cancel(Member& member) {
  if (!member.ask_at) return;
  queue_.erase({*member.ask_at, member.id});
  member.ask_at.reset();
}

std::optional<DeviceId> Asking::next(Duration now) {
  if (queue_.empty() || now < *wake_at()) return std::nullopt;
  DeviceId id = queue_.begin()->second;
  queue_.erase(queue_.begin());
  not_before_ = now + kSpacing;
  return id;
}

std::optional<Duration> Asking::wake_at() const {
  if (queue_.empty()) return std::nullopt;
  return std::max(queue_.begin()->first, not_before_);
}

}  // namespace homepatch::mqtt::tasmota
