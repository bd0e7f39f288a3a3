// What Tasmota devices say under stat/ and tele/, as values: one parser from (last level of the topic, payload). Which
// message it is is decided by its words and not by its topic alone, because SetOption4 moves answers to other topics.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/device_id.hpp"
#include "protocols/mqtt/dialects/tasmota/version_text.hpp"

namespace homepatch::mqtt::tasmota {

inline constexpr std::size_t kMaxMessage = 16 * 1024;  // bytes; longer ones say nothing

// INFO1: sent at the first connect after a boot, wrapped in "Info1" since about 9.x.
struct BootWords {
  std::optional<VersionText> version;
};
// INFO2, after INFO1.
struct HostWords {
  std::optional<std::string> address;
};
// INFO3, after INFO2.
struct RestartWords {};
// STATUS2: the answer to Status 2.
struct FirmwareWords {
  std::optional<VersionText> version;
  std::string hardware;  // "ESP8266EX", "ESP32-D0WD-V3 rev3.1"; plain text, may be empty
  bool foreign = false;  // speaks like Tasmota and is not: OpenBeken (SDK "obk")
};
// STATUS5: the answer to Status 5.
struct NetworkWords {
  std::optional<DeviceId> mac;
  std::optional<std::string> address;
};
// The answer to OtaUrl, with or without a value.
struct OtaUrlWords {
  std::string url;  // plain text
};
// All that is said of an upgrade, before and after it.
struct UpgradeWords {
  enum class Kind {
    accepted,   // "Version <running> from <url>", "Safeboot"
    succeeded,  // "Successful. Restarting": of the installation, not of the update
    failed,     // "Failed <text>"
    other,      // "1 or >14.2.0 to upgrade" and the like: a refusal
  };
  Kind kind = Kind::other;
  std::string text;       // the device's words, fit to be shown
  bool may_retry = true;  // of a failure: false when the same image must fail again
};
// {"Command":"Unknown"}: the device does not know what it was asked.
struct UnknownCommandWords {};

using Words = std::variant<BootWords, HostWords, RestartWords, FirmwareWords, NetworkWords, OtaUrlWords, UpgradeWords,
                           UnknownCommandWords>;

// Nothing for what is not understood. Never LWT: its texts are each device's own.
std::optional<Words> parse_words(std::string_view name, std::string_view payload);

}  // namespace homepatch::mqtt::tasmota
