#include "sim/address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

#include "base/text.hpp"

namespace homepatch::sim {

namespace {

std::optional<std::uint32_t> ipv4(const std::string& text) {
  in_addr parsed{};
  if (inet_pton(AF_INET, text.c_str(), &parsed) != 1) return std::nullopt;
  return ntohl(parsed.s_addr);
}

}  // namespace

sockaddr_in to_sockaddr(const Peer& peer) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(peer.address);
  out.sin_port = htons(peer.port);
  return out;
}

Peer from_sockaddr(const sockaddr_in& address) { return {ntohl(address.sin_addr.s_addr), ntohs(address.sin_port)}; }

std::string address_text(std::uint32_t address) {
  return fmt::format("{}.{}.{}.{}", address >> 24U, (address >> 16U) & 0xFFU, (address >> 8U) & 0xFFU, address & 0xFFU);
}

std::string to_string(const Peer& peer) { return fmt::format("{}:{}", address_text(peer.address), peer.port); }

Result<std::uint32_t> parse_loopback(std::string_view text, std::size_t count) {
  const auto address = ipv4(std::string(text));
  const auto shown = printable(text, 64);
  if (!address || *address >> 24U != 127) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' is no address of 127.0.0.0/8; pretend devices live only there", shown));
  }
  if ((*address + count - 1) >> 24U != 127) {
    return fail(Errc::invalid_argument, fmt::format("127.0.0.0/8 has no room for {} devices from {} on", count, shown));
  }
  return *address;
}

Result<HostPort> parse_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  HostPort out;
  if (colon != std::string_view::npos && colon > 0) {
    out.host = text.substr(0, colon);
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, out.port);
    if (error == std::errc() && stop == end && out.port != 0) return out;
  }
  return fail(Errc::invalid_argument,
              fmt::format("'{}' is no HOST:PORT; write for example 127.0.0.1:1883", printable(text, 64)));
}

Result<Peer> parse_peer(std::string_view text) {
  const auto host_port = TRY(parse_host_port(text));
  const auto address = ipv4(host_port.host);
  if (!address) {
    return fail(Errc::invalid_argument, fmt::format("'{}' is no IPv4 address", printable(host_port.host, 64)));
  }
  return Peer{*address, host_port.port};
}

}  // namespace homepatch::sim
