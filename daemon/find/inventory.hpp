// The devices of the home: announcements come in from every protocol room and are merged; what changed goes to the
// store in batches, to the scheduler and the bus as a change, and to the updater as evidence. After a crash the stored
// devices are back, offline until they speak.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <vector>

#include "base/loop.hpp"
#include "base/result.hpp"
#include "core/device.hpp"
#include "core/update.hpp"
#include "storage/device_store.hpp"

namespace homepatch {

class Inventory {
 public:
  struct Limits {
    std::size_t max_devices = 4096;
    // Descriptions are written together, at most once in this time...
    Duration write_delay = std::chrono::milliseconds(500);
    // ...and the times of last contact, which change all the time, at most once in this (flash wears out).
    Duration seen_delay = std::chrono::minutes(5);
    // Where there is no room, a new device that has said nothing for so long makes way for one that speaks.
    Duration silence = std::chrono::hours(1);
  };

  struct Listeners {
    std::function<void(const Device&)> changed;  // description, standing or condition; new ones too
    std::function<void(const DeviceId&)> removed;
    std::function<void(const DeviceId&, const DeviceSpoke&)> spoke;  // each live announcement
  };

  Inventory(Loop& loop, DeviceStore& store, Limits limits)
      : loop_(loop), store_(store), limits_(limits), begun_(loop.monotonic()) {}

  void listen(Listeners listeners) { listeners_ = std::move(listeners); }
  void accept_always(bool always) { accept_always_ = always; }

  Status load();

  // A retained announcement of a forgotten device is ignored; one of an unknown device above the limit is refused and
  // counted, unless one that nobody accepted can make room: it was never heard live, or is silent now.
  void on_announcement(const Announcement& announcement);

  [[nodiscard]] const Device* find(const DeviceId& id) const;
  [[nodiscard]] const std::map<DeviceId, Device>& devices() const { return devices_; }

  // It was here, and has not been heard live since it was forgotten.
  [[nodiscard]] bool is_forgotten(const DeviceId& id) const { return forgotten_.contains(id); }

  // not_found; already_exists when it was accepted before.
  Status accept(const DeviceId& id);
  // Forgets what was stored of it. It returns only on a live message, as a new device.
  Status forget(const DeviceId& id);

  // Writes now what waits to be written of this device.
  Status keep(const DeviceId& id);
  // Writes what waits to be written: at an orderly stop.
  Status flush();

  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  Device* device_for(const Announcement& announcement);
  bool make_room(const Announcement& newcomer);
  void mark_described(const DeviceId& id);
  void mark_seen(const DeviceId& id);
  void mark_moved(const DeviceId& id);
  void write_described();
  void write_seen();
  [[nodiscard]] std::vector<const Device*> those(const std::set<DeviceId>& ids) const;

  Loop& loop_;
  DeviceStore& store_;
  Limits limits_;
  Listeners listeners_;
  bool accept_always_ = false;
  std::map<DeviceId, Device> devices_;
  std::set<DeviceId> forgotten_;
  std::set<DeviceId> described_;  // to be written
  std::set<DeviceId> seen_;       // to be written
  std::set<DeviceId> moved_;      // to be written
  std::set<DeviceId> gave_way_;   // to be removed from the store
  Timer write_timer_;
  Timer seen_timer_;
  Duration begun_;             // monotonic: nobody was silent before
  Duration no_room_before_{};  // monotonic: until then none of those who could make room is silent
  std::uint64_t refused_ = 0;
  bool write_failed_ = false;
};

}  // namespace homepatch
