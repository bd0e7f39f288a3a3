// An update as a story: events one after the other in time, each reaction taken over as the updater would.
#pragma once

#include <utility>

#include "core/update.hpp"

namespace homepatch {

using namespace std::chrono_literals;

inline constexpr std::string_view kOld = "1.0";
inline constexpr std::string_view kNew = "2.0";
inline constexpr std::string_view kOther = "3.0";

inline InstallResult success() { return {InstallResult::Kind::success, false, "success"}; }
inline InstallResult failure(bool may_retry = false) {
  return {InstallResult::Kind::failure, may_retry, "integrity check failure"};
}

// What a device says; the time is set when the story is told.
inline DeviceSpoke says(std::string_view version) {
  DeviceSpoke spoke;
  spoke.version = std::string(version);
  return spoke;
}
inline DeviceSpoke boots(std::string_view version) {
  auto spoke = says(version);
  spoke.restarted = true;
  return spoke;
}
inline DeviceSpoke boots() {
  DeviceSpoke spoke;
  spoke.restarted = true;
  return spoke;
}
inline DeviceSpoke boots_helper(std::string_view version) {
  auto spoke = boots(version);
  spoke.intermediate = true;
  return spoke;
}
inline DeviceSpoke says_helper(std::string_view version) {
  auto spoke = says(version);
  spoke.intermediate = true;
  return spoke;
}
inline DeviceSpoke with(DeviceSpoke spoke, InstallResult result) {
  spoke.result = std::move(result);
  return spoke;
}
inline DeviceSpoke reports(InstallResult result) { return with({}, std::move(result)); }
inline DeviceSpoke gone() {
  DeviceSpoke spoke;
  spoke.reachable = false;
  return spoke;
}
inline DeviceSpoke back() {
  DeviceSpoke spoke;
  spoke.reachable = true;
  return spoke;
}

struct Story {
  static constexpr Time kBegin = Time(std::chrono::hours(24 * 365 * 55));

  Story() : update(DeviceId::from_mac("e0980680ff6d").value(), Family::tasmota) {
    update.id = 1;
    update.from_version = kOld;
    update.to_version = kNew;
    update.created = update.phase_since = now;
    then(Resume{});
  }

  // The event happens now.
  Story& then(UpdateEvent event) {
    if (auto* spoke = std::get_if<DeviceSpoke>(&event)) spoke->at = now;
    return take(event);
  }

  // The event as it is: for evidence that is older than the moment it is dealt with.
  Story& take(const UpdateEvent& event) {
    auto reaction = react(update, event, rules, now);
    update = std::move(reaction.next);
    command = reaction.command;
    saved = reaction.save;
    return *this;
  }

  Story& after(Duration span) {
    now += span;
    return *this;
  }

  // The present phase's time runs out.
  Story& time_passes() {
    now = update.next_step.value_or(now);
    return then(Due{});
  }

  Story& to_fetching() { return then(SlotFree{}); }
  Story& to_transferring() { return to_fetching().after(1s).then(ImagesReady{}); }
  Story& to_installing() { return to_transferring().after(20s).then(Transferred{}); }
  Story& to_soak() { return to_installing().then(Installing{}).after(30s).then(boots(kNew)); }
  // The soak is over and the device was asked for its version.
  Story& to_last_question() { return to_soak().time_passes(); }
  Story& to_confirmed() { return to_last_question().after(1s).then(says(kNew)); }

  [[nodiscard]] Phase phase() const { return update.phase; }
  [[nodiscard]] Reason reason() const { return update.reason; }
  [[nodiscard]] Duration time_left() const { return update.next_step ? *update.next_step - now : Duration(-1); }

  UpdateRules rules;
  Time now = kBegin;
  Update update;
  Command command = Command::none;
  bool saved = false;
};

}  // namespace homepatch
