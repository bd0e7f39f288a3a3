#include "storage/device_store.hpp"

#include <nlohmann/json.hpp>

namespace homepatch {

namespace {

std::string facts_text(const Facts& facts) {
  return nlohmann::json(facts).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Facts facts_from(const std::string& text) {
  Facts facts;
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return facts;
  for (const auto& [key, value] : json.items()) {
    if (value.is_string()) facts.emplace(key, value.get<std::string>());
  }
  return facts;
}

std::optional<Device> device_from(const Statement& row) {
  auto id = DeviceId::parse(row.text(0));
  const auto family = family_from(row.text(1));
  if (!id || !family) return std::nullopt;
  Device device(std::move(*id), *family);
  device.name = row.text(2);
  device.manufacturer = row.text(3);
  device.model = row.text(4);
  device.hardware = row.text(5);
  device.version = row.text(6);
  device.intermediate = row.integer(7) != 0;
  device.address = row.text(8);
  device.sleepy = row.integer(9) != 0;
  device.standing = standing_from(row.text(10)).value_or(Standing::fresh);
  device.first_seen = from_millis(row.integer(11));
  device.last_seen = from_millis(row.integer(12));
  device.facts = facts_from(row.text(13));
  return device;
}

}  // namespace

Result<std::vector<Device>> DeviceStore::load_all() {
  Statement statement = TRY(database_.prepare(
      "SELECT id, family, name, manufacturer, model, hardware, version, intermediate, address, sleepy, standing, "
      "first_seen, max(last_seen, ifnull(at, 0)), facts FROM devices LEFT JOIN last_seen USING (id) ORDER BY id"));
  std::vector<Device> devices;
  while (TRY(statement.step())) {
    if (auto device = device_from(statement)) devices.push_back(std::move(*device));
  }
  return devices;
}

Status DeviceStore::save(std::span<const Device* const> devices, const std::set<DeviceId>& gone) {
  return database_.transact(Durability::full, [&]() -> Status {
    Statement statement =
        TRY(database_.prepare("INSERT OR REPLACE INTO devices (id, family, name, manufacturer, model, hardware, "
                              "version, intermediate, address, "
                              "sleepy, standing, first_seen, last_seen, facts) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)"));
    for (const Device* device : devices) {
      statement.bind(1, device->id.to_string())
          .bind(2, to_string(device->family))
          .bind(3, device->name)
          .bind(4, device->manufacturer)
          .bind(5, device->model)
          .bind(6, device->hardware)
          .bind(7, device->version)
          .bind(8, device->intermediate ? 1 : 0)
          .bind(9, device->address)
          .bind(10, device->sleepy ? 1 : 0)
          .bind(11, to_string(device->standing))
          .bind(12, to_millis(device->first_seen))
          .bind(13, to_millis(device->last_seen))
          .bind(14, facts_text(device->facts));
      TRY(statement.run());
    }
    for (const auto& id : gone) TRY(remove_rows(id));
    return {};
  });
}

Status DeviceStore::remove_rows(const DeviceId& device) {
  for (const auto* sql : {"DELETE FROM devices WHERE id=?", "DELETE FROM last_seen WHERE id=?"}) {
    Statement remove = TRY(database_.prepare(sql));
    remove.bind(1, device.to_string());
    TRY(remove.run());
  }
  return {};
}

Status DeviceStore::save_last_seen(std::span<const Device* const> devices) {
  return database_.transact(Durability::relaxed, [&]() -> Status {
    Statement statement = TRY(database_.prepare("INSERT OR REPLACE INTO last_seen (id, at) VALUES (?,?)"));
    for (const Device* device : devices) {
      statement.bind(1, device->id.to_string()).bind(2, to_millis(device->last_seen));
      TRY(statement.run());
    }
    return {};
  });
}

Status DeviceStore::forget(const DeviceId& device, Time now) {
  return database_.transact(Durability::full, [&]() -> Status {
    TRY(remove_rows(device));
    Statement note = TRY(database_.prepare("INSERT OR REPLACE INTO forgotten (id, at) VALUES (?,?)"));
    note.bind(1, device.to_string()).bind(2, to_millis(now));
    TRY(note.run());
    Statement trim = TRY(
        database_.prepare("DELETE FROM forgotten WHERE id NOT IN (SELECT id FROM forgotten ORDER BY at DESC LIMIT ?)"));
    trim.bind(1, kMaxForgotten);
    return trim.run();
  });
}

Result<std::set<DeviceId>> DeviceStore::load_forgotten() {
  Statement statement = TRY(database_.prepare("SELECT id FROM forgotten"));
  std::set<DeviceId> devices;
  while (TRY(statement.step())) {
    if (auto id = DeviceId::parse(statement.text(0))) devices.insert(std::move(*id));
  }
  return devices;
}

Status DeviceStore::remember(const DeviceId& device) {
  return database_.transact(Durability::relaxed, [&]() -> Status {
    Statement statement = TRY(database_.prepare("DELETE FROM forgotten WHERE id=?"));
    statement.bind(1, device.to_string());
    return statement.run();
  });
}

}  // namespace homepatch
