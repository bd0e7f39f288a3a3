// The MQTT side of the home in one piece for the composition root: the client, the dialects that stand on it, and their
// deliveries. Announcements come out of one callback. Keeps nothing across a crash: the broker's retained messages, and
// questions to the devices, fill it again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "core/announcement.hpp"
#include "core/delivery.hpp"
#include "protocols/mqtt/client.hpp"
#include "protocols/mqtt/dialects/tasmota/delivery.hpp"
#include "protocols/mqtt/dialects/tasmota/dialect.hpp"

namespace homepatch::mqtt {

class Household {
 public:
  // All on the loop's thread. They must not destroy the household.
  struct Events {
    std::function<void(const Announcement&)> announcement;
    std::function<void(const Announcement&)> note;       // one that a delivery needs after a crash: to be kept at once
    std::function<void(Link, const std::string&)> link;  // as in Client
    // Not called before the first message. Those whom the home knows come first where there is not room for all; who is
    // a stranger still after his announcement was not taken in, and is let go.
    tasmota::Dialect::Acquainted acquainted;
    std::function<void(const std::string&)> remark;  // a line for the log: what was refused, and what can be done
    std::function<void(const Message&)> message;     // under homepatch/ and homeassistant/, where no device may be
  };

  // Errors as in Client::open. Settings::state_like is set here.
  static Result<std::unique_ptr<Household>> open(EventLoop& loop, Settings settings, tasmota::DeliveryLimits limits,
                                                 Events events);
  ~Household();
  Household(const Household&) = delete;
  Household& operator=(const Household&) = delete;

  // Its handles must not outlive the household.
  [[nodiscard]] Delivery& tasmota_delivery() { return tasmota_delivery_; }
  [[nodiscard]] const tasmota::Dialect& tasmota_dialect() const { return tasmota_; }
  // For those who publish and subscribe under homepatch/ and homeassistant/.
  [[nodiscard]] Client& client() { return *client_; }

 private:
  Household(EventLoop& loop, tasmota::DeliveryLimits limits, Events events);

  void on_link(Link link, const std::string& text);
  void on_message(const Message& message);
  void apply(const tasmota::Effects& effects);
  void announce(const Announcement& announcement);
  void announce_later(const Announcement& announcement);
  void arm();
  [[nodiscard]] bool listens() const;
  [[nodiscard]] tasmota::Now now() const;
  [[nodiscard]] tasmota::Ports ports();

  EventLoop& loop_;
  Duration reunion_;
  Duration listens_from_{};  // monotonic: when devices have had the time to be back
  bool was_away_ = false;    // the broker, since the start
  Events events_;
  tasmota::Dialect tasmota_;
  tasmota::TasmotaDelivery tasmota_delivery_;
  std::vector<Announcement> outbox_;  // of the deliveries: at most one for each update that runs
  Timer post_;
  Timer wake_;
  std::unique_ptr<Client> client_;
};

}  // namespace homepatch::mqtt
