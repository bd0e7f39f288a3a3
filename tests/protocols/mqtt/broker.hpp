// A real mosquitto of this test's own, on a free port of the loopback, and a plain client (libmosquitto, not ours) to
// play the devices with.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "protocols/mqtt/message.hpp"

struct mosquitto;
struct mosquitto_message;

namespace homepatch::mqtt {

class Broker {
 public:
  // Takes a free port; does not start yet.
  explicit Broker(bool anonymous = true);
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  // Returns when it takes connections; false when it does not within ten seconds.
  bool start();
  void stop();
  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  bool anonymous_;
  std::uint16_t port_;
  std::string folder_;
  pid_t pid_ = -1;
};

class Peer {
 public:
  using OnMessage = std::function<void(Peer&, const Message&)>;

  explicit Peer(const Broker& broker, OnMessage on_message = {});
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  void subscribe(const std::string& filter);
  void publish(const std::string& topic, const std::string& payload, bool retain = false);
  // Lets the client's socket work once, without waiting.
  void turn();

  std::vector<Message> heard;

 private:
  static void on_message(struct mosquitto* client, void* self, const struct mosquitto_message* message);

  struct mosquitto* client_;
  OnMessage on_message_;
};

}  // namespace homepatch::mqtt
