#include "sim/lwm2m/coap_endpoint.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace homepatch::sim {

namespace {

// RFC 7252 section 4.8; the random factor is left at 1, devices of one run are told apart by when they were started.
constexpr std::chrono::milliseconds kAckTimeout{2000};
constexpr int kMaxRetransmit = 4;
constexpr std::chrono::milliseconds kResponseWait{93'000};  // MAX_TRANSMIT_WAIT
constexpr std::chrono::milliseconds kRejectionWait{5'000};  // for the RST to a notification that needs no answer
// A device serves one requester; more than these can never be duplicates still under way.
constexpr std::size_t kRememberedAnswers = 16;
constexpr std::size_t kMaxExchanges = 64;
constexpr std::size_t kMaxDatagram = 2048;

Result<UniqueFd> bound_socket(std::uint32_t address) {
  UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail(errno_error("making a UDP socket", errno));
  const auto name = to_sockaddr({address, 0});
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    return fail(errno_error("binding a UDP socket to " + address_text(address), errno));
  }
  return fd;
}

std::uint16_t port_of(int fd) {
  sockaddr_in name{};
  socklen_t size = sizeof name;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size);
  return from_sockaddr(name).port;
}

// Options with odd numbers must be understood or refused (RFC 7252 section 5.4.1).
bool has_unknown_critical(const CoapMessage& message) {
  constexpr std::array kKnown{coap::kUriHost, coap::kUriPort, coap::kUriPath, coap::kUriQuery,
                              coap::kAccept,  coap::kBlock2,  coap::kBlock1};
  return std::any_of(message.options.begin(), message.options.end(), [&](const CoapOption& option) {
    return option.number % 2 == 1 && std::find(kKnown.begin(), kKnown.end(), option.number) == kKnown.end();
  });
}

}  // namespace

Result<std::unique_ptr<CoapEndpoint>> CoapEndpoint::open(EventLoop& loop, std::uint32_t address,
                                                         std::uint16_t avoided_port, Handler handler) {
  auto fd = TRY(bound_socket(address));
  if (port_of(fd.get()) == avoided_port) {
    auto other = TRY(bound_socket(address));  // while the first still holds the port
    fd = std::move(other);
  }
  const auto port = port_of(fd.get());
  std::unique_ptr<CoapEndpoint> endpoint(new CoapEndpoint(loop, std::move(fd), port, std::move(handler)));
  auto* self = endpoint.get();
  endpoint->watch_ = TRY(loop.watch(self->fd_.get(), EPOLLIN, [self](std::uint32_t) { self->on_readable(); }));
  return endpoint;
}

CoapEndpoint::CoapEndpoint(EventLoop& loop, UniqueFd fd, std::uint16_t port, Handler handler)
    : loop_(loop),
      fd_(std::move(fd)),
      port_(port),
      handler_(std::move(handler)),
      next_id_(static_cast<std::uint16_t>(port * 40503U)),
      next_token_(port * 2654435761U) {}

void CoapEndpoint::on_readable() {
  std::array<char, kMaxDatagram> buffer{};
  constexpr int kAtOnce = 8;
  for (int i = 0; i < kAtOnce; ++i) {
    sockaddr_in name{};
    socklen_t size = sizeof name;
    const auto got = ::recvfrom(fd_.get(), buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&name), &size);
    if (got < 0) return;
    const auto message = parse_coap({buffer.data(), static_cast<std::size_t>(got)});
    if (message) on_message(*message, from_sockaddr(name));
  }
}

void CoapEndpoint::on_message(const CoapMessage& message, const Peer& from) {
  if (message.type == CoapType::rst) return on_rejected(message.id);
  if (message.type == CoapType::ack && message.code == coap::kEmpty) return on_acknowledged(message.id);
  if (message.is_request() && message.type != CoapType::ack) return on_request(message, from);
  if (message.code >= coap_code(2, 0)) return on_response(message, from);
  // What is left is a ping, or has no meaning.
  if (message.type == CoapType::con) send_bare(from, CoapType::rst, message.id);
}

void CoapEndpoint::on_request(const CoapMessage& request, const Peer& from) {
  if (const auto* before = answered(from, request.id)) {
    if (!before->wire.empty()) send(from, before->wire);
    return;
  }
  std::optional<CoapMessage> response;
  if (has_unknown_critical(request)) {
    response.emplace().code = coap::kBadOption;
  } else {
    response = handler_(request, from);
  }
  Answered entry{from, request.id, {}};
  if (response) {
    const bool confirmable = request.type == CoapType::con;
    response->type = confirmable ? CoapType::ack : CoapType::non;
    response->id = confirmable ? request.id : next_id_++;
    response->token = request.token;
    entry.wire = encode_coap(*response);
    send(from, entry.wire);
  }
  answered_.push_back(std::move(entry));
  if (answered_.size() > kRememberedAnswers) answered_.pop_front();
}

