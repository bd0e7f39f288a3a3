// The Tasmota devices that this home's broker knows, and which of them may use which topics: one topic, one device,
// first come, unless the home knows the second better. Bounded; a flood of invented devices pushes out invented ones.
// Lives in memory only: the broker's retained announcements fill it again at each start.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/device_id.hpp"
#include "core/time.hpp"
#include "protocols/mqtt/dialects/tasmota/discovery.hpp"

namespace homepatch::mqtt::tasmota {

inline constexpr std::size_t kMaxDevices = 4096;

// What this home made of a device before, worst first.
enum class Acquaintance { stranger, listed, accepted };
inline constexpr std::size_t kAcquaintances = 3;

struct Member {
  explicit Member(DeviceId identity) : id(std::move(identity)) {}

  DeviceId id;
  Acquaintance acquaintance = Acquaintance::stranger;
  Topics topics;
  std::string online_text;
  std::string offline_text;
  std::size_t fingerprint = 0;     // of the last announcement's bytes; 0: withdrawn
  bool seated = false;             // its topics are its own here; otherwise nothing is sent to it or heard from it
  bool confirmed = false;          // STATUS5 on its topics said its MAC address, on this connection or an earlier one
  bool place_known = false;        // it said itself where it is; what is announced of that counts no more
  bool offline = false;            // its last will says so
  bool firmware_wanted = true;     // STATUS2 is to be asked for
  std::optional<bool> on_helper;   // whether the running image is minimal or safeboot, once it was said
  std::optional<Duration> booted;  // when it last said so, on the loop's own clock
  unsigned asks_left = 0;          // of the present occasion
  std::optional<Duration> ask_at;  // its place in the Asking queue
  std::uint64_t age = 0;           // lower is older
};

class Roster {
 public:
  explicit Roster(std::size_t most = kMaxDevices) : most_(most) {}
  Roster(const Roster&) = delete;
  Roster& operator=(const Roster&) = delete;

  [[nodiscard]] Member* find(const DeviceId& id);

  // The member, new ones unseated. When all places are taken, an unconfirmed member has to go and is handed out in
  // `gone`: of the least known, the oldest. nullptr when every member is confirmed or better known than the new one.
  Member* admit(const DeviceId& id, Acquaintance acquaintance, std::optional<Member>& gone);

  struct Taken {
    Member* by;
    std::string prefix;  // of `by`
  };
  // Gives the topics to the member. Nothing changes where another member has one of them, or a command prefix that is
  // some levels above or below: a Tasmota device takes everything below its own for a command.
  std::optional<Taken> seat(Member& member, const Topics& topics);
  void unseat(Member& member);
  void remove(Member& member);
  void confirm(Member& member);

  struct Place {
    Member* member;
    std::string_view name;  // the topic's last level; lives as long as `topic` does
  };
  // Whose status or telemetry topic it is.
  [[nodiscard]] std::optional<Place> locate(std::string_view topic);

  [[nodiscard]] std::vector<Member*> seated();
  [[nodiscard]] std::size_t size() const { return members_.size(); }

 private:
  using Rank = std::pair<Acquaintance, std::uint64_t>;  // and age
  static Rank rank(const Member& member) { return {member.acquaintance, member.age}; }
  void get_acquainted(Member& member, Acquaintance acquaintance);
  [[nodiscard]] std::optional<Taken> taken(const Member& member, const Topics& topics) const;
  [[nodiscard]] std::optional<Taken> taken_above(const Member& member, const std::string& command) const;
  [[nodiscard]] std::optional<Taken> taken_below(const Member& member, const std::string& command) const;

  const std::size_t most_;
  std::map<DeviceId, Member> members_;
  std::map<Rank, Member*> unconfirmed_;                      // who has to go, first to last
  std::unordered_map<std::string_view, Member*> by_prefix_;  // keys live in the members' topics
  std::map<std::string_view, Member*> by_command_;           // the same
  std::uint64_t next_age_ = 0;
};

}  // namespace homepatch::mqtt::tasmota
