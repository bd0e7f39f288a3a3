// The LwM2M server: answers registrations (/rd), asks each registered device who it is and what it runs, watches its
// firmware State and Update Result, and announces all of that. Context feeds it requests; the inventory takes its
// announcements; delivery.hpp claims devices from it.
// After a crash nothing is known here until the inventory puts registrations back with restore(); a client that was
// not put back is answered 4.04 at its next update and registers anew.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "base/loop.hpp"
#include "base/result.hpp"
#include "core/announcement.hpp"
#include "protocols/coap/claim.hpp"
#include "protocols/coap/context.hpp"
#include "protocols/coap/exchange.hpp"
#include "protocols/coap/interview.hpp"
#include "protocols/coap/registry.hpp"

namespace homepatch::coap {

struct Lwm2mTimes {
  Timing reading{std::chrono::seconds(2), 2};  // 21 s for a device that is silent
  // A client in queue mode listens so long after it last spoke (MAX_TRANSMIT_WAIT; LwM2M core 1.x, queue mode).
  std::chrono::milliseconds awake{93'000};
};

class Lwm2mServer {
 public:
  static constexpr std::size_t kMaxInterviews = 128;  // at once; the others wait
  // From one address, so that many silent devices that somebody invents there do not keep the others waiting.
  static constexpr unsigned kMaxInterviewsPerAddress = 16;

  // Called on a later turn than the message it comes from.
  using Announce = std::function<void(const Announcement&)>;

  // Takes over the context's requests. Context and exchanges must outlive it, it its claims.
  Lwm2mServer(Loop& loop, Context& context, Exchanges& exchanges, Lwm2mTimes times, Announce announce);
  ~Lwm2mServer();
  Lwm2mServer(const Lwm2mServer&) = delete;
  Lwm2mServer& operator=(const Lwm2mServer&) = delete;

  // At start: the registration in the facts of a known device, valid until `expires` (last seen and lifetime and
  // Registry::kExchangeLifetime). It is asked and watched again in its turn, a sleeper when it next speaks.
  // Errors: malformed (the facts hold none), unavailable (it has expired), already_exists, too_large.
  Status restore(const DeviceId& device, const Facts& facts, Time expires);

  // Asks for version, State and Result; the answer is an announcement. A sleeping device is asked when it wakes.
  void inquire(const DeviceId& device);

  // When the registration of a device that sleeps now ends; nothing for one that listens.
  [[nodiscard]] std::optional<Time> asleep_until(const DeviceId& device) const;

  // The device is no longer wanted: its registration ends here, and it registers anew if it is still there.
  void forget(const DeviceId& device);

  // busy when it is claimed already, unavailable when it is not registered.
  Result<std::unique_ptr<Claim>> claim(const DeviceId& device, Claim::Hooks hooks);

  [[nodiscard]] std::size_t registrations() const { return registry_.size(); }

 private:
  friend class Claim;

  // What goes on with one registered device.
  struct Conversation {
    std::unique_ptr<Interview> interview;
    std::optional<Interview::Scope>
        wanted;  // an interview to be held when the device is free, awake and its turn comes
    Exchange watch_state;
    Exchange watch_result;
    std::optional<ContentFormat> accept = kText;
    Numbering numbering = Numbering::standard;
    std::uint8_t block_exponent = Block::kLargest;
    Claim* claim = nullptr;
  };

  Answer answer(const Incoming& request);
  Answer list_resources(const Incoming& request) const;
  void act_on(const Registry::Change& change);
  void act_on_registration(const Registration& registration, bool restarted);
  void act_on_update(const Registration& registration, const Registry::Change& change);
  void gone(const DeviceId& device, bool live, std::string_view why);
  void end_conversation(const DeviceId& device);
  void want(const DeviceId& device, Interview::Scope scope);
  void consider(const DeviceId& device);
  void hold_interviews();
  void hold_interview(const Registration& registration);
  void interviewed(const DeviceId& device, const Findings& findings);
  void watch(const Registration& registration);
  Exchange watch(const Registration& registration, const ResourcePath& path,
                 void (Lwm2mServer::*told)(const DeviceId&, std::int64_t));
  void woken(const DeviceId& device);
  void state_told(const DeviceId& device, std::int64_t state);
  void result_told(const DeviceId& device, std::int64_t result);
  void interrupt(const DeviceId& device, Reason reason, std::string_view why, bool counts = true);
  void release(const DeviceId& device);
  void heard(const DeviceId& device);
  void heard_nothing(const DeviceId& device);
  [[nodiscard]] bool is_awake(const Registration& registration) const;
  void arm_expiry(std::chrono::milliseconds at);
  void later(std::function<void()> action);

  Loop& loop_;
  Context& context_;
  Exchanges& exchanges_;
  Lwm2mTimes times_;
  Announce announce_;
  Registry registry_;
  std::map<DeviceId, Conversation> conversations_;
  std::deque<DeviceId> waiting_;  // for an interview
  std::set<DeviceId> waiting_set_;
  std::set<DeviceId> interviewing_;
  std::deque<std::function<void()>> actions_;
  Timer act_;
  Timer expiry_;
  std::chrono::milliseconds expiry_at_{0};
};

}  // namespace homepatch::coap
