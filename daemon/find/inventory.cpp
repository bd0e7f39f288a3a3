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
  if (outcome.moved) mark_moved(device->id);
  const bool shows = is_new || outcome.described || outcome.moved || outcome.condition;
  if (shows && listeners_.changed) listeners_.changed(*device);
  if (announcement.live && listeners_.spoke) listeners_.spoke(device->id, spoken(announcement));
}

Device* Inventory::device_for(const Announcement& announcement) {
  if (auto found = devices_.find(announcement.device); found != devices_.end()) return &found->second;
  if (forgotten_.contains(announcement.device)) {
    if (!announcement.live) return nullptr;
    forgotten_.erase(announcement.device);
    if (auto done = store_.remember(announcement.device); !done) log::warning("{}, ignoring", done.error().text);
  }
  if (devices_.size() >= limits_.max_devices && !make_room(announcement)) {
    if (refused_++ == 0) {
      log::warning(
          "{} devices are known, which is the limit: {} and others after it are not taken in. "
          "Forget devices that are gone, or raise max_devices",
          devices_.size(), announcement.device.to_string());
    }
    return nullptr;
  }
  gave_way_.erase(announcement.device);
  no_room_before_ = {};
  Device device(announcement.device, announcement.family);
  if (accept_always_) device.standing = Standing::accepted;
  return &devices_.emplace(announcement.device, std::move(device)).first->second;
}

// Invented devices must not keep real ones out, neither for long nor for good. A device that was only ever seen in
// retained messages gives way to any other, one that has fallen silent to one that speaks.
bool Inventory::make_room(const Announcement& newcomer) {
  if (loop_.monotonic() < no_room_before_) return false;
  auto oldest = devices_.end();
  for (auto it = devices_.begin(); it != devices_.end(); ++it) {
    if (it->second.standing != Standing::fresh) continue;
    if (oldest == devices_.end() || it->second.last_seen < oldest->second.last_seen) oldest = it;
  }
  const bool unheard = oldest != devices_.end() && oldest->second.last_seen == Time{};
  if (!unheard) {
    if (!newcomer.live) return false;
    const Duration silent = oldest == devices_.end() ? Duration::zero()
                                                     : std::min<Duration>(loop_.now() - oldest->second.last_seen,
                                                                          loop_.monotonic() - begun_);
    if (silent < limits_.silence) {
      // Not looked for again at every message of a flood.
      no_room_before_ = loop_.monotonic() + std::min(limits_.silence - silent, limits_.silence);
      return false;
    }
  }
  const DeviceId id = oldest->first;
  for (auto* marked : {&described_, &seen_, &moved_}) marked->erase(id);
  // While the disk takes nothing this would grow without end; what is left out returns at the next start.
  if (gave_way_.size() < limits_.max_devices) gave_way_.insert(id);
  devices_.erase(oldest);
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
  for (auto* marked : {&described_, &seen_, &moved_}) marked->erase(id);
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

// Some devices come from another port each time they wake.
void Inventory::mark_moved(const DeviceId& id) {
  moved_.insert(id);
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
  for (const auto& id : described_) {
    seen_.erase(id);
    moved_.erase(id);
  }
  described_.clear();
  gave_way_.clear();
}

void Inventory::write_seen() {
  seen_timer_.cancel();
  // What is lost of this hurts nobody: it is not tried again.
  if (!moved_.empty()) {
    if (auto done = store_.save(those(moved_)); !done) log::warning("{}, ignoring", done.error().text);
    for (const auto& id : moved_) seen_.erase(id);
    moved_.clear();
  }
  const auto devices = those(seen_);
  seen_.clear();
  if (devices.empty()) return;
  if (auto done = store_.save_last_seen(devices); !done) log::warning("{}, ignoring", done.error().text);
}

Status Inventory::keep(const DeviceId& id) {
  if (!described_.contains(id) && !moved_.contains(id)) return {};
  TRY(store_.save(those({id})));
  for (auto* marked : {&described_, &seen_, &moved_}) marked->erase(id);
  return {};
}

Status Inventory::flush() {
  described_.merge(moved_);
  if (!described_.empty() || !gave_way_.empty()) TRY(store_.save(those(described_), gave_way_));
  if (!seen_.empty()) TRY(store_.save_last_seen(those(seen_)));
  for (auto* marked : {&described_, &seen_, &moved_, &gave_way_}) marked->clear();
  return {};
}

}  // namespace homepatch
