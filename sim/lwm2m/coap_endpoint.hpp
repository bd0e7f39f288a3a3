// One device's UDP socket and the CoAP message layer on it (RFC 7252 section 4): retransmission of what it asks,
// and for what it is asked, the same answer to a duplicate instead of a second deed.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/event_loop.hpp"
#include "base/unique_fd.hpp"
#include "sim/address.hpp"
#include "sim/lwm2m/coap_message.hpp"

namespace homepatch::sim {

class CoapEndpoint {
 public:
  // Type, id and token of what it returns are the endpoint's matter. Nothing: no answer at all, as from a device
  // that has just lost its power. Must not destroy the endpoint.
  using Handler = std::function<std::optional<CoapMessage>(const CoapMessage& request, const Peer& from)>;
  // Comes on a later turn: the response, unavailable (no answer within the retransmissions) or cancelled (RST).
  using Answer = std::function<void(Result<CoapMessage>)>;

  // Bound to `address` and to a free port that is not `avoided_port`: a device that comes back after a restart has
  // another one.
  static Result<std::unique_ptr<CoapEndpoint>> open(EventLoop& loop, std::uint32_t address, std::uint16_t avoided_port,
                                                    Handler handler);

  [[nodiscard]] std::uint16_t port() const { return port_; }

  // Confirmable; type, id and token are filled in.
  void ask(const Peer& peer, CoapMessage request, Answer answer);

  // A notification; `message` has its token. `lost` comes when the other side rejects it (RST) or, if confirmable,
  // never acknowledges it.
  void notify(const Peer& peer, CoapMessage message, bool confirmable, std::function<void()> lost);

 private:
  struct Exchange {
    Peer peer;
    std::string token;  // empty: a notification
    std::string wire;
    int retransmissions_left = 0;
    std::chrono::milliseconds timeout{};
    Timer timer;
    Answer answer;
    std::function<void()> lost;
  };
  struct Answered {
    Peer peer;
    std::uint16_t id = 0;
    std::string wire;  // empty: no answer was given
  };

  CoapEndpoint(EventLoop& loop, UniqueFd fd, std::uint16_t port, Handler handler);

  void on_readable();
  void on_message(const CoapMessage& message, const Peer& from);
  void on_request(const CoapMessage& request, const Peer& from);
  void on_response(const CoapMessage& response, const Peer& from);
  void on_acknowledged(std::uint16_t id);
  void on_rejected(std::uint16_t id);
  void on_timeout(std::uint16_t id);
  void send(const Peer& peer, const std::string& wire);
  void send_bare(const Peer& peer, CoapType type, std::uint16_t id);
  [[nodiscard]] Answered* answered(const Peer& peer, std::uint16_t id);
  Exchange& start(const Peer& peer, CoapMessage& message, bool confirmable);

  EventLoop& loop_;
  UniqueFd fd_;
  std::uint16_t port_;
  Handler handler_;
  std::uint16_t next_id_;
  std::uint32_t next_token_;
  std::map<std::uint16_t, Exchange> exchanges_;
  std::deque<Answered> answered_;
  Watch watch_;
};

}  // namespace homepatch::sim
