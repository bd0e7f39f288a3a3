// What LwM2M registrations and interviews mean for the inventory: announcements. Pure. lwm2m_server sends them on.
#pragma once

#include "core/announcement.hpp"
#include "protocols/coap/interview.hpp"
#include "protocols/coap/registration.hpp"

namespace homepatch::coap {

// A registration, or an update that changed it: identity, address, facts.
Announcement announce_registration(const Registration& registration, bool restarted, Time now);

// "Still here", without anything else.
Announcement announce_seen(const DeviceId& device, Time now);

// The device deregistered (live) or its lifetime passed without a word (not live).
Announcement announce_gone(const DeviceId& device, bool live, Time now);

// What it said of itself. sleepy: it registered for queue mode, or runs on a battery alone.
Announcement announce_findings(const Registration& registration, const Findings& findings, Time now);

// An Update Result that it notified. Nothing for a number that is neither success nor failure.
std::optional<Announcement> announce_result(const DeviceId& device, std::int64_t update_result, Time now);

}  // namespace homepatch::coap
