#include "daemon/engine.hpp"

#include <map>

#include "base/log.hpp"
#include "base/text.hpp"
#include "core/catalog_names.hpp"

namespace homepatch {

Engine::Engine(Loop& loop, Database& database, Images& images, std::map<Family, Delivery*> deliveries,
               Settings settings)
    : device_store_(database),
      update_store_(database),
      inventory(loop, device_store_, settings.inventory),
      updater(loop, update_store_,
              Updater::Ports{[this](const DeviceId& id) { return inventory.find(id); }, std::move(deliveries), &images},
              settings.rules, settings.policy.max_under_way),
      scheduler(loop, inventory, shelf, updater, settings.policy) {
  inventory.accept_always(settings.policy.accept_always);
  inventory.listen(Inventory::Listeners{
      [this](const Device& device) { on_device_changed(device); },
      [this](const DeviceId& id) {
        scheduler.replan();
        if (listeners_.removed) listeners_.removed(id);
      },
      [this](const DeviceId& id, const DeviceSpoke& spoke) { on_spoke(id, spoke); },
  });
  shelf.listen([this] {
    scheduler.replan();
    if (listeners_.catalogs) listeners_.catalogs();
  });
  updater.listen(Updater::Listeners{
      [this](const Update& update) {
        scheduler.replan();
        if (listeners_.update) listeners_.update(update);
      },
      [this](UpdateId id) {
        if (listeners_.update_dropped) listeners_.update_dropped(id);
      },
      [this](UpdateId id, Progress progress) {
        if (listeners_.progress) listeners_.progress(id, progress);
      },
  });
  scheduler.listen([this](const DeviceId& id) {
    if (listeners_.device) listeners_.device(id);
  });
}

Status Engine::start() {
  TRY(inventory.load());
  TRY(updater.load());
  scheduler.replan();
  return {};
}

void Engine::on_note(const Announcement& announcement) {
  inventory.on_announcement(announcement);
  keep(announcement.device);
}

// That a device runs its helper image is on the disk before anything follows from it: after a crash nobody repeats it.
void Engine::on_spoke(const DeviceId& device, const DeviceSpoke& spoke) {
  const Update* update = updater.running(device);
  const bool first_of_helper = spoke.version && spoke.intermediate && update != nullptr && !update->restarted;
  if (first_of_helper && update->phase == Phase::transferring) keep(device);
  updater.on_spoke(device, spoke);
}

void Engine::keep(const DeviceId& device) {
  if (auto kept = inventory.keep(device); !kept) log::warning("{}, ignoring", kept.error().text);
}

void Engine::on_device_changed(const Device& device) {
  updater.on_device_changed(device);
  scheduler.replan();
  if (listeners_.device) listeners_.device(device.id);
  if (listeners_.model_wanted && !own_matches(device).empty() && shelf.spoken_for(device) == nullptr)
    listeners_.model_wanted(device);
}

void Engine::withdraw(std::string_view feed, const CatalogShelf::Denied& denied) {
  std::map<UpdateId, std::string> ends;
  for (const auto& [id, update] : updater.updates()) {
    if (is_terminal(update.phase) || (update.feed != feed && update.feed != kLocalFeed)) continue;
    for (const auto& image : update.images) {
      if (const auto found = denied.find(image.sha256); found != denied.end()) ends.emplace(id, found->second);
    }
  }
  for (const auto& [id, why] : ends) {
    std::string by = "the feed " + std::string(feed) + (why.empty() ? "" : ": " + printable(why));
    if (auto ended = updater.take_back(id, std::move(by)); !ended) {
      log::warning("update {} is of an image that its feed takes back: {}", id, ended.error().text);
    }
  }
}

Status Engine::forget(const DeviceId id) {
  if (inventory.find(id) == nullptr) return fail(Errc::not_found, "there is no device " + id.to_string());
  TRY(updater.forget(id));
  return inventory.forget(id);
}

}  // namespace homepatch
