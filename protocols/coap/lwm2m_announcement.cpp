#include "protocols/coap/lwm2m_announcement.hpp"

#include <algorithm>
#include <array>

#include "protocols/coap/firmware_object.hpp"
#include "protocols/coap/registration_facts.hpp"

namespace homepatch::coap {

namespace {

// LwM2M object 3, resource 6.
constexpr std::array<std::int64_t, 4> kMains{0, 4, 5, 6};   // DC, Power over Ethernet, USB, AC
constexpr std::array<std::int64_t, 4> kStored{1, 2, 3, 7};  // internal and external battery, fuel cell, solar
constexpr std::int64_t kBatteryNotInstalled = 5;            // of resource 20

template <typename Sources, typename Wanted>
bool any_in(const Sources& sources, const Wanted& wanted) {
  return std::ranges::any_of(sources, [&wanted](auto source) { return std::ranges::count(wanted, source) > 0; });
}

// Empty where it does not say.
std::string_view power_of(const Findings& findings) {
  if (any_in(findings.power_sources, kMains) || findings.battery_status == kBatteryNotInstalled) return kMainsPower;
  return any_in(findings.power_sources, kStored) ? kBatteryPower : std::string_view();
}

std::string_view method_text(std::int64_t method) {
  switch (method) {
    case 0: return "pull";
    case 1: return "push";
    case 2: return "both";
    default: return "";
  }
}

std::string numbers_text(const std::vector<std::int64_t>& numbers) {
  std::string out;
  for (const auto number : numbers) {
    const auto text = std::to_string(number);
    if (out.size() + text.size() + 1 > Announcement::kMaxFact) break;
    out += (out.empty() ? "" : " ") + text;
  }
  return out;
}

}  // namespace

Announcement announce_registration(const Registration& registration, bool restarted, Time now) {
  Announcement out(registration.device, Family::lwm2m, now, true);
  out.restarted = restarted;
  out.name = registration.endpoint;
  out.address = registration.route.remote.ip();
  out.reachable = true;
  if (registration.queue) out.sleepy = true;
  out.facts = facts_of(registration);
  return out;
}

Announcement announce_seen(const DeviceId& device, Time now) {
  Announcement out(device, Family::lwm2m, now, true);
  out.reachable = true;
  return out;
}

Announcement announce_gone(const DeviceId& device, bool live, Time now) {
  Announcement out(device, Family::lwm2m, now, live);
  out.reachable = false;
  return out;
}

Announcement announce_findings(const Registration& registration, const Findings& findings, Time now) {
  Announcement out = announce_seen(registration.device, now);
  out.manufacturer = findings.manufacturer;
  out.model = findings.model;
  out.hardware = findings.hardware;
  out.version = findings.version;
  if (findings.whole) out.sleepy = registration.queue || power_of(findings) == kBatteryPower;
  if (findings.update_result) out.result = install_result(*findings.update_result);
  const auto say = [&out](std::string_view name, std::string value) {
    if (!value.empty()) out.facts.emplace(name, std::move(value));
  };
  say(fact::kSerial, findings.serial.value_or(""));
  say(kPowerFact, std::string(power_of(findings)));
  say(fact::kProtocols, numbers_text(findings.protocols));
  say(fact::kMethod, std::string(method_text(findings.delivery_method.value_or(-1))));
  return out;
}

std::optional<Announcement> announce_result(const DeviceId& device, std::int64_t update_result, Time now) {
  auto result = install_result(update_result);
  if (!result) return std::nullopt;
  Announcement out = announce_seen(device, now);
  out.result = std::move(result);
  return out;
}

}  // namespace homepatch::coap
