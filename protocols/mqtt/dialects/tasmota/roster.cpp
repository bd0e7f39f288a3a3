#include "protocols/mqtt/dialects/tasmota/roster.hpp"

#include <algorithm>
#include <utility>

namespace homepatch::mqtt::tasmota {

Member* Roster::find(const DeviceId& id) {
  const auto found = members_.find(id);
  return found == members_.end() ? nullptr : &found->second;
}

Member* Roster::admit(const DeviceId& id, Acquaintance acquaintance, std::optional<Member>& gone) {
  if (auto* known = find(id)) {
    get_acquainted(*known, acquaintance);
    return known;
  }
  if (members_.size() >= most_) {
    if (unconfirmed_.empty() || unconfirmed_.begin()->first.first > acquaintance) return nullptr;
    Member& least = *unconfirmed_.begin()->second;
    gone = least;
    remove(least);
  }
  Member& member = members_.emplace(id, Member(id)).first->second;
  member.acquaintance = acquaintance;
  member.age = next_age_++;
  unconfirmed_[rank(member)] = &member;
  return &member;
}

void Roster::remove(Member& member) {
  const DeviceId id = member.id;
  unseat(member);
  unconfirmed_.erase(rank(member));
  members_.erase(id);
}

void Roster::get_acquainted(Member& member, Acquaintance acquaintance) {
  const bool waits = unconfirmed_.erase(rank(member)) > 0;
  member.acquaintance = acquaintance;
  if (waits) unconfirmed_[rank(member)] = &member;
}

std::optional<Roster::Taken> Roster::taken(const Member& member, const Topics& topics) const {
  for (const auto* prefix : {&topics.command, &topics.status, &topics.telemetry}) {
    const auto found = by_prefix_.find(*prefix);
    if (found != by_prefix_.end() && found->second != &member) return Taken{found->second, *prefix};
  }
  if (auto above = taken_above(member, topics.command)) return above;
  return taken_below(member, topics.command);
}

std::optional<Roster::Taken> Roster::taken_above(const Member& member, const std::string& command) const {
  for (auto slash = command.find('/'); slash != std::string::npos; slash = command.find('/', slash + 1)) {
    const auto found = by_command_.find(std::string_view(command).substr(0, slash + 1));
    if (found != by_command_.end() && found->second != &member) return Taken{found->second, std::string(found->first)};
  }
  return std::nullopt;
}

// What begins with the prefix stands in one row behind it; the member's own present one may be in between.
std::optional<Roster::Taken> Roster::taken_below(const Member& member, const std::string& command) const {
  auto at = by_command_.lower_bound(command);
  if (at != by_command_.end() && at->second == &member) ++at;
  if (at == by_command_.end() || !at->first.starts_with(command)) return std::nullopt;
  return Taken{at->second, std::string(at->first)};
}

std::optional<Roster::Taken> Roster::seat(Member& member, const Topics& topics) {
  if (auto other = taken(member, topics)) return other;
  unseat(member);
  member.topics = topics;
  for (const auto* prefix : {&member.topics.command, &member.topics.status, &member.topics.telemetry}) {
    by_prefix_[*prefix] = &member;
  }
  by_command_[member.topics.command] = &member;
  member.seated = true;
  return std::nullopt;
}

void Roster::unseat(Member& member) {
  if (member.confirmed) unconfirmed_[rank(member)] = &member;
  member.confirmed = false;
  if (!std::exchange(member.seated, false)) return;
  for (const auto* prefix : {&member.topics.command, &member.topics.status, &member.topics.telemetry}) {
    by_prefix_.erase(*prefix);
  }
  by_command_.erase(member.topics.command);
}

void Roster::confirm(Member& member) {
  member.confirmed = true;
  unconfirmed_.erase(rank(member));
}

std::optional<Roster::Place> Roster::locate(std::string_view topic) {
  const auto slash = topic.rfind('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto found = by_prefix_.find(topic.substr(0, slash + 1));
  if (found == by_prefix_.end()) return std::nullopt;
  Member& member = *found->second;
  if (found->first == member.topics.command) return std::nullopt;
  return Place{&member, topic.substr(slash + 1)};
}

std::vector<Member*> Roster::seated() {
  std::vector<Member*> out;
  for (auto& [id, member] : members_) {
    if (member.seated) out.push_back(&member);
  }
  return out;
}

}  // namespace homepatch::mqtt::tasmota
