// The stable identity of a device: "mac:e0980680ff6d" where it has a MAC address, "lwm2m:<endpoint>" where it has
// only an LwM2M endpoint name. Never taken from a name or a topic that its owner can edit.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homepatch {

class DeviceId {
 public:
  static constexpr std::size_t kMaxText = 200;
  static constexpr std::size_t kMaxEndpointName = 63;

  // What to_string() gave: from the database, the bus or a person.
  static Result<DeviceId> parse(std::string_view text);

  // 12 hexadecimal digits, of any case, with or without ':' or '-' between the bytes; not all zero or all ones,
  // not a group address (IEEE 802: lowest bit of the first byte).
  static Result<DeviceId> from_mac(std::string_view mac);

  // An LwM2M endpoint client name, 1..63 bytes (RFC 9176 section 5); bytes other than letters, digits and "-._:" are
  // percent-encoded, so that the identity is safe in any text.
  static Result<DeviceId> from_endpoint(std::string_view endpoint);

  [[nodiscard]] const std::string& to_string() const { return text_; }

  friend auto operator<=>(const DeviceId&, const DeviceId&) = default;

 private:
  explicit DeviceId(std::string text) : text_(std::move(text)) {}

  std::string text_;
};

}  // namespace homepatch
