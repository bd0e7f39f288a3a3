#include "protocols/coap/context.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/log.hpp"
#include "base/unique_fd.hpp"
#include "protocols/coap/pdu.hpp"

namespace homepatch::coap {

namespace {

using std::chrono::milliseconds;

// libcoap warns of what strangers send; that is not worth more than a debug line.
void take_log(coap_log_t level, const char* text) noexcept {
  const auto ours = level <= LOG_ERR ? log::Level::warning : log::Level::debug;
  if (!log::wanted(ours)) return;
  std::string_view line(text);
  while (!line.empty() && line.back() == '\n') line.remove_suffix(1);
  if (!line.empty()) log::write(ours, fmt::format("libcoap: {}", line));
}

void start_library() {
  [[maybe_unused]] static const bool started = [] {
    coap_startup();
    coap_set_log_handler(&take_log);
    coap_set_log_level(LOG_WARNING);
    return true;
  }();
}

// Binds without SO_REUSEADDR, which fails where libcoap's own bind would share the port; then allows sharing so that
// libcoap can follow before this socket is closed.
Result<UniqueFd> reserve(const Address& address) {
  UniqueFd probe(::socket(address.is_v6() ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto place = fmt::format("opening the CoAP endpoint {}", address.to_string());
  if (!probe) return fail(errno_error(place, errno));
  sockaddr_in6 bytes{};
  const socklen_t size = address.fill(bytes);
  if (::bind(probe.get(), reinterpret_cast<const sockaddr*>(&bytes), size) != 0) {
    if (errno == EADDRINUSE) {
      return fail(Errc::already_exists, fmt::format("UDP port {} of {} is in use by another program: stop it, or "
                                                    "configure another port",
                                                    address.port(), address.ip()));
    }
    if (errno == EADDRNOTAVAIL) {
      return fail(Errc::not_found, fmt::format("the CoAP address {} is not an address of this gateway; check the "
                                               "interfaces in the configuration",
                                               address.to_string()));
    }
    return fail(errno_error(place, errno));
  }
  const int yes = 1;
  if (::setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0)
    return fail(errno_error(place, errno));
  return probe;
}

Result<Address> bound_to(const UniqueFd& socket) {
  sockaddr_in6 bytes{};
  socklen_t size = sizeof bytes;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bytes), &size) != 0) {
    return fail(errno_error("asking for the endpoint's port", errno));
  }
  return Address::from(reinterpret_cast<const sockaddr*>(&bytes)).value_or(Address());
}

Error delivery_error(coap_nack_reason_t reason, const Address& to) {
  switch (reason) {
    case COAP_NACK_RST: return {Errc::io, fmt::format("{} rejected the message", to.to_string())};
    case COAP_NACK_ICMP_ISSUE: return {Errc::unavailable, fmt::format("nothing listens at {}", to.to_string())};
    case COAP_NACK_TOO_MANY_RETRIES:
    case COAP_NACK_NOT_DELIVERABLE:
    case COAP_NACK_TLS_FAILED: break;
  }
  return {Errc::unavailable, fmt::format("{} does not answer", to.to_string())};
}

coap_fixed_point_t fixed_point(milliseconds value) {
  const auto count = std::clamp<std::int64_t>(value.count(), 1000, 60'000);
  return {static_cast<std::uint16_t>(count / 1000), static_cast<std::uint16_t>(count % 1000)};
}

class SessionLink final : public Context::Link {
 public:
  // Takes over one reference.
  SessionLink(coap_session_t* session, Address to) : session_(session), to_(to) {}
  ~SessionLink() override { coap_session_release(session_); }
  SessionLink(const SessionLink&) = delete;
  SessionLink& operator=(const SessionLink&) = delete;

  Result<std::uint16_t> send(const Request& request, const std::string& token, const Timing& timing) override {
    coap_session_set_ack_timeout(session_, fixed_point(timing.ack_timeout));
    coap_session_set_max_retransmit(session_, static_cast<std::uint16_t>(std::clamp(timing.max_retransmit, 1U, 8U)));
    coap_pdu_t* pdu = coap_new_pdu(COAP_MESSAGE_CON, static_cast<coap_pdu_code_t>(request.method), session_);
    if (pdu == nullptr) return fail(Errc::internal, "libcoap gave no message");
    if (!write_request(pdu, request, token)) {
      coap_delete_pdu(pdu);
      return fail(Errc::too_large, "the request does not fit into one datagram");
    }
    const coap_mid_t id = coap_send(session_, pdu);
    if (id == COAP_INVALID_MID) {
      return fail(Errc::unavailable, fmt::format("nothing can be sent to {}", to_.to_string()));
    }
    return static_cast<std::uint16_t>(id);
  }

 private:
  coap_session_t* session_;
  Address to_;
};

}  // namespace

// What libcoap calls; each finds its Context in the library's application data.
struct Context::Callbacks {
  static Context* of(const coap_session_t* session) {
    return static_cast<Context*>(coap_get_app_data(coap_session_get_context(session)));
  }

  static void on_request(coap_resource_t*, coap_session_t* session, const coap_pdu_t* request, const coap_string_t*,
                         coap_pdu_t* response) noexcept {
    Context* self = of(session);
    const Answer answer =
        self->handler_ ? self->handler_(read_request(session, request)) : refuse(kNotFound, "nothing is served here");
    if (!write_answer(response, answer)) coap_pdu_set_code(response, COAP_RESPONSE_CODE_INTERNAL_ERROR);
  }