CoapEndpoint::Answered* CoapEndpoint::answered(const Peer& peer, std::uint16_t id) {
  const auto found = std::find_if(answered_.begin(), answered_.end(),
                                  [&](const Answered& entry) { return entry.peer == peer && entry.id == id; });
  return found == answered_.end() ? nullptr : &*found;
}

void CoapEndpoint::on_response(const CoapMessage& response, const Peer& from) {
  const auto found = std::find_if(exchanges_.begin(), exchanges_.end(), [&](const auto& entry) {
    const Exchange& exchange = entry.second;
    return exchange.answer && exchange.peer == from && exchange.token == response.token;
  });
  if (response.type == CoapType::con) {
    send_bare(from, found == exchanges_.end() ? CoapType::rst : CoapType::ack, response.id);
  }
  if (found == exchanges_.end()) return;
  const auto answer = std::move(found->second.answer);
  exchanges_.erase(found);
  answer(response);
}

void CoapEndpoint::on_acknowledged(std::uint16_t id) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  if (!found->second.answer) {
    exchanges_.erase(found);
    return;
  }
  // The response comes separately.
  found->second.retransmissions_left = 0;
  found->second.timer = loop_.after(kResponseWait, [this, id] { on_timeout(id); });
}

void CoapEndpoint::on_rejected(std::uint16_t id) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  const auto exchange = std::move(found->second);
  exchanges_.erase(found);
  if (exchange.answer) return exchange.answer(fail(Errc::cancelled, "the other side rejected the message"));
  exchange.lost();
}

void CoapEndpoint::on_timeout(std::uint16_t id) {
  auto& exchange = exchanges_.at(id);
  if (exchange.retransmissions_left > 0) {
    --exchange.retransmissions_left;
    exchange.timeout *= 2;
    exchange.timer = loop_.after(exchange.timeout, [this, id] { on_timeout(id); });
    return send(exchange.peer, exchange.wire);
  }
  const auto over = std::move(exchange);
  exchanges_.erase(id);
  if (over.answer) return over.answer(fail(Errc::unavailable, "no answer"));
  const bool unanswered = over.timeout > kAckTimeout;
  if (unanswered) over.lost();
}

CoapEndpoint::Exchange& CoapEndpoint::start(const Peer& peer, CoapMessage& message, bool confirmable) {
  if (exchanges_.size() >= kMaxExchanges) exchanges_.erase(exchanges_.begin());
  message.type = confirmable ? CoapType::con : CoapType::non;
  message.id = next_id_++;
  auto& exchange = exchanges_[message.id];
  exchange.peer = peer;
  exchange.wire = encode_coap(message);
  exchange.retransmissions_left = confirmable ? kMaxRetransmit : 0;
  exchange.timeout = kAckTimeout;
  exchange.timer = loop_.after(confirmable ? kAckTimeout : kRejectionWait, [this, id = message.id] { on_timeout(id); });
  send(peer, exchange.wire);
  return exchange;
}

void CoapEndpoint::ask(const Peer& peer, CoapMessage request, Answer answer) {
  const auto token = next_token_++;
  request.token.clear();
  for (unsigned shift = 0; shift < 32; shift += 8) request.token += static_cast<char>((token >> shift) & 0xFFU);
  auto& exchange = start(peer, request, true);
  exchange.token = request.token;
  exchange.answer = std::move(answer);
}

void CoapEndpoint::notify(const Peer& peer, CoapMessage message, bool confirmable, std::function<void()> lost) {
  start(peer, message, confirmable).lost = std::move(lost);
}

void CoapEndpoint::send(const Peer& peer, const std::string& wire) {
  const auto name = to_sockaddr(peer);
  // A lost datagram is a lost datagram: the message layer deals with it.
  [[maybe_unused]] const auto sent =
      ::sendto(fd_.get(), wire.data(), wire.size(), 0, reinterpret_cast<const sockaddr*>(&name), sizeof name);
}

void CoapEndpoint::send_bare(const Peer& peer, CoapType type, std::uint16_t id) {
  CoapMessage message;
  message.type = type;
  message.id = id;
  send(peer, encode_coap(message));
}

}  // namespace homepatch::sim
