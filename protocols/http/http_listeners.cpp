#include "protocols/http/http_listeners.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <optional>

namespace homepatch {

namespace {

constexpr int kBacklog = 64;
constexpr int kMaxAcceptsPerTurn = 32;
constexpr auto kPauseWithoutDescriptors = std::chrono::milliseconds(100);
// Of a response at most this much waits unsent in the kernel: progress stays near the truth, a recall leaves little
// behind, and many slow clients do not fill the gateway's memory.
constexpr int kMaxUnsent = 128 * 1024;

std::string shown(const ListenAddress& address) {
  return address.ip.find(':') == std::string::npos ? fmt::format("{}:{}", address.ip, address.port)
                                                   : fmt::format("[{}]:{}", address.ip, address.port);
}

Unexpected cannot_listen(const ListenAddress& address, int error_number) {
  const std::string place = "the HTTP address " + shown(address);
  if (error_number == EADDRINUSE) {
    return fail(Errc::busy, place +
                                " is in use by another program; stop that program, or choose another HTTP port in "
                                "the configuration");
  }
  if (error_number == EADDRNOTAVAIL) {
    return fail(Errc::not_found,
                place + " is not an address of this gateway; check the interfaces in the configuration");
  }
  if (error_number == EACCES) {
    return fail(Errc::not_authorised, place + " may not be used by this program; choose an HTTP port above 1023");
  }
  return fail(errno_error("listening on " + place, error_number));
}

std::uint16_t port_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                                             : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

// The gateway's own address on the way to `client`: a UDP socket is bound to it by connect(), nothing is sent.
std::optional<IpAddress> own_address_towards(const IpAddress& client) {
  sockaddr_storage address{};
  socklen_t size = client.fill(address, 9);
  const UniqueFd fd(::socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) return std::nullopt;
  size = sizeof address;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) return std::nullopt;
  return IpAddress::of(reinterpret_cast<const sockaddr*>(&address));
}

}  // namespace

Result<HttpListeners::Listener> HttpListeners::open(const ListenAddress& address) {
  const IpAddress ip = TRY(IpAddress::parse(address.ip));
  sockaddr_storage where{};
  const socklen_t size = ip.fill(where, address.port);
  UniqueFd fd(::socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return cannot_listen(address, errno);
  const int yes = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (ip.is_ipv6()) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&where), size) != 0 || ::listen(fd.get(), kBacklog) != 0) {
    return cannot_listen(address, errno);
  }
  Listener listener{address, {ip.to_string(), port_of(fd.get())}, std::move(fd), {}};
  listener.watch = TRY(
      loop_.watch(listener.fd.get(), EPOLLIN, [this, raw = listener.fd.get()](std::uint32_t) { accept_from(raw); }));
  return listener;
}

Status HttpListeners::listen_on(const std::vector<ListenAddress>& addresses) {
  if (addresses.size() > kMaxAddresses) {
    return fail(Errc::too_large, fmt::format("more than {} HTTP addresses", kMaxAddresses));
  }
  const auto named = [&](const Listener& listener) {
    return std::find(addresses.begin(), addresses.end(), listener.asked) != addresses.end();
  };
  std::optional<Error> failure;
  std::list<Listener> opened;
  for (const auto& address : addresses) {
    const auto same = [&](const Listener& listener) { return listener.asked == address; };
    if (std::any_of(listeners_.begin(), listeners_.end(), same)) continue;
    auto listener = open(address);
    if (listener) {
      opened.push_back(std::move(*listener));
    } else if (!failure || failure->code == Errc::not_found) {
      failure = std::move(listener.error());
    }
  }
  std::erase_if(listeners_, [&](const Listener& listener) { return !named(listener); });
  listeners_.splice(listeners_.end(), opened);
  if (failure) return fail(std::move(*failure));
  return {};
}

std::vector<ListenAddress> HttpListeners::bound() const {
  std::vector<ListenAddress> out;
  for (const auto& listener : listeners_) out.push_back(listener.bound);
  return out;
}

Result<std::string> HttpListeners::reachable_from(const IpAddress& client) const {
  const auto own = own_address_towards(client);
  for (const auto& listener : listeners_) {
    const IpAddress ip = TRY(IpAddress::parse(listener.bound.ip));
    const bool on_all = ip.is_unspecified() && own && ip.is_ipv6() == own->is_ipv6();
    // Every loopback address reaches every other one.
    if ((own && ip == *own) || (client.is_loopback() && ip.is_loopback())) return shown(listener.bound);
    if (on_all) return shown({own->to_string(), listener.bound.port});
  }
  return fail(Errc::not_found, fmt::format("{} reaches none of the gateway's HTTP addresses; name the interface it is "
                                           "connected to in the configuration",
                                           client.to_string()));
}

void HttpListeners::accept_from(int fd) {
  for (int i = 0; i < kMaxAcceptsPerTurn; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    UniqueFd connection(::accept4(fd, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!connection) {
      // The connection stays in the queue: without a pause the loop would turn about nothing else.
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) pause();
      return;
    }
    ::setsockopt(connection.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kMaxUnsent, sizeof kMaxUnsent);
    if (const auto ip = IpAddress::of(reinterpret_cast<const sockaddr*>(&peer))) accepted_(std::move(connection), *ip);
  }
}

void HttpListeners::pause() {
  for (auto& listener : listeners_) listener.watch.set_events(0);
  resume_ = loop_.after(kPauseWithoutDescriptors, [this] {
    for (auto& listener : listeners_) listener.watch.set_events(EPOLLIN);
  });
}

}  // namespace homepatch
