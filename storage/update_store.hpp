// Keeps updates across restarts: the updater (daemon/act) saves each change of phase before it acts on it, and takes up
// at its start what was under way. The database itself refuses a second update of one device (I3).
#pragma once

#include <vector>

#include "core/update.hpp"
#include "storage/database.hpp"

namespace homepatch {

class UpdateStore {
 public:
  // Of the updates that are over, this many of each device are kept.
  static constexpr int kKeptPerDevice = 8;

  explicit UpdateStore(Database& database) : database_(database) {}

  // Stores a new update and gives its number. already_exists: one of this device is under way.
  Result<UpdateId> add(const Update& update);

  // Durable when it returns success.
  Status save(const Update& update);

  Result<std::vector<Update>> load_all();

  // Drops the oldest finished updates of the device beyond kKeptPerDevice, and tells which these were.
  Result<std::vector<UpdateId>> trim(const DeviceId& device);
  // Drops all of a forgotten device.
  Status forget(const DeviceId& device);

 private:
  Database& database_;
};

}  // namespace homepatch
