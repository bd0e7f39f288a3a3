// What the daemon shows of its devices, releases and updates, as this program reads them off the bus: plain fields,
// the daemon's own spellings, foreign text as it came (whoever prints it makes it printable). Times are milliseconds
// since 1970 UTC, 0 where not known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cli/bus.hpp"

namespace homepatch::cli {

// Until when the maker cares for a model, and what it says of the time after.
struct SupportView {
  std::string end;
  std::string kind;               // guaranteed, anticipated
  std::string advice_after_end;   // for the time after `end`
  bool end_of_life = false;       // nothing more is published, whatever `end` says
  std::string end_of_life_since;  // may be empty
  std::string end_of_life_advice;
  std::string security_contact;
};

// What vouches for the releases of a model.
struct TrustView {
  std::string provenance;
  std::string signed_by;    // the roles, for people
  std::string verified_by;  // gateway, or gateway and device
};

struct DeviceView {
  std::string path;
  std::string id;
  std::string name;
  std::string family;
  std::string manufacturer;
  std::string model;
  std::string hardware;
  std::string version;
  std::string address;
  std::string condition;  // unknown, online, offline
  std::string standing;   // new, accepted
  bool sleeps = false;
  std::int64_t first_seen = 0;
  std::int64_t last_seen = 0;
  std::string verdict;  // none, ask, wait, update
  std::string reason;
  std::string reason_text;
  std::string target;
  std::string catalog;
  std::string updatable;  // yes, no, unknown
  std::string method;
  SupportView support;
  TrustView trust;
  bool emergency = false;   // of the release that would be installed next, as is what follows
  std::string user_action;  // what its owner must do
  std::string advisory_url;
  std::string last_update;  // object path, "/" for none

  // The number of the last update, none where there was none.
  [[nodiscard]] std::optional<std::int64_t> last_update_number() const;

  static DeviceView from(std::string path, const Value& properties);

  // What to call it before a person: its name, else its identity.
  [[nodiscard]] const std::string& title() const { return name.empty() ? id : name; }
};

struct ReleaseView {
  std::string id;
  std::string version;
  std::int64_t seq = 0;
  std::string feed;
  std::string catalog;
  std::string vendor;
  std::string model;
  std::string kind;
  std::string severity;
  std::vector<std::string> cves;
  std::string date;
  std::string summary;
  std::uint64_t images = 0;
  std::uint64_t bytes = 0;
  bool cached = false;
  bool emergency = false;
  std::string user_action;  // what the owner must do
  std::string advisory_url;
  TrustView trust;
  SupportView support;

  static ReleaseView from(const Value& properties);
};

struct UpdateView {
  std::string path;
  std::int64_t id = 0;
  std::string device;
  std::string device_name;
  std::string release;
  std::string from_version;
  std::string to_version;
  std::string phase;
  std::string reason;
  std::string reason_text;
  std::string detail;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  std::uint64_t attempts = 0;
  std::int64_t created = 0;
  std::int64_t phase_since = 0;
  std::int64_t next_step = 0;
  std::string asked_by;

  static UpdateView from(std::string path, const Value& properties);

  // Takes in properties that changed; those not named stay.
  void change(const Value& properties);

  [[nodiscard]] const std::string& title() const { return device_name.empty() ? device : device_name; }
  [[nodiscard]] bool over() const;
  [[nodiscard]] unsigned percent() const;  // 0..100; 0 while the total is not known
};

// The planner's word on one device, as Plan() and Explain() give it.
struct DecisionView {
  std::string device;
  std::string name;
  std::string verdict;
  std::string reason;
  std::string text;
  std::string installed;
  std::string target;
  std::string release;
  std::string catalog;
  std::vector<std::string> path;  // versions on the way, the target last
  std::int64_t not_before = 0;
  std::vector<std::string> protects;  // CVEs
  std::string kind;
  std::string severity;
  bool emergency = false;  // of the next release on the way, as is what follows
  std::string summary;
  std::string user_action;
  std::string advisory_url;
  std::string method;
  SupportView support;
  TrustView trust;

  static DecisionView from(const Value& dictionary);

  [[nodiscard]] const std::string& title() const { return name.empty() ? device : name; }
};

// Everything at once, from one call.
struct Home {
  std::vector<DeviceView> devices;                             // by name, then identity
  std::vector<ReleaseView> releases;                           // by vendor, model, falling seq
  std::vector<UpdateView> updates;                             // under way first, then newest first
  std::unordered_map<std::string, std::size_t> update_places;  // path -> index in updates

  static Home from(const Value& managed_objects);

  [[nodiscard]] const UpdateView* update_at(const std::string& path) const;
  [[nodiscard]] const DeviceView* device_at(std::string_view path) const;
};

Result<Home> read_home(Bus& bus);

// The properties of one object.
Result<DeviceView> read_device(Bus& bus, const std::string& path);
Result<UpdateView> read_update(Bus& bus, const std::string& path);

// None as well when it was tidied away since the device was read.
std::optional<UpdateView> read_last_update(Bus& bus, const DeviceView& device);

// The device that a text of the command line means.
Result<DeviceView> find_one_device(Bus& bus, const std::string& text);

// The devices that the texts of a command line mean, each once, in their order. Fails with the first that means none,
// so that nothing is begun before all are found.
Result<std::vector<DeviceView>> find_devices(Bus& bus, const std::vector<std::string>& texts);

}  // namespace homepatch::cli
