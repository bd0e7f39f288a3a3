// The least that a client takes for an MQTT 3.1.1 broker, for one connection: it answers CONNECT, says what the test
// wants said, and answers SUBSCRIBE and UNSUBSCRIBE only when the test lets it.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "base/unique_fd.hpp"

namespace homepatch::mqtt {

class CurtBroker {
 public:
  CurtBroker();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  // Takes in and answers what there is, without waiting.
  void turn();
  // A PUBLISH at QoS 0, once the client is connected.
  void say(const std::string& topic);

  bool answers = false;
  std::size_t requests = 0;  // SUBSCRIBE and UNSUBSCRIBE, so far

 private:
  void on_packet(std::uint8_t type, const std::string& body);
  void send(const std::string& bytes);

  UniqueFd listener_;
  UniqueFd client_;
  std::uint16_t port_ = 0;
  std::string in_;
  std::string out_;
  std::deque<std::string> unanswered_;
  bool connected_ = false;
};

}  // namespace homepatch::mqtt
