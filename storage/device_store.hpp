// Keeps devices across restarts. The inventory (daemon/find) saves changes in batches and forgets devices; everything
// is loaded once at the start.
#pragma once

#include <set>
#include <span>
#include <vector>

#include "core/device.hpp"
#include "storage/database.hpp"

namespace homepatch {

class DeviceStore {
 public:
  static constexpr int kMaxForgotten = 1024;

  explicit DeviceStore(Database& database) : database_(database) {}

  // Every device; condition and version_live are not stored and come back as their defaults. A row that this version
  // cannot read is left alone and skipped.
  Result<std::vector<Device>> load_all();

  // One durable transaction for all of them, and for those that gave way.
  Status save(std::span<const Device* const> devices, const std::set<DeviceId>& gone = {});

  // Chatter: one relaxed transaction.
  Status save_last_seen(std::span<const Device* const> devices);

  // Removes the device and remembers that it was forgotten, for the newest kMaxForgotten ones.
  Status forget(const DeviceId& device, Time now);
  Result<std::set<DeviceId>> load_forgotten();
  Status remember(const DeviceId& device);

 private:
  Status remove_rows(const DeviceId& device);

  Database& database_;
};

}  // namespace homepatch
