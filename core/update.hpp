// One device being taken to one release: the persisted state machine. react() is pure: the updater (daemon/act) saves
// what it returns, then carries out its command. Resume after a crash is one more event, which enters the current phase
// anew, so every command is safe to run twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/announcement.hpp"
#include "core/catalog.hpp"
#include "core/reason.hpp"
#include "core/time.hpp"

namespace homepatch {

// In the order of time. Terminal ones last.
enum class Phase {
  waiting,       // for a slot, or for the next attempt: reason and date say which
  fetching,      // the image is on its way from the feed into the cache
  transferring,  // the device is being given, or is fetching, the image
  installing,    // the device has the whole image; it installs and restarts
  confirming,    // the device proved the new image; now it must stay well through the soak
  confirmed,
  failed,
  fell_back,  // it came back with the version it had
  lost,       // it did not come back
  cancelled,
};
std::string_view to_string(Phase phase);
std::optional<Phase> phase_from(std::string_view text);
bool is_terminal(Phase phase);

// An image that belongs to an update, by the role that it has for the device.
struct UpdateImage {
  std::string component;  // "app", "minimal"
  std::string target;
  std::string file_name;  // under which it is served
  std::uint64_t length = 0;
  Digest sha256;

  friend bool operator==(const UpdateImage&, const UpdateImage&) = default;
};

using UpdateId = std::int64_t;

struct Update {
  explicit Update(DeviceId of, Family kind) : device(std::move(of)), family(kind) {}

  UpdateId id = 0;
  DeviceId device;
  Family family;
  std::string feed;
  std::string catalog;  // its path
  std::string release;  // its id
  std::string from_version;
  std::string to_version;
  std::vector<UpdateImage> images;  // the first is the one that is delivered
  std::string token;                // the unguessable folder under which its images are served
  std::string asked_by;             // "policy", or who on the bus

  Phase phase = Phase::waiting;
  Reason reason = Reason::waits_for_slot;
  std::string detail;  // for people: the device's or server's own words, made printable
  Time created{};
  Time phase_since{};
  std::optional<Time> next_step;  // when the present phase ends or is looked at again by itself (I5)
  unsigned attempts = 0;          // of the device, that failed
  unsigned gateway_failures = 0;  // of the gateway or the feed: they never count as the device's attempts (I11)
  unsigned transitions = 0;
  unsigned restarts = 0;    // of the device during the soak
  bool restarted = false;   // it was seen to restart since the present phase began (transferring: into its helper)
  bool rechecking = false;  // time is up and the device was asked for its version once more
  bool settled = false;     // what the update changed on the device, and what it held here, was put back

  friend bool operator==(const Update&, const Update&) = default;
};

// What happens to an update. Times of evidence are those of the live messages themselves.
struct Resume {};     // creation, or the daemon's restart
struct Due {          // next_step has come; one that comes too early changes nothing
  bool away = false;  // the device cannot be reached now
};
struct ClockJumped {  // forward, as when network time arrives; phases keep the time that they had
  Duration by{};
};
struct SlotFree {};  // a waiting update may begin; changes nothing unless it is ready
struct ImagesReady {};
struct ImagesFailed {
  Reason reason = Reason::image_not_available;
  bool may_retry = true;
  std::string text;
  std::optional<Time> not_before;  // the gateway itself waits until then: no failure, and asking earlier is in vain
};
struct Transferred {};
struct Installing {};
struct DeliveryFailed {
  Reason reason = Reason::transfer_failed;
  bool may_retry = true;
  bool counts = true;  // false: shed by the gateway itself, not the device's failure (I11)
  std::string text;
  std::optional<Time> not_before;  // reason asleep: it need not be tried sooner, unless the device speaks
};
struct Stirred {};    // progress was made: the stall limit starts anew; not saved
struct DeviceSpoke {  // a live announcement of the device, never a retained one (I4)
  Time at{};
  bool restarted = false;
  bool intermediate = false;
  std::optional<bool> reachable;
  std::optional<std::string> version;
  std::optional<InstallResult> result;
};
struct CancelAsked {
  std::string by;
};
struct TakenBack {  // an image of it: nothing more of it may go out (I7)
  std::string by;   // who, and why, for people
};
struct Settled {};

using UpdateEvent = std::variant<Resume, Due, ClockJumped, SlotFree, ImagesReady, ImagesFailed, Transferred, Installing,
                                 DeliveryFailed, Stirred, DeviceSpoke, CancelAsked, TakenBack, Settled>;

enum class Command {
  none,
  fetch,     // bring the images into the cache
  transfer,  // hand the image to the device
  install,   // tell the device to install what it holds (no-op for families that do it by themselves)
  inquire,   // ask the device for its version
  settle,    // put back what was changed on the device, release what is held
};

struct UpdateRules {
  Duration fetch_limit = std::chrono::hours(2);
  Duration transfer_stall = std::chrono::minutes(10);  // without any progress
  Duration transfer_limit = std::chrono::hours(24);    // in all, however slowly it goes on
  Duration install_limit = std::chrono::minutes(10);   // until the device is back
  Duration soak = std::chrono::minutes(30);
  Duration recheck_limit = std::chrono::minutes(5);
  Duration retry_base = std::chrono::minutes(5);  // doubles with each attempt, at most a day
  unsigned max_attempts = 3;
  unsigned max_gateway_failures = 10;  // with the default pauses: about two days
  unsigned max_soak_restarts = 2;

  friend bool operator==(const UpdateRules&, const UpdateRules&) = default;
};

inline constexpr unsigned kMaxTransitions = 64;

// An update that waits for a slot or for its device is looked at this often, and one whose device stays away ends (I5).
inline constexpr Duration kLookAgain = std::chrono::hours(1);
inline constexpr Duration kLongestAbsence = std::chrono::days(14);

struct Reaction {
  Update next;
  Command command = Command::none;
  bool save = false;  // false: nothing changed that must outlive a crash
};

Reaction react(const Update& update, const UpdateEvent& event, const UpdateRules& rules, Time now);

// Whether the phase uses one of the few slots for updates under way.
bool holds_slot(Phase phase);

// Whether it waits for a slot or for its device: its next_step is then only the date of the next look.
bool waits_openly(const Update& update);

// Whether a free slot may be given to it now.
bool is_ready(const Update& update, Time now);

}  // namespace homepatch
