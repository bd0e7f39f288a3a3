// Where pretend devices live (each on a loopback address of its own, 127.0.0.0/8 only) and whom they speak to.
#pragma once

#include <netinet/in.h>

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homepatch::sim {

// An IPv4 address and a port, in host byte order.
struct Peer {
  std::uint32_t address = 0;
  std::uint16_t port = 0;

  friend auto operator<=>(const Peer&, const Peer&) = default;
};

sockaddr_in to_sockaddr(const Peer& peer);
Peer from_sockaddr(const sockaddr_in& address);
std::string address_text(std::uint32_t address);
std::string to_string(const Peer& peer);

// Dotted IPv4 within 127.0.0.0/8, with room for `count` addresses from there on.
Result<std::uint32_t> parse_loopback(std::string_view text, std::size_t count);

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

// "HOST:PORT"; a name is left to whoever connects.
Result<HostPort> parse_host_port(std::string_view text);

// "127.0.0.1:5683": the host must be an IPv4 address.
Result<Peer> parse_peer(std::string_view text);

}  // namespace homepatch::sim
