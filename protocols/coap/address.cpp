#include "protocols/coap/address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <net/if.h>

#include <charconv>
#include <cstring>

#include "base/text.hpp"

namespace homepatch::coap {

namespace {

Unexpected not_a_literal(std::string_view ip) {
  return fail(Errc::invalid_argument,
              fmt::format("\"{}\" is no IP address; names are not resolved", printable(ip, 80)));
}

template <typename Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::uint32_t> scope_from(std::string_view text) {
  if (const auto index = number<std::uint32_t>(text)) return index;
  const auto index = ::if_nametoindex(std::string(text.substr(0, IF_NAMESIZE)).c_str());
  if (index == 0) return std::nullopt;
  return index;
}

}  // namespace

Result<Address> Address::make(std::string_view ip, std::uint16_t port) {
  Address out;
  out.port_ = port;
  std::string_view literal = ip;
  if (const auto percent = ip.find('%'); percent != std::string_view::npos) {
    const auto scope = scope_from(ip.substr(percent + 1));
    if (!scope) return not_a_literal(ip);
    out.scope_ = *scope;
    literal = ip.substr(0, percent);
  }
  const std::string text(literal.substr(0, INET6_ADDRSTRLEN));
  if (out.scope_ == 0 && ::inet_pton(AF_INET, text.c_str(), out.bytes_.data()) == 1) return out;
  if (::inet_pton(AF_INET6, text.c_str(), out.bytes_.data()) != 1) return not_a_literal(ip);
  out.v6_ = true;
  return out;
}

Result<Address> Address::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return not_a_literal(text);
  const auto port = number<std::uint16_t>(text.substr(colon + 1));
  auto ip = text.substr(0, colon);
  const bool bracketed = ip.size() > 2 && ip.front() == '[' && ip.back() == ']';
  if (bracketed) ip = ip.substr(1, ip.size() - 2);
  if (!port || bracketed != (ip.find(':') != std::string_view::npos)) return not_a_literal(text);
  return make(ip, *port);
}

std::optional<Address> Address::from(const sockaddr* address) {
  Address out;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    std::memcpy(out.bytes_.data(), &v4.sin_addr, sizeof v4.sin_addr);
    out.port_ = ntohs(v4.sin_port);
    return out;
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6{};
  std::memcpy(&v6, address, sizeof v6);
  std::memcpy(out.bytes_.data(), &v6.sin6_addr, sizeof v6.sin6_addr);
  out.v6_ = true;
  out.port_ = ntohs(v6.sin6_port);
  if (IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr)) out.scope_ = v6.sin6_scope_id;
  return out;
}

std::string Address::ip() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(v6_ ? AF_INET6 : AF_INET, bytes_.data(), text.data(), text.size());
  return scope_ == 0 ? std::string(text.data()) : fmt::format("{}%{}", text.data(), scope_);
}

std::string Address::to_string() const {
  return v6_ ? fmt::format("[{}]:{}", ip(), port_) : fmt::format("{}:{}", ip(), port_);
}

Address Address::with_port(std::uint16_t port) const {
  Address out = *this;
  out.port_ = port;
  return out;
}

socklen_t Address::fill(sockaddr_in6& out) const {
  out = {};
  if (v6_) {
    out.sin6_family = AF_INET6;
    out.sin6_port = htons(port_);
    out.sin6_scope_id = scope_;
    std::memcpy(&out.sin6_addr, bytes_.data(), sizeof out.sin6_addr);
    return sizeof(sockaddr_in6);
  }
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port_);
  std::memcpy(&v4.sin_addr, bytes_.data(), sizeof v4.sin_addr);
  std::memcpy(&out, &v4, sizeof v4);
  return sizeof(sockaddr_in);
}

}  // namespace homepatch::coap
