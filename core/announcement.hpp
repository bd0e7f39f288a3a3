// What a device says of itself in one message, whichever protocol carried it. Protocol rooms make these; the
// inventory merges them into devices, the updater takes the live ones as evidence. It is a hint and authorises nothing:
// by the time one exists, its texts are plain (no control characters), bounded, and addressed to one identity.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/device_id.hpp"
#include "core/family.hpp"
#include "core/time.hpp"

namespace homepatch {

// What a device reports of the last installation it tried.
struct InstallResult {
  enum class Kind { success, failure };
  Kind kind = Kind::success;
  bool may_retry = false;  // of a failure: the family's table says that trying again can help
  std::string text;        // "Update Result 5: integrity check failure"; for people

  friend bool operator==(const InstallResult&, const InstallResult&) = default;
};

// Family-specific words by name: what a catalog's match keys are compared with (tasmota: chip, image) and how the
// device is spoken to (tasmota: command, status, telemetry topics; lwm2m: endpoint, registration).
using Facts = std::map<std::string, std::string, std::less<>>;

// The fact of any family that a release's `requires.mains` asks for; absent where the device does not say.
inline constexpr std::string_view kPowerFact = "power";
inline constexpr std::string_view kMainsPower = "mains";
inline constexpr std::string_view kBatteryPower = "battery";
// The fact of where a device that speaks to us directly is reached: it may change each time it wakes.
inline constexpr std::string_view kRemoteFact = "remote";

struct Announcement {
  static constexpr std::size_t kMaxText = 128;  // of each text below, in bytes
  static constexpr std::size_t kMaxFacts = 24;  // of one device
  static constexpr std::size_t kMaxFact = 300;  // one value, in bytes

  explicit Announcement(DeviceId id, Family kind, Time when, bool is_live)
      : device(std::move(id)), family(kind), at(when), live(is_live) {}

  DeviceId device;
  Family family;
  Time at;
  bool live;                  // false: a retained or stored copy, which is no sign of life
  bool restarted = false;     // the family sends such a message only after a boot
  bool intermediate = false;  // `version` is that of a helper image on the way to the target (minimal, safeboot)

  // Absent: this message did not say.
  std::optional<std::string> name;
  std::optional<std::string> manufacturer;
  std::optional<std::string> model;
  std::optional<std::string> hardware;
  std::optional<std::string> version;
  std::optional<std::string> address;  // IP literal the device can be reached at or will fetch from
  std::optional<bool> reachable;       // false: it or its proxy says that it is gone
  std::optional<bool> sleepy;          // true: runs on battery or sleeps; not to be updated unasked
  std::optional<InstallResult> result;
  Facts facts;
};

}  // namespace homepatch
