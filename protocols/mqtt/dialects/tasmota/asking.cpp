#include "protocols/mqtt/dialects/tasmota/asking.hpp"

#include <algorithm>

namespace homepatch::mqtt::tasmota {

namespace {

constexpr Duration kSpacing = Duration(1000) / kMaxAsksPerSecond;

}  // namespace

void Asking::schedule(Member& member, Duration at) {
  cancel(member);
  member.ask_at = at;
  queues_.at(static_cast<std::size_t>(member.acquaintance)).emplace(at, member.id);
}

void Asking::cancel(Member& member) {
  if (!member.ask_at) return;
  // Wherever it stands: it may be known better by now.
  for (auto& queue : queues_) queue.erase({*member.ask_at, member.id});
  member.ask_at.reset();
}

std::optional<DeviceId> Asking::next(Duration now) {
  if (now < not_before_) return std::nullopt;
  for (auto queue = queues_.rbegin(); queue != queues_.rend(); ++queue) {
    if (queue->empty() || now < queue->begin()->first) continue;
    DeviceId id = queue->begin()->second;
    queue->erase(queue->begin());
    not_before_ = now + kSpacing;
    return id;
  }
  return std::nullopt;
}

std::optional<Duration> Asking::wake_at() const {
  std::optional<Duration> first;
  for (const auto& queue : queues_) {
    if (!queue.empty()) first = std::min(first.value_or(queue.begin()->first), queue.begin()->first);
  }
  if (first) first = std::max(*first, not_before_);
  return first;
}

}  // namespace homepatch::mqtt::tasmota
