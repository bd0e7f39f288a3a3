#include "core/device_id.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

namespace homepatch {

namespace {

constexpr std::string_view kMacPrefix = "mac:";
constexpr std::string_view kEndpointPrefix = "lwm2m:";

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-._:").find(c) != std::string_view::npos;
}

// The 12 digits in lower case; separators are of one kind and between all bytes, or there are none.
std::optional<std::string> mac_digits(std::string_view mac) {
  const bool separated = mac.size() == 17;
  if (!separated && mac.size() != 12) return std::nullopt;
  if (separated && mac[2] != ':' && mac[2] != '-') return std::nullopt;
  std::string digits;
  for (std::size_t i = 0; i < mac.size(); ++i) {
    if (separated && i % 3 == 2) {
      if (mac[i] != mac[2]) return std::nullopt;
      continue;
    }
    const auto c = static_cast<char>(std::tolower(static_cast<unsigned char>(mac[i])));
    if (!is_hex(c)) return std::nullopt;
    digits += c;
  }
  return digits;
}

}  // namespace

Result<DeviceId> DeviceId::parse(std::string_view text) {
  if (text.starts_with(kMacPrefix)) {
    const auto mac = text.substr(kMacPrefix.size());
    if (mac.size() == 12 && std::ranges::all_of(mac, is_hex)) return DeviceId(std::string(text));
  }
  if (text.starts_with(kEndpointPrefix) && text.size() > kEndpointPrefix.size() && text.size() <= kMaxText) {
    const auto name = text.substr(kEndpointPrefix.size());
    if (std::ranges::all_of(name, [](char c) { return is_plain(c) || c == '%'; })) return DeviceId(std::string(text));
  }
  return fail(Errc::invalid_argument, "a device identity looks like mac:e0980680ff6d or lwm2m:<endpoint name>");
}

Result<DeviceId> DeviceId::from_mac(std::string_view mac) {
  const auto digits = mac_digits(mac);
  if (!digits) return fail(Errc::malformed, "a MAC address has 12 hexadecimal digits");
  const bool group = std::string_view("13579bdf").find((*digits)[1]) != std::string_view::npos;
  if (group || *digits == "000000000000") return fail(Errc::malformed, "the MAC address is not that of one device");
  return DeviceId(std::string(kMacPrefix) + *digits);
}

Result<DeviceId> DeviceId::from_endpoint(std::string_view endpoint) {
  if (endpoint.empty() || endpoint.size() > kMaxEndpointName) {
    return fail(Errc::malformed, "an endpoint name has 1 to 63 bytes");
  }
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text(kEndpointPrefix);
  for (const char c : endpoint) {
    if (is_plain(c)) {
      text += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      text += '%';
      text += kDigits[byte >> 4U];
      text += kDigits[byte & 0x0FU];
    }
  }
  return DeviceId(std::move(text));
}

}  // namespace homepatch
