// The objects of org.homepatch1, one file each: a vtable with named arguments (the API's only declaration) and the
// function that puts it on the bus. `server` is their userdata.
#pragma once

#include <systemd/sd-bus.h>

#include <string>
#include <vector>

#include "core/catalog.hpp"
#include "core/update.hpp"
#include "daemon/bus/server.hpp"

namespace homepatch::bus {

int add_manager(sd_bus* bus, Server& server);
int add_devices(sd_bus* bus, Server& server);
int add_releases(sd_bus* bus, Server& server);
int add_updates(sd_bus* bus, Server& server);

std::string device_path(const DeviceId& id);
std::string update_path(UpdateId id);
std::string release_path_of(const Catalog& catalog, const Release& release);
std::vector<std::string> release_paths(const Server& server);

inline constexpr const char* kManagerInterface = "org.homepatch1.Manager";
inline constexpr const char* kDeviceInterface = "org.homepatch1.Device";
inline constexpr const char* kReleaseInterface = "org.homepatch1.Release";
inline constexpr const char* kUpdateInterface = "org.homepatch1.Update";

}  // namespace homepatch::bus
