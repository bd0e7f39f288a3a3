// What a Tasmota device announces of itself, retained, under tasmota/discovery/<MAC>/config. Foreign bytes in, checked
// values out; nothing of it is believed before the device itself has answered on the topics that it names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/device_id.hpp"
#include "protocols/mqtt/dialects/tasmota/topics.hpp"

namespace homepatch::mqtt::tasmota {

inline constexpr std::string_view kDiscoveryFilter = "tasmota/discovery/+/config";
inline constexpr std::size_t kMaxConfig = 16 * 1024;  // bytes; real ones have 0.8 to 1.3 kB

struct Config {
  explicit Config(DeviceId id) : device(std::move(id)) {}

  DeviceId device;
  Topics topics;
  std::string name;                    // plain text, bounded; may be empty
  std::string model;                   // the same
  std::optional<std::string> version;  // without the image's name
  std::optional<std::string> address;  // IP literal
  std::string online_text = "Online";
  std::string offline_text = "Offline";
  std::optional<bool> battery;
  bool sleepy = false;  // on a battery, or in deep sleep between messages
};

std::string discovery_topic(const DeviceId& device);

// The <MAC> of a discovery topic, in upper case as the firmware writes it; nothing for every other topic.
std::optional<std::string_view> discovery_mac(std::string_view topic);

// too_large or malformed, with a text for people. Numbers may come as strings and unknown keys in any number; the MAC
// inside must be that of the topic.
Result<Config> parse_config(std::string_view topic_mac, std::string_view payload);

}  // namespace homepatch::mqtt::tasmota
