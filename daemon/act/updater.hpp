// Carries updates through: feeds events into core/update's react(), saves each change before acting on it, runs the
// commands through the Images and Delivery ports. After a crash it takes up every update that was under way where it
// was saved; every command is safe to run twice.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "base/loop.hpp"
#include "core/delivery.hpp"
#include "core/device.hpp"
#include "core/planner.hpp"
#include "core/update.hpp"
#include "daemon/act/images.hpp"
#include "daemon/act/unsaved.hpp"
#include "storage/update_store.hpp"

namespace homepatch {

class Updater {
 public:
  struct Ports {
    std::function<const Device*(const DeviceId&)> device;
    std::map<Family, Delivery*> deliveries;
    Images* images = nullptr;
  };
  struct Listeners {
    std::function<void(const Update&)> changed;
    std::function<void(UpdateId)> dropped;  // its record is no longer kept
    std::function<void(UpdateId, Progress)> progress;
  };

  static constexpr std::size_t kMaxWaiting = 4096;

  Updater(Loop& loop, UpdateStore& store, Ports ports, UpdateRules rules, unsigned max_under_way)
      : loop_(loop),
        store_(store),
        ports_(std::move(ports)),
        rules_(rules),
        max_under_way_(max_under_way),
        ahead_(ahead_of(loop)) {}

  void listen(Listeners listeners) { listeners_ = std::move(listeners); }

  // Loads all updates and resumes, on a later turn, those that are under way or not settled.
  Status load();

  // Begins taking the device to the offer's release. already_exists: one of it is under way (I3).
  Result<UpdateId> start(const Device& device, const Offer& offer, std::string asked_by);

  // not_found; busy when the device is installing and can no longer be stopped.
  Status cancel(UpdateId id, std::string by);

  // An image of it was taken back. busy when the device has the whole image already and can no longer be stopped.
  Status take_back(UpdateId id, std::string by);

  // Evidence: a live announcement of the device.
  void on_spoke(const DeviceId& device, const DeviceSpoke& spoke);
  // The image is gone from the cache while devices may still read it: it is served no more (I1), and fetched again.
  void on_image_lost(const Digest& digest);
  // The device came, went or moved: a waiting update may begin, a running one follows it.
  void on_device_changed(const Device& device);
  // Its update is cancelled where it can be, and its records go; what is being put back on it goes on to its end.
  Status forget(const DeviceId& device);

  [[nodiscard]] const std::map<UpdateId, Update>& updates() const { return updates_; }
  [[nodiscard]] const Update* find(UpdateId id) const;
  [[nodiscard]] const Update* running(const DeviceId& device) const;
  [[nodiscard]] const Update* newest_finished(const DeviceId& device) const;
  [[nodiscard]] const Update* newest_confirmed(const DeviceId& device) const;
  [[nodiscard]] Progress progress(UpdateId id) const;
  // Updates that hold one of the slots.
  [[nodiscard]] unsigned under_way() const;

 private:
  // What an update holds while it runs; nothing of it outlives the process.
  struct Work {
    std::unique_ptr<Images::Hold> hold;
    std::unique_ptr<Images::Outlet> outlet;
    std::unique_ptr<DeliveryHandle> delivery;
    std::unique_ptr<DeliveryHandle> inquiry;
    Timer due;
    Timer command;
    Timer save_retry;
    Unsaved unsaved;
    bool unheard = false;        // its time was up while nobody could hear the device
    bool owes_settling = false;  // put off, because the device runs its helper image
    Progress progress;
  };
  // The settling of a device that was forgotten meanwhile.
  struct Farewell {
    DeviceId device;
    std::unique_ptr<DeliveryHandle> settling;
    Timer end;
  };

  Status end(UpdateId id, const UpdateEvent& event);
  void apply(UpdateId id, const UpdateEvent& event);
  bool take(UpdateId id, const Happened& happened);
  void keep(UpdateId id, const Happened& happened);
  void retry(UpdateId id);
  void work_is_over(UpdateId id);
  void follow_clock();
  static Duration ahead_of(const Loop& loop) { return loop.now().time_since_epoch() - loop.monotonic(); }
  void act(UpdateId id, Command command, bool resumed);
  void fetch(UpdateId id);
  void deliver(UpdateId id, Command step, bool resumed);
  void settle(UpdateId id);
  void trim(const DeviceId& device);
  void drop(UpdateId id);
  Status open_outlet(Update& update, const Device& device);
  void on_report(UpdateId id, const DeliveryReport& report);
  void on_progress(UpdateId id, Progress progress);
  void schedule(UpdateId id);
  void on_due(UpdateId id);
  void look_for_slots();
  [[nodiscard]] bool is_put_back(const DeviceId& device) const;
  [[nodiscard]] bool is_unheard(const Update& update) const;
  [[nodiscard]] bool within_reach(const Update& update) const;
  [[nodiscard]] Delivery* delivery_for(const Update& update) const;
  DeliveryJob job(const Update& update, const Device& device, Command step) const;

  Loop& loop_;
  UpdateStore& store_;
  Ports ports_;
  UpdateRules rules_;
  unsigned max_under_way_;
  Listeners listeners_;
  std::map<UpdateId, Update> updates_;
  std::map<UpdateId, Work> work_;
  std::map<DeviceId, UpdateId> running_;
  std::map<UpdateId, Farewell> farewells_;
  Duration ahead_;  // of the wall clock before monotonic time
  Timer slots_timer_;
};

}  // namespace homepatch
