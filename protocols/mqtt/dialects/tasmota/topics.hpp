// The three topic prefixes under which one Tasmota device listens and speaks, built from its own announcement and never
// assumed. What an announcement could use to make us speak to somebody else is refused here.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/device_id.hpp"

namespace homepatch::mqtt::tasmota {

inline constexpr std::size_t kMaxTopic = 200;  // of a prefix, in bytes

// As announced: keys ft, t, hn and tp of tasmota/discovery/<MAC>/config.
struct TopicTemplate {
  std::string full_topic;  // "%prefix%/%topic%/"
  std::string topic;       // "tasmota_80FF6D"
  std::string hostname;    // may be empty
  std::array<std::string, 3> prefixes{"cmnd", "stat", "tele"};
};

// Each ends with '/'.
struct Topics {
  std::string command;
  std::string status;
  std::string telemetry;

  friend bool operator==(const Topics&, const Topics&) = default;
};

// malformed for: a template without %prefix% or %topic%, an unknown %token%, wildcards, control characters, empty
// levels, topics above kMaxTopic, under '$', tasmota/discovery, homeassistant or homepatch, a command topic on which
// other devices listen too (the group topic, the fallback topic that each has), or two prefixes that are one. %id% is
// the MAC address in 12 digits, as the firmware has it (GetTopic_P).
Result<Topics> build_topics(const TopicTemplate& announced, const DeviceId& device);

// "E0980680FF6D": the MAC address as Tasmota writes it in topics.
std::string mac_digits(const DeviceId& device);

// Exactly those topics of the device that this dialect understands.
std::vector<std::string> filters(const Topics& topics);

// True for topics of which only the newest message counts: announcements, last wills, periodic states. Pure; called on
// any thread.
bool is_state_topic(std::string_view topic);

}  // namespace homepatch::mqtt::tasmota
