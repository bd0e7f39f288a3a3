// The Manager's long lists, made when somebody asks: what left the gateway, and what the cache holds.
#pragma once

#include <systemd/sd-bus.h>

#include "daemon/bus/server.hpp"

namespace homepatch::bus {

// ListRequests() -> aa{sv}: at (ms), host, path, status, received, sent, user_agent, validator_sent. Oldest first;
// then aa{sv}: host, requests, received, sent; then t: how many there were since the start, those not kept included.
int on_list_requests(sd_bus_message* call, void* userdata, sd_bus_error* error) noexcept;

// ListImages() -> aa{sv}: sha256, bytes, added, last_used (ms), use, catalog, version. The most useful first.
int on_list_images(sd_bus_message* call, void* userdata, sd_bus_error* error) noexcept;

// ListDamages() -> aa{sv}: sha256, bytes, times, last (ms): images that went bad on the flash. The newest first.
int on_list_damages(sd_bus_message* call, void* userdata, sd_bus_error* error) noexcept;

}  // namespace homepatch::bus
