// A device of the home as the inventory knows it: the sum of its announcements and of what its owner decided.
// Pure: the inventory (daemon/find) feeds it, storage keeps it, planner and bus read it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/announcement.hpp"

namespace homepatch {

// The owner's word on a device. `fresh` is written "new" everywhere a person or a program reads it.
enum class Standing { fresh, accepted };
std::string_view to_string(Standing standing);
std::optional<Standing> standing_from(std::string_view text);

// Whether the device can be spoken to now.
enum class Condition { unknown, online, offline };
std::string_view to_string(Condition condition);

struct Device {
  explicit Device(DeviceId identity, Family kind) : id(std::move(identity)), family(kind) {}

  DeviceId id;
  Family family;
  std::string name;
  std::string manufacturer;
  std::string model;
  std::string hardware;
  std::string version;
  std::string address;
  bool intermediate = false;  // `version` is a helper image's
  bool sleepy = false;
  Standing standing = Standing::fresh;
  Condition condition = Condition::unknown;  // not stored: only a live message makes a device online
  bool version_live = false;                 // not stored: the version was heard live since the daemon started
  Time first_seen{};
  Time last_seen{};  // of a live message; zero: never
  Facts facts;

  friend bool operator==(const Device&, const Device&) = default;
};

// What a merge did, for those who store and publish.
struct MergeOutcome {
  bool described = false;  // a stored field changed
  bool moved = false;      // it is reached at another place, which may happen each time it wakes
  bool condition = false;  // online/offline changed
  bool seen = false;       // last_seen moved
};

// Takes what the announcement says into the device. A retained message never makes the device online or seen (a
// retained word of its absence does make it offline), and its version does not replace one that was heard live.
MergeOutcome merge(Device& device, const Announcement& announcement);

}  // namespace homepatch
