// libcoap in the daemon's loop: our UDP endpoints, what devices ask of us, and one way to send a request to a device.
// The daemon's composition root makes one; lwm2m_server answers its requests, exchange.hpp sends through it.
// libcoap's own block handling stays off (its body states expire after 93 s, and one of its modes can be crashed from
// outside): blocks are handled in block1/2 logic of ours. Nothing here outlives a crash; devices speak again.
// DTLS endpoints will be opened by a sibling of listen(); a Link is found by its route either way.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "base/result.hpp"
#include "protocols/coap/message.hpp"

struct coap_context_t;

namespace homepatch::coap {

// How long and how often a request is sent before the device counts as gone (RFC 7252 section 4.8).
struct Timing {
  std::chrono::milliseconds ack_timeout{2000};  // libcoap takes nothing below one second
  unsigned max_retransmit = 4;                  // nor less than one

  // From the first sending to the moment when no answer can come any more: 93 s by default (MAX_TRANSMIT_WAIT).
  [[nodiscard]] std::chrono::milliseconds span() const { return ack_timeout * ((2U << max_retransmit) - 1U) * 3 / 2; }
};

// What came back for a request, or as a notification.
struct Received {
  Address from;
  std::string token;
  bool piggybacked = false;  // in the acknowledgement of the message with this id
  std::uint16_t message_id = 0;
  Response response;
};

class Context {
 public:
  static constexpr unsigned kMaxIdleSessions = 512;
  static constexpr std::chrono::seconds kSessionTimeout{120};

  static Result<std::unique_ptr<Context>> open(EventLoop& loop);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // Opens an endpoint; port 0 takes a free one. Gives the address it got. already_exists when another program has the
  // port: libcoap would share it without a word, and each datagram would go to one of the two. not_found when the
  // address is none of this gateway, or not usable yet.
  Result<Address> listen(const Address& address);
  [[nodiscard]] const std::vector<Address>& addresses() const { return addresses_; }

  using Handler = std::function<Answer(const Incoming&)>;
  void on_request(Handler handler) { handler_ = std::move(handler); }

  // False from `taken` means that nobody asked for it: the device is told so by a reset.
  using Taken = std::function<bool(const Received&)>;
  // A request was not delivered. The token is empty where libcoap cannot tell which one.
  using Failed = std::function<void(const Address& to, const std::string& token, Error error)>;
  void on_response(Taken taken, Failed failed) {
    taken_ = std::move(taken);
    failed_ = std::move(failed);
  }

  // One referenced session to a device; hold it only while a request is open (libcoap walks all of them on every
  // datagram). Must be gone before the Context.
  class Link;

  // The session that the device itself opened, or a fresh one from the endpoint's own address and port.
  Result<std::unique_ptr<Link>> link(const Route& route);

 private:
  struct Callbacks;

  Context(EventLoop& loop, coap_context_t* context);
  Status start();
  void process();
  void prepare();

  EventLoop& loop_;
  coap_context_t* context_;
  std::vector<Address> addresses_;
  Handler handler_;
  Taken taken_;
  Failed failed_;
  Watch readable_;
  Watch before_wait_;
  Timer due_;
  std::chrono::milliseconds due_at_{0};
};

class Context::Link {
 public:
  virtual ~Link() = default;

  // Sends one confirmable message; gives its message id. too_large when it does not fit into one datagram.
  virtual Result<std::uint16_t> send(const Request& request, const std::string& token, const Timing& timing) = 0;
};

}  // namespace homepatch::coap
