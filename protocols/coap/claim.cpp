#include "protocols/coap/claim.hpp"

#include <utility>

#include "protocols/coap/lwm2m_announcement.hpp"
#include "protocols/coap/lwm2m_server.hpp"
#include "protocols/coap/registration_facts.hpp"

namespace homepatch::coap {

Claim::Claim(Lwm2mServer& server, DeviceId device, Hooks hooks)
    : server_(server), device_(std::move(device)), hooks_(std::move(hooks)) {}

Claim::~Claim() { server_.release(device_); }

const Registration* Claim::registration() const { return server_.registry_.find(device_); }

bool Claim::is_awake() const {
  const Registration* known = registration();
  return known != nullptr && server_.is_awake(*known);
}

Time Claim::asleep_until() const { return server_.asleep_until(device_).value_or(server_.loop_.now()); }

void Claim::heard() { server_.heard(device_); }

void Claim::heard_nothing() { server_.heard_nothing(device_); }

std::optional<ContentFormat> Claim::accept() const { return server_.conversations_[device_].accept; }

Numbering Claim::numbering() const { return server_.conversations_[device_].numbering; }

void Claim::learn_numbering(Numbering numbering) {
  auto& known = server_.conversations_[device_].numbering;
  if (std::exchange(known, numbering) == numbering) return;
  server_.later([&server = server_, device = device_, numbering] {
    auto announcement = announce_seen(device, server.loop_.now());
    announcement.facts.emplace(fact::kNumbering, numbering == Numbering::legacy ? "legacy" : "standard");
    server.announce_(announcement);
  });
}

std::uint8_t Claim::block_exponent() const { return server_.conversations_[device_].block_exponent; }

void Claim::learn_block_exponent(std::uint8_t exponent) { server_.conversations_[device_].block_exponent = exponent; }

void Claim::expect_restart() { server_.registry_.expect_restart(device_); }

void Claim::inquire_afterwards() { server_.want(device_, Interview::Scope::version); }

Exchanges& Claim::exchanges() { return server_.exchanges_; }

}  // namespace homepatch::coap
