// An IP address with a UDP port, as a value: what a device is reached at, what an endpoint of ours listens on.
// Made from IP literals and from what the kernel says; names are never resolved. An IPv6 link-local address keeps the
// number of its interface, without which it means nothing.
#pragma once

#include <netinet/in.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homepatch::coap {

class Address {
 public:
  Address() = default;

  // `ip` is a literal: "192.168.1.7", "fd00::7", "fe80::7%2" or "fe80::7%eth0".
  static Result<Address> make(std::string_view ip, std::uint16_t port);
  // What to_string() gave: "192.168.1.7:5683", "[fe80::7%2]:5683".
  static Result<Address> parse(std::string_view text);
  static std::optional<Address> from(const sockaddr* address);

  [[nodiscard]] std::string ip() const;
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] bool is_v6() const { return v6_; }
  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] Address with_port(std::uint16_t port) const;

  // Fills the socket address and gives its size.
  socklen_t fill(sockaddr_in6& out) const;

  friend auto operator<=>(const Address&, const Address&) = default;

 private:
  bool v6_ = false;
  std::array<std::uint8_t, 16> bytes_{};  // the first four of an IPv4 address
  std::uint32_t scope_ = 0;
  std::uint16_t port_ = 0;
};

// The way to a device: its address, the endpoint of ours that it spoke to, and the interface its datagrams came in on
// (0: not known). A request to it leaves from that endpoint, or it would not be taken for ours.
struct Route {
  Address remote;
  Address local;
  int interface = 0;

  friend bool operator==(const Route&, const Route&) = default;
};

}  // namespace homepatch::coap
