#include "core/device.hpp"

namespace homepatch {

namespace {

bool take(std::string& field, const std::optional<std::string>& said) {
  if (!said || *said == field) return false;
  field = *said;
  return true;
}

bool take(bool& field, const std::optional<bool>& said) {
  if (!said || *said == field) return false;
  field = *said;
  return true;
}

// The helper mark goes with the version. A retained copy may be older than what the device said since.
bool take_version(Device& device, const Announcement& announcement) {
  if (!announcement.version) return false;
  if (!announcement.live && device.version_live) return false;
  const bool changed = device.version != *announcement.version || device.intermediate != announcement.intermediate;
  device.version = *announcement.version;
  device.intermediate = announcement.intermediate;
  device.version_live = device.version_live || announcement.live;
  return changed;
}

void take_facts(Facts& facts, const Facts& said, MergeOutcome& outcome) {
  for (const auto& [key, value] : said) {
    auto found = facts.find(key);
    if (found == facts.end()) {
      if (facts.size() >= Announcement::kMaxFacts) continue;
      facts.emplace(key, value);
      outcome.described = true;
    } else if (found->second != value) {
      found->second = value;
      (key == kRemoteFact ? outcome.moved : outcome.described) = true;
    }
  }
}

Condition condition_after(Condition before, const Announcement& announcement) {
  if (announcement.reachable == false) return Condition::offline;
  if (announcement.live) return Condition::online;
  return before;
}

}  // namespace

std::string_view to_string(Standing standing) { return standing == Standing::accepted ? "accepted" : "new"; }

std::optional<Standing> standing_from(std::string_view text) {
  if (text == "accepted") return Standing::accepted;
  if (text == "new") return Standing::fresh;
  return std::nullopt;
}

std::string_view to_string(Condition condition) {
  switch (condition) {
    case Condition::unknown: return "unknown";
    case Condition::online: return "online";
    case Condition::offline: return "offline";
  }
  return "unknown";
}

MergeOutcome merge(Device& device, const Announcement& announcement) {
  MergeOutcome outcome;
  outcome.described |= take(device.name, announcement.name);
  outcome.described |= take(device.manufacturer, announcement.manufacturer);
  outcome.described |= take(device.model, announcement.model);
  outcome.described |= take(device.hardware, announcement.hardware);
  const bool was_nowhere = device.address.empty();
  (was_nowhere ? outcome.described : outcome.moved) |= take(device.address, announcement.address);
  outcome.described |= take_version(device, announcement);
  outcome.described |= take(device.sleepy, announcement.sleepy);
  take_facts(device.facts, announcement.facts, outcome);

  const Condition condition = condition_after(device.condition, announcement);
  outcome.condition = condition != device.condition;
  device.condition = condition;

  // Word of its absence comes from others (a broker's last will): that is no sight of it.
  if (announcement.live && announcement.reachable != false && announcement.at > device.last_seen) {
    device.last_seen = announcement.at;
    outcome.seen = true;
  }
  return outcome;
}

}  // namespace homepatch
