// From inventory to updater, without the world: time, storage files, deliveries and images come in through ports, so
// one test process runs all of it on a real SQLite in simulated time. The daemon is this and the neighbours around it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "daemon/act/updater.hpp"
#include "daemon/decide/scheduler.hpp"
#include "daemon/fetch/catalog_shelf.hpp"
#include "daemon/find/inventory.hpp"
#include "storage/database.hpp"
#include "storage/device_store.hpp"
#include "storage/update_store.hpp"

namespace homepatch {

class Engine {
 public:
  struct Settings {
    Inventory::Limits inventory;
    Policy policy;
    UpdateRules rules;
  };
  struct Listeners {
    std::function<void(const DeviceId&)> device;  // appeared, changed, has another decision
    std::function<void(const DeviceId&)> removed;
    std::function<void(const Update&)> update;
    std::function<void(UpdateId)> update_dropped;
    std::function<void(UpdateId, Progress)> progress;
    std::function<void(const Device&)> model_wanted;  // a device for whose model no feed speaks on the shelf
    std::function<void()> catalogs;                   // the shelf changed
  };

  Engine(Loop& loop, Database& database, Images& images, std::map<Family, Delivery*> deliveries, Settings settings);

  void listen(Listeners listeners) { listeners_ = std::move(listeners); }

  // Loads what is stored and resumes what was under way.
  Status start();

  void on_announcement(const Announcement& announcement) { inventory.on_announcement(announcement); }
  // What a delivery needs of a device after a crash: on the disk when this returns.
  void on_note(const Announcement& announcement);
  // A feed takes these images back: its updates, and those of images that were imported by hand, that would still
  // bring one of them to a device end.
  void withdraw(std::string_view feed, const CatalogShelf::Denied& denied);
  // Forgets the device, its updates included.
  Status forget(DeviceId id);  // by value: callers name it by what goes

 private:
  DeviceStore device_store_;
  UpdateStore update_store_;
  Listeners listeners_;

 public:
  Inventory inventory;
  CatalogShelf shelf;
  Updater updater;
  Scheduler scheduler;

 private:
  void on_device_changed(const Device& device);
  void on_spoke(const DeviceId& device, const DeviceSpoke& spoke);
  void keep(const DeviceId& device);
};

}  // namespace homepatch
