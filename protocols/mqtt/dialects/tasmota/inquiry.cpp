#include "protocols/mqtt/dialects/tasmota/inquiry.hpp"

namespace homepatch::mqtt::tasmota {

namespace {

constexpr unsigned kTries = 3;

}  // namespace

void Inquiry::start() {
  ports_.quiet(job_.device, false);
  const auto answer = [this](const Words& words) {
    if (!std::holds_alternative<FirmwareWords>(words)) return false;
    stop_asking();
    return true;
  };
  meet(false, [this, answer] { ask("Status", "2", kTries, answer, [this] { again(); }); });
}

void Inquiry::not_met(DeliveryFailed /*why*/) { again(); }

// Until it is no longer wanted: a broker or an access point that restarts takes its time.
void Inquiry::again() {
  wait(limits_.reunion, [this] { start(); });
}

}  // namespace homepatch::mqtt::tasmota
