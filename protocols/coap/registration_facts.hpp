// A registration as facts of its device: what is announced, kept by the inventory, and put back after the daemon's
// restart, so that clients need not register anew. Pure.
#pragma once

#include <chrono>

#include "core/announcement.hpp"
#include "protocols/coap/registration.hpp"

namespace homepatch::coap {

// Names of the facts of an LwM2M device.
namespace fact {
inline constexpr std::string_view kEndpoint = "endpoint";
inline constexpr std::string_view kRegistration = "registration";  // the <id> in /rd/<id>
inline constexpr std::string_view kRemote = kRemoteFact;           // its address and port
inline constexpr std::string_view kLocal = "local";                // the endpoint of ours that it speaks to
inline constexpr std::string_view kRoot = "root";                  // path in front of its objects
inline constexpr std::string_view kBinding = "binding";
inline constexpr std::string_view kQueue = "queue";        // "1": it sleeps between its updates
inline constexpr std::string_view kLifetime = "lifetime";  // seconds
inline constexpr std::string_view kVersion = "lwm2m";
inline constexpr std::string_view kObjects = "objects";      // "3/0 5/0"
inline constexpr std::string_view kMethod = "method";        // pull, push, both (object 5, resource 9)
inline constexpr std::string_view kProtocols = "protocols";  // of pulling, as numbers (object 5, resource 8)
inline constexpr std::string_view kNumbering = "numbering";  // "legacy": counts firmware states from 1
inline constexpr std::string_view kSerial = "serial";
}  // namespace fact

Facts facts_of(const Registration& registration);

// `expires` and `last_heard` are left to the caller. Errors: malformed when a fact that is needed is missing or not
// what facts_of() wrote.
Result<Registration> registration_from(const DeviceId& device, const Facts& facts);

}  // namespace homepatch::coap
