// Who is registered here, and the rules of LwM2M's registration interface (/rd and /rd/<id>): register, update,
// deregister, expire. Pure: requests and monotonic time in, answers and changes out; lwm2m_server acts on the changes.
// In memory only: what must survive a restart travels in the device's announced facts and comes back by restore().
//
// libcoap hands a retransmitted request over twice, so the answer to each registration and deregistration is kept for
// EXCHANGE_LIFETIME (RFC 7252 section 4.8.2) and given again.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/device_id.hpp"
#include "protocols/coap/reassembly.hpp"
#include "protocols/coap/recent_map.hpp"
#include "protocols/coap/registration.hpp"

namespace homepatch::coap {

class Registry {
 public:
  static constexpr std::size_t kMaxRegistrations = 4096;
  static constexpr std::size_t kMaxPerAddress = 256;  // a border router may stand before many devices
  static constexpr std::size_t kMaxRemembered = 4096;
  static constexpr std::chrono::seconds kExchangeLifetime{247};

  struct Change {
    enum class Kind { registered, updated, deregistered };
    Kind kind;
    DeviceId device;
    // Of registered: false when the client only followed our 4.04 to its update, which proves no restart of it.
    bool restarted = false;
    bool moved = false;        // of updated: it speaks from another address or port now
    bool new_objects = false;  // of updated: its object links changed
  };
  struct Outcome {
    Answer answer;
    std::optional<Change> change;
  };

  // For a path that begins with "rd".
  Outcome handle(const Incoming& request, std::chrono::milliseconds now);

  // Puts a registration back; already_exists when the device has registered meanwhile, too_large when full.
  Status restore(Registration registration);
  void remove(const DeviceId& device);

  // Takes out what has expired. Cheap when nothing has.
  std::vector<DeviceId> expire(std::chrono::milliseconds now);
  // When expire() should be called next; nothing when nobody is registered.
  [[nodiscard]] std::optional<std::chrono::milliseconds> next_expiry() const;

  [[nodiscard]] const Registration* find(const DeviceId& device) const;
  [[nodiscard]] std::size_t size() const { return by_id_.size(); }

  // The device answered or notified something: one in queue mode listens on from here.
  void heard(const DeviceId& device, std::chrono::milliseconds at);

  // The device was told to restart: a registration with the message id of its last one is then a new one, for cheap
  // devices begin with the same numbers after every boot.
  void expect_restart(const DeviceId& device);

 private:
  using Key = std::string;  // sender, message id and token

  Outcome handle_collection(const Incoming& request, std::chrono::milliseconds now);
  Outcome handle_registration(const Incoming& request, std::chrono::milliseconds now);
  Outcome enter(const Incoming& request, const std::string& payload, std::chrono::milliseconds now);
  Outcome update(Registration& known, const Incoming& request, const std::string& payload,
                 std::chrono::milliseconds now);
  [[nodiscard]] std::optional<Answer> refusal_for_room(const std::string& endpoint, const Address& from) const;
  void insert(Registration registration);
  void erase(const std::string& id);
  void count_in(const Address& remote);
  void count_out(const Address& remote);

  std::map<std::string, Registration, std::less<>> by_id_;
  std::map<DeviceId, std::string> id_of_;
  std::map<Address, std::size_t> per_address_;  // with port 0
  Reassembly reassembly_;
  RecentMap<Key, Answer> answered_{kMaxRemembered, kExchangeLifetime};
  RecentMap<Address, bool> sent_away_{kMaxRemembered, kExchangeLifetime};
};

}  // namespace homepatch::coap