  static coap_response_t on_response(coap_session_t* session, const coap_pdu_t*, const coap_pdu_t* received,
                                     coap_mid_t) noexcept {
    Context* self = of(session);
    Received out;
    out.from = route_of(session).remote;
    out.token = token_of(received);
    out.piggybacked = coap_pdu_get_type(received) == COAP_MESSAGE_ACK;
    out.message_id = static_cast<std::uint16_t>(coap_pdu_get_mid(received));
    out.response = read_response(received);
    const bool wanted = self->taken_ && self->taken_(out);
    // Only what the device sent of its own accord is worth a reset.
    return wanted || out.piggybacked ? COAP_RESPONSE_OK : COAP_RESPONSE_FAIL;
  }

  static void on_nack(coap_session_t* session, const coap_pdu_t* sent, coap_nack_reason_t reason, coap_mid_t) noexcept {
    Context* self = of(session);
    const Address to = route_of(session).remote;
    if (self->failed_) self->failed_(to, sent != nullptr ? token_of(sent) : "", delivery_error(reason, to));
  }
};

Context::Context(EventLoop& loop, coap_context_t* context) : loop_(loop), context_(context) {}

Context::~Context() {
  readable_.cancel();  // before libcoap closes the descriptor
  before_wait_.cancel();
  coap_register_response_handler(context_, nullptr);
  coap_register_nack_handler(context_, nullptr);
  coap_free_context(context_);
}

Result<std::unique_ptr<Context>> Context::open(EventLoop& loop) {
  start_library();
  coap_context_t* context = coap_new_context(nullptr);
  if (context == nullptr) return fail(Errc::internal, "libcoap gave no context");
  std::unique_ptr<Context> out(new Context(loop, context));
  if (auto started = out->start(); !started) return fail(std::move(started).error().in("joining CoAP to the loop"));
  return out;
}

Status Context::start() {
  coap_set_app_data(context_, this);
  coap_context_set_max_idle_sessions(context_, kMaxIdleSessions);
  coap_context_set_session_timeout(context_, static_cast<unsigned>(kSessionTimeout.count()));
  coap_register_response_handler(context_, &Callbacks::on_response);
  coap_register_nack_handler(context_, &Callbacks::on_nack);

  // libcoap matches whole paths only, so everything goes through its resource for unknown paths; .well-known/core is
  // named because its built-in answer is cut in the middle of a link.
  coap_resource_t* any = coap_resource_unknown_init2(&Callbacks::on_request, 0);
  coap_resource_t* core = coap_resource_init(coap_make_str_const(".well-known/core"), 0);
  for (auto* resource : {any, core}) {
    for (const auto method : {COAP_REQUEST_GET, COAP_REQUEST_POST, COAP_REQUEST_PUT, COAP_REQUEST_DELETE,
                              COAP_REQUEST_FETCH, COAP_REQUEST_PATCH, COAP_REQUEST_IPATCH}) {
      coap_register_request_handler(resource, method, &Callbacks::on_request);
    }
    coap_add_resource(context_, resource);
  }

  readable_ = TRY(loop_.watch(coap_context_get_coap_fd(context_), EPOLLIN, [this](std::uint32_t) { process(); }));
  before_wait_ = TRY(loop_.before_wait([this] { prepare(); }));
  return {};
}

void Context::process() { coap_io_process(context_, COAP_IO_NO_WAIT); }

// Runs due retransmissions and expiries. libcoap arms a timer of its own for the next ones, but disarms it when that
// moment passes while it computes, and it counts in wall-clock time, which jumps: so ours stands beside it.
void Context::prepare() {
  coap_tick_t now = 0;
  coap_ticks(&now);
  const milliseconds wait(coap_io_prepare_epoll(context_, now));
  if (wait == milliseconds::zero()) return;
  const auto at = loop_.monotonic() + wait;
  if (due_.armed() && due_at_ > loop_.monotonic() && due_at_ <= at) return;
  due_at_ = at;
  due_ = loop_.after(wait, [this] {
    due_.cancel();
    process();
  });
}

Result<Address> Context::listen(const Address& address) {
  const UniqueFd reserved = TRY(reserve(address));
  const Address place = TRY(bound_to(reserved));
  const Address bound = address.with_port(place.port());
  const coap_address_t listen_on = to_coap(bound);
  if (coap_new_endpoint(context_, &listen_on, COAP_PROTO_UDP) == nullptr) {
    return fail(Errc::io, fmt::format("libcoap could not open the CoAP endpoint {}", bound.to_string()));
  }
  addresses_.push_back(bound);
  return bound;
}

Result<std::unique_ptr<Context::Link>> Context::link(const Route& route) {
  const coap_address_t remote = to_coap(route.remote);
  coap_session_t* open = coap_session_get_by_peer(context_, &remote, route.interface);
  if (open != nullptr && route_of(open).local == route.local) {
    return std::unique_ptr<Link>(new SessionLink(coap_session_reference(open), route.remote));
  }
  // Between libcoap's bind and its connect a datagram of another device can land in the new socket and count as this
  // one's: no answer fits it, and a request is repeated by its sender.
  const coap_address_t local = to_coap(route.local);
  coap_session_t* fresh = coap_new_client_session(context_, &local, &remote, COAP_PROTO_UDP);
  if (fresh == nullptr) {
    return fail(Errc::unavailable,
                fmt::format("{} cannot be reached from {}", route.remote.to_string(), route.local.to_string()));
  }
  return std::unique_ptr<Link>(new SessionLink(fresh, route.remote));
}

}  // namespace homepatch::coap
