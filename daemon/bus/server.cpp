#include "daemon/bus/server.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>

#include "base/log.hpp"
#include "daemon/bus/message.hpp"
#include "daemon/bus/objects.hpp"

namespace homepatch::bus {

namespace {

constexpr Duration kCollect = std::chrono::milliseconds(150);
constexpr Duration kProgressPace = std::chrono::milliseconds(300);

}  // namespace

Result<std::unique_ptr<Server>> Server::open(EventLoop& loop, Engine& engine, Sources sources) {
  std::unique_ptr<Server> server(new Server(loop, engine, std::move(sources)));
  TRY(server->connect());
  return server;
}

Server::~Server() = default;

homepatch::Status Server::connect() {
  sd_bus* bus = nullptr;
  if (const int r = sd_bus_open_system(&bus); r < 0) {
    const char* address = std::getenv("DBUS_SYSTEM_BUS_ADDRESS");
    return fail(Errc::unavailable,
                fmt::format("connecting to the system bus at {}: {}. Is dbus running?",
                            address != nullptr ? address : "its usual place", errno_error("", -r).text.substr(2)));
  }
  bus_.reset(bus);
  int r = sd_bus_attach_event(bus, loop_.handle(), SD_EVENT_PRIORITY_NORMAL);
  if (r >= 0) r = sd_bus_add_object_manager(bus, nullptr, kRoot);
  if (r >= 0) r = add_manager(bus, *this);
  if (r >= 0) r = add_devices(bus, *this);
  if (r >= 0) r = add_releases(bus, *this);
  if (r >= 0) r = add_updates(bus, *this);
  if (r < 0) return fail(errno_error("putting objects on the bus", -r));
  r = sd_bus_request_name(bus, kBusName, 0);
  if (r == -EEXIST || r == -EALREADY) {
    return fail(Errc::busy, fmt::format("the name {} is taken on the bus: another homepatchd is running", kBusName));
  }
  if (r < 0) {
    return fail(
        errno_error(fmt::format("taking the name {} on the bus (its policy file may be missing)", kBusName), -r));
  }
  for (const auto& [id, device] : engine_.inventory.devices()) known_devices_.insert(id);
  for (const auto& [id, update] : engine_.updater.updates()) known_updates_.insert(id);
  for (auto& path : release_paths(*this)) known_releases_.insert(std::move(path));
  return {};
}

void Server::later() {
  if (!tell_timer_.armed()) tell_timer_ = loop_.after(kCollect, [this] { tell(); });
}

void Server::on_device(const DeviceId& id) {
  removed_.erase(id);
  devices_.insert(id);
  later();
}

void Server::on_removed(const DeviceId& id) {
  devices_.erase(id);
  removed_.insert(id);
  later();
}

void Server::on_update(const Update& update) {
  updates_.insert(update.id);
  devices_.insert(update.device);
  later();
}

void Server::on_status() {
  status_ = true;
  later();
}

void Server::on_catalogs() {
  releases_ = true;
  later();
}

void Server::on_progress(UpdateId id, Progress progress) {
  progress_[id] = progress;
  if (!progress_timer_.armed()) progress_timer_ = loop_.after(kProgressPace, [this] { tell_progress(); });
}

void Server::tell() {
  tell_timer_.cancel();
  sd_bus* bus = bus_.get();
  for (const auto& id : removed_) {
    if (known_devices_.erase(id) > 0)
      sd_bus_emit_interfaces_removed(bus, device_path(id).c_str(), kDeviceInterface, nullptr);
  }
  for (const auto& id : devices_) {
    if (engine_.inventory.find(id) == nullptr) continue;
    const std::string path = device_path(id);
    if (known_devices_.insert(id).second) {
      sd_bus_emit_interfaces_added(bus, path.c_str(), kDeviceInterface, nullptr);
    } else {
      sd_bus_emit_properties_changed(bus, path.c_str(), kDeviceInterface, "Name", "Version", "Address", "Condition",
                                     "Standing", "Verdict", "Reason", "ReasonText", "Target", "Catalog", "SupportEnd",
                                     "LastUpdate", nullptr);
    }
  }
  for (const auto id : updates_) {
    if (engine_.updater.find(id) == nullptr) continue;
    const std::string path = update_path(id);
    if (known_updates_.insert(id).second) {
      sd_bus_emit_interfaces_added(bus, path.c_str(), kUpdateInterface, nullptr);
    } else {
      sd_bus_emit_properties_changed(bus, path.c_str(), kUpdateInterface, "Phase", "Reason", "ReasonText", "Detail",
                                     "Attempts", "PhaseSince", "NextStep", nullptr);
    }
  }
  if (releases_) {
    std::set<std::string> now;
    for (auto& path : release_paths(*this)) now.insert(std::move(path));
    for (const auto& path : known_releases_) {
      if (!now.contains(path)) sd_bus_emit_interfaces_removed(bus, path.c_str(), kReleaseInterface, nullptr);
    }
    for (const auto& path : now) {
      if (!known_releases_.contains(path)) sd_bus_emit_interfaces_added(bus, path.c_str(), kReleaseInterface, nullptr);
    }
    known_releases_ = std::move(now);
  }
  if (status_) {
    sd_bus_emit_properties_changed(bus, kRoot, kManagerInterface, "Broker", "BrokerText", "ClockTrusted", "ClockText",
                                   "ClockFloor", "ClockBelowFloor", "Feeds", nullptr);
  }
  devices_.clear();
  removed_.clear();
  updates_.clear();
  status_ = releases_ = false;
}

void Server::tell_progress() {
  progress_timer_.cancel();
  sd_bus_message* signal = nullptr;
  int r = sd_bus_message_new_signal(bus_.get(), &signal, kRoot, kManagerInterface, "Progress");
  if (r >= 0) r = sd_bus_message_open_container(signal, 'a', "(xtt)");
  for (const auto& [id, progress] : progress_) {
    if (r >= 0) r = sd_bus_message_append(signal, "(xtt)", id, progress.done, progress.total);
  }
  if (r >= 0) r = sd_bus_message_close_container(signal);
  if (r >= 0) r = sd_bus_send(bus_.get(), signal, nullptr);
  if (r < 0) log::warning("telling progress on the bus: {}, ignoring", errno_error("", -r).text);
  sd_bus_message_unref(signal);
  progress_.clear();
}

}  // namespace homepatch::bus
