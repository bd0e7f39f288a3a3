// The right to talk to one device undisturbed: while a delivery holds it, lwm2m_server asks the device nothing of its
// own (some clients refuse every other request during a write). Destroying it gives the device back.
#pragma once

#include <functional>

#include "core/update.hpp"
#include "protocols/coap/exchange.hpp"
#include "protocols/coap/firmware_object.hpp"
#include "protocols/coap/registration.hpp"

namespace homepatch::coap {

class Lwm2mServer;

class Claim {
 public:
  // Called on later turns while the claim lives; each may destroy it.
  struct Hooks {
    // It registered anew, moved, deregistered or expired: what was under way is void.
    std::function<void(DeliveryFailed)> interrupted;
    std::function<void(std::int64_t)> state_told;  // it notified its firmware State
  };

  Claim(Lwm2mServer& server, DeviceId device, Hooks hooks);
  ~Claim();
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

  [[nodiscard]] const Registration* registration() const;  // null once it is gone
  [[nodiscard]] bool is_awake() const;
  // When the registration of a sleeper ends, unless it speaks before.
  [[nodiscard]] Time asleep_until() const;
  // It answered, or did not: a sleeper is awake for a while from here, or sleeps already.
  void heard();
  void heard_nothing();
  [[nodiscard]] std::optional<ContentFormat> accept() const;
  [[nodiscard]] Numbering numbering() const;
  // Remembers, and announces as a fact, how the device counts its firmware states.
  void learn_numbering(Numbering numbering);
  // The size of blocks that it took last, as an exponent.
  [[nodiscard]] std::uint8_t block_exponent() const;
  void learn_block_exponent(std::uint8_t exponent);
  // It is about to be told to restart.
  void expect_restart();
  // Reads version, State and Result once the claim is over, and announces them.
  void inquire_afterwards();

  [[nodiscard]] const Hooks& hooks() const { return hooks_; }
  [[nodiscard]] Exchanges& exchanges();

 private:
  Lwm2mServer& server_;
  DeviceId device_;
  Hooks hooks_;
};

}  // namespace homepatch::coap
