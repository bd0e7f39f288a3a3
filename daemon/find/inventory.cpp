#include "daemon/find/inventory.hpp"

#include <algorithm>
#include <vector>

#include "base/log.hpp"

namespace homepatch {

namespace {

constexpr Duration kWriteRetry = std::chrono::seconds(30);

DeviceSpoke spoken(const Announcement& announcement) {
  return DeviceSpoke{announcement.at,        announcement.restarted, announcement.intermediate,
                     announcement.reachable, announcement.version,   announcement.result};
}

}  // namespace

Status Inventory::load() {
  for (auto& device : TRY(store_.load_all())) {
    const DeviceId id = device.id;
    devices_.emplace(id, std::move(device));
  }
  forgotten_ = TRY(store_.load_forgotten());
  return {};
}

void Inventory::on_announcement(const Announcement& announcement) {
  Device* device = device_for(announcement);
  if (device == nullptr) return;
  const bool is_new = device->first_seen == Time{};
  if (is_new) device->first_seen = announcement.at;

  const MergeOutcome outcome = merge(*device, announcement);
  if (is_new || outcome.described) mark_described(device->id);
  if (outcome.seen) mark_seen(device->id);
  if ((is_new || outcome.described || outcome.condition) && listeners_.changed) listeners_.changed(*device);
  if (announcement.live && listeners_.spoke) listeners_.spoke(device->id, spoken(announcement));
}

Device* Inventory::device_for(const Announcement& announcement) {
  if (auto found = devices_.find(announcement.device); found != devices_.end()) return &found->second;
  if (forgotten_.contains(announcement.device)) {
    if (!announcement.live) return nullptr;
    forgotten_.erase(announcement.device);
    if (auto done = store_.remember(announcement.device); !done) log::warning("{}, ignoring", done.error().text);
  }
  if (devices_.size() >= limits_.max_devices && !make_room()) {
    if (refused_++ == 0) {
      log::warning(
          "{} devices are known, which is the limit: {} and others after it are not taken in. "
          "Forget devices that are gone, or raise max_devices",
          devices_.size(), announcement.device.to_string());
    }
    return nullptr;
  }
  gave_way_.erase(announcement.device);
  Device device(announcement.device, announcement.family);
  if (accept_always_) device.standing = Standing::accepted;
  return &devices_.emplace(announcement.device, std::move(device)).first->second;
}

// A device that was only ever seen in retained messages, and that nobody accepted, gives way: invented ones do not keep
// real ones out.
bool Inventory::make_room() {
  const auto gives_way = [](const auto& entry) {
    return entry.second.standing == Standing::fresh && entry.second.last_seen == Time{};
  };
  const auto found = std::ranges::find_if(devices_, gives_way);
  if (found == devices_.end()) return false;
  const DeviceId id = found->first;
  described_.erase(id);
  seen_.erase(id);
  gave_way_.insert(id);
  devices_.erase(found);
  if (listeners_.removed) listeners_.removed(id);
  return true;
}

const Device* Inventory::find(const DeviceId& id) const {
  const auto found = devices_.find(id);
  return found == devices_.end() ? nullptr : &found->second;
}

Status Inventory::accept(const DeviceId& id) {
  auto found = devices_.find(id);
  if (found == devices_.end()) return fail(Errc::not_found, "there is no device " + id.to_string());
  Device& device = found->second;
  if (device.standing == Standing::accepted) return fail(Errc::already_exists, id.to_string() + " was accepted before");
  Device accepted = device;
  accepted.standing = Standing::accepted;
  const Device* one = &accepted;
  TRY(store_.save(std::span(&one, 1)));
  device.standing = Standing::accepted;
  if (listeners_.changed) listeners_.changed(device);
  return {};
}

Status Inventory::forget(const DeviceId& id) {
  if (!devices_.contains(id)) return fail(Errc::not_found, "there is no device " + id.to_string());
  TRY(store_.forget(id, loop_.now()));
  described_.erase(id);
  seen_.erase(id);
  devices_.erase(id);
  forgotten_.insert(id);
  if (listeners_.removed) listeners_.removed(id);
  return {};
}

void Inventory::mark_described(const DeviceId& id) {
  described_.insert(id);
  if (!write_timer_.armed()) write_timer_ = loop_.after(limits_.write_delay, [this] { write_described(); });
}

void Inventory::mark_seen(const DeviceId& id) {
  seen_.insert(id);
  if (!seen_timer_.armed()) seen_timer_ = loop_.after(limits_.seen_delay, [this] { write_seen(); });
}

std::vector<const Device*> Inventory::those(const std::set<DeviceId>& ids) const {
  std::vector<const Device*> devices;
  for (const auto& id : ids) {
    if (const Device* device = find(id)) devices.push_back(device);
  }
  return devices;
}

// What cannot be written now (a full disk) stays marked and is tried again; nothing is lost while the daemon runs (I8).
void Inventory::write_described() {
  write_timer_.cancel();
  if (auto done = store_.save(those(described_), gave_way_); !done) {
    if (!write_failed_)
      log::error("{}; device changes are kept in memory and written when that is possible", done.error().text);
    write_failed_ = true;
    write_timer_ = loop_.after(kWriteRetry, [this] { write_described(); });
    return;
  }
  if (write_failed_) log::notice("device changes could be written again");
  write_failed_ = false;
  for (const auto& id : described_) seen_.erase(id);
  described_.clear();
  gave_way_.clear();
}

void Inventory::write_seen() {
  seen_timer_.cancel();
  // A lost time of last contact hurts nobody: it is not tried again.
  const auto devices = those(seen_);
  seen_.clear();
  if (devices.empty()) return;
  if (auto done = store_.save_last_seen(devices); !done) log::warning("{}, ignoring", done.error().text);
}

Status Inventory::keep(const DeviceId& id) {
  if (!described_.contains(id)) return {};
  TRY(store_.save(those({id})));
  described_.erase(id);
  seen_.erase(id);
  return {};
}

Status Inventory::flush() {
  if (!described_.empty() || !gave_way_.empty()) TRY(store_.save(those(described_), gave_way_));
  if (!seen_.empty()) TRY(store_.save_last_seen(those(seen_)));
  described_.clear();
  gave_way_.clear();
  seen_.clear();
  return {};
}

}  // namespace homepatch
