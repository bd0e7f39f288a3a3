// An IP address without a port, as the checks of both directions need it: to whom may plain HTTP be spoken, who may
// fetch from the artifact server. An IPv4 address inside IPv6 (::ffff:192.0.2.1) is the IPv4 address.
#pragma once

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homepatch {

class IpAddress {
 public:
  // An IPv4 or IPv6 literal, without brackets and without a zone.
  static Result<IpAddress> parse(std::string_view text);

  // Nothing for other address families.
  static std::optional<IpAddress> of(const sockaddr* address);

  [[nodiscard]] std::string to_string() const;
  [[nodiscard]] bool is_ipv6() const { return ipv6_; }
  [[nodiscard]] bool is_unspecified() const { return bytes_ == std::array<std::uint8_t, 16>{}; }
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] bool is_link_local() const;

  // Loopback, link-local, and what homes use behind their router: RFC 1918, unique local IPv6 (RFC 4193).
  [[nodiscard]] bool is_at_home() const;

  // The socket address of this address and a port; returns its length.
  socklen_t fill(sockaddr_storage& out, std::uint16_t port) const;

  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  bool ipv6_ = false;
  std::array<std::uint8_t, 16> bytes_{};  // of IPv4 the first four
};

}  // namespace homepatch
