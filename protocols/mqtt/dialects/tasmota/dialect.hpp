// The conversation with all Tasmota devices of the home, without any I/O: messages and time in, effects out. The
// household feeds it and carries out what it says. It decides whom to listen to and whom to ask, and turns what devices
// say into announcements. Holds nothing that a crash could lose.
//
// Trust: an announcement is a hint from anyone on the broker. To a topic that it names, only the question for the MAC
// address (Status 5) is ever sent until the device there has answered with the announced one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "core/announcement.hpp"
#include "protocols/mqtt/dialects/tasmota/asking.hpp"
#include "protocols/mqtt/dialects/tasmota/messages.hpp"
#include "protocols/mqtt/dialects/tasmota/roster.hpp"
#include "protocols/mqtt/message.hpp"

namespace homepatch::mqtt::tasmota {

// Of the wall, to stamp announcements; of the loop's monotonic clock, to wait.
struct Now {
  Time wall;
  Duration ticks;
};

struct Publish {
  std::string topic;
  std::string payload;
};
struct Subscribe {
  std::vector<std::string> filters;
};
struct Unsubscribe {
  std::vector<std::string> filters;
};
// For the log: what was refused and what can be done. At most kMaxRemarks a minute.
struct Remark {
  std::string text;
};
// A device's live words, for those who wait for an answer. Without words: it was introduced or its topics changed.
struct Heard {
  DeviceId device;
  std::optional<Words> words;
};
using Effect = std::variant<Announcement, Publish, Subscribe, Unsubscribe, Remark, Heard>;
using Effects = std::vector<Effect>;

// The fact of the topics on which the device last said who it is.
inline constexpr std::string_view kCheckedTopics = "checked_topics";

// How a device is spoken to.
struct Contact {
  std::string command;     // prefix, ends with '/'
  std::string topics;      // all its prefixes in one, as in kCheckedTopics
  bool confirmed = false;  // the device there said that it is the one
};

class Dialect {
 public:
  static constexpr unsigned kMaxRemarks = 6;

  struct Counters {
    std::uint64_t malformed = 0;    // announcements that were refused for what is in them
    std::uint64_t contested = 0;    // ... because another device has the topic
    std::uint64_t impostors = 0;    // devices that turned out to be others than announced, or no Tasmota
    std::uint64_t crowded_out = 0;  // the limit of devices was reached
    std::uint64_t dismissed = 0;    // the home took them not in
    std::uint64_t asked = 0;
  };

  // What the home made of a device. Called at each announcement: what it says may change.
  using Acquainted = std::function<Acquaintance(const DeviceId&)>;

  explicit Dialect(std::size_t most_devices = kMaxDevices, Acquainted acquainted = {})
      : roster_(most_devices), acquainted_(std::move(acquainted)) {}

  // The broker has forgotten our subscriptions: those to devices that are known are made again. The caller subscribes
  // kDiscoveryFilter.
  Effects on_connected();
  Effects on_message(const Message& message, Now now);
  Effects on_time(Now now);
  // When on_time has something to do, on the monotonic clock; nothing: not before a message.
  [[nodiscard]] std::optional<Duration> next_wake() const { return asking_.wake_at(); }

  // The home took the device not in: it is not listened to and not asked until it is announced anew.
  Effects dismiss(const DeviceId& device);

  // While quiet, the device is not asked anything from here: a question during an update makes it fail
  // (arendst/Tasmota #21807). Also for devices that are not known yet.
  void quiet(const DeviceId& device, bool on, Now now);

  // Nothing for a device that has not been announced since the start, or was refused.
  [[nodiscard]] std::optional<Contact> contact(const DeviceId& device);

  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] std::size_t devices() const { return roster_.size(); }

 private:
  void on_config(std::string_view topic_mac, const Message& message, Now now, Effects& out);
  Member* admit(const DeviceId& device, Now now, Effects& out);
  bool take_seat(Member& member, const Config& config, Now now, Effects& out);
  void displace(Member& member, Effects& out);
  void on_last_will(Member& member, const Message& message, Now now, Effects& out);
  void on_state(Member& member, Now now, Effects& out);
  void on_words(Member& member, const Words& words, Now now, Effects& out);
  void on_firmware(Member& member, const FirmwareWords& words, Now now, Effects& out);
  void on_network(Member& member, const NetworkWords& words, Now now, Effects& out);
  void strike(Member& member, const std::string& why, Now now, Effects& out);
  void vacated(const Topics& topics, Effects& out);

  void occasion(Member& member, unsigned asks, Duration delay, Now now);
  void ask(Member& member, Now now, Effects& out);
  void remark(std::string text, Now now, Effects& out);

  [[nodiscard]] Acquaintance acquaintance(const DeviceId& device) const;

  Roster roster_;
  Acquainted acquainted_;
  Asking asking_;
  std::set<DeviceId> quiet_;
  std::map<std::string, DeviceId> waiting_;  // by the prefix that another device has: the last one that wanted it
  Counters counters_;
  unsigned remarks_ = 0;
  std::optional<Duration> remarks_since_;
};

}  // namespace homepatch::mqtt::tasmota
