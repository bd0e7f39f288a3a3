#include "protocols/http/ip_address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "base/text.hpp"

namespace homepatch {

namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};  // RFC 4291, 2.5.5.2

}  // namespace

Result<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string terminated(text);
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  if (::inet_pton(AF_INET, terminated.c_str(), &v4.sin_addr) == 1) return *of(reinterpret_cast<const sockaddr*>(&v4));
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  if (::inet_pton(AF_INET6, terminated.c_str(), &v6.sin6_addr) == 1) return *of(reinterpret_cast<const sockaddr*>(&v6));
  return fail(Errc::invalid_argument, fmt::format("\"{}\" is not an IP address", printable(text, 64)));
}

std::optional<IpAddress> IpAddress::of(const sockaddr* address) {
  IpAddress out;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    std::memcpy(out.bytes_.data(), &v4.sin_addr, sizeof v4.sin_addr);
    return out;
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6{};
  std::memcpy(&v6, address, sizeof v6);
  std::memcpy(out.bytes_.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
  out.ipv6_ = !std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), out.bytes_.begin());
  if (!out.ipv6_) {
    std::copy(out.bytes_.begin() + kMappedPrefix.size(), out.bytes_.end(), out.bytes_.begin());
    std::fill(out.bytes_.begin() + 4, out.bytes_.end(), std::uint8_t{0});
  }
  return out;
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(ipv6_ ? AF_INET6 : AF_INET, bytes_.data(), text.data(), text.size());
  return text.data();
}

bool IpAddress::is_loopback() const {
  if (!ipv6_) return bytes_[0] == 127;
  return bytes_[15] == 1 && std::all_of(bytes_.begin(), bytes_.end() - 1, [](std::uint8_t b) { return b == 0; });
}

bool IpAddress::is_link_local() const {
  if (!ipv6_) return bytes_[0] == 169 && bytes_[1] == 254;   // RFC 3927
  return bytes_[0] == 0xFE && (bytes_[1] & 0xC0U) == 0x80U;  // RFC 4291, 2.5.6
}

bool IpAddress::is_at_home() const {
  if (is_loopback() || is_link_local()) return true;
  if (ipv6_) return (bytes_[0] & 0xFEU) == 0xFCU;
  return bytes_[0] == 10 || (bytes_[0] == 172 && (bytes_[1] & 0xF0U) == 16) || (bytes_[0] == 192 && bytes_[1] == 168);
}

socklen_t IpAddress::fill(sockaddr_storage& out, std::uint16_t port) const {
  out = {};
  if (!ipv6_) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, bytes_.data(), sizeof v4.sin_addr);
    std::memcpy(&out, &v4, sizeof v4);
    return sizeof v4;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::memcpy(&v6.sin6_addr, bytes_.data(), sizeof v6.sin6_addr);
  std::memcpy(&out, &v6, sizeof v6);
  return sizeof v6;
}

}  // namespace homepatch
