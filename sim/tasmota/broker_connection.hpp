// One device's MQTT connection: libmosquitto in the loop, bound to the device's own address.
//
// Destroying it drops the connection without a DISCONNECT, as a restart or a power cut does: the broker then publishes
// the will. leave() says goodbye first, and no will is published.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/event_loop.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

struct mosquitto;
struct mosquitto_message;

namespace homepatch::sim {

struct Broker {
  std::string host;
  std::uint16_t port = 1883;
  std::optional<std::string> user;
  std::optional<std::string> password;
};

struct MqttMessage {
  std::string topic;
  std::string payload;
};

class BrokerConnection {
 public:
  struct Order {
    Broker broker;
    std::string client_id;
    std::string source_address;
    MqttMessage will;  // retained
  };

  // None of them comes inside open(), and none may destroy the connection: that is for a later turn.
  struct Events {
    std::function<void()> connected;
    std::function<void()> subscribed;  // the broker took all the filters given to subscribe()
    std::function<void(const MqttMessage&)> message;
    std::function<void(const std::string& reason)> lost;
  };

  // Connects before it returns; the loop waits for this long, so the broker should be near. unavailable when it is
  // not there.
  static Result<std::unique_ptr<BrokerConnection>> open(EventLoop& loop, const Order& order, Events events);
  ~BrokerConnection() = default;
  BrokerConnection(const BrokerConnection&) = delete;
  BrokerConnection& operator=(const BrokerConnection&) = delete;

  void subscribe(const std::string& filter);
  // QoS 0.
  void publish(const std::string& topic, std::string_view payload, bool retained);
  void leave();

 private:
  BrokerConnection(EventLoop& loop, Events events) : loop_(loop), events_(std::move(events)) {}

  Status start(const Order& order);
  Status watch_socket();
  void stop_watching();
  void on_ready(std::uint32_t revents);
  void deliver();
  void follow_writing();
  void tick();
  void report_loss(const std::string& why);

  EventLoop& loop_;
  Events events_;
  std::unique_ptr<mosquitto, void (*)(mosquitto*)> client_{nullptr, nullptr};
  UniqueFd socket_;  // a copy of libmosquitto's, closed after the watch has ended
  Watch watch_;
  Timer tick_;
  bool writing_ = false;
  int wanted_ = 0;             // subscriptions asked for since the last answer to all of them
  int subscribed_ = 0;         // of these, answered
  std::optional<int> answer_;  // the broker's answer to CONNECT, not yet told
  std::deque<MqttMessage> inbox_;
};

}  // namespace homepatch::sim
