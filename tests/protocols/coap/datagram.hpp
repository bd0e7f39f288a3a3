// CoAP datagrams for the tests' pretend devices: written apart from the daemon's code and from libcoap, straight from
// RFC 7252 section 3, so that no mistake can agree with itself.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homepatch::coap::test {

enum class Type { confirmable, non_confirmable, acknowledgement, reset };

struct Datagram {
  Type type = Type::confirmable;
  unsigned code = 0;  // 100 * class + detail: 205, 404
  std::uint16_t id = 0;
  std::string token;
  std::vector<std::pair<unsigned, std::string>> options;  // in rising order of their numbers
  std::string payload;

  [[nodiscard]] std::string encode() const;
  static std::optional<Datagram> decode(std::string_view bytes);

  [[nodiscard]] std::optional<std::string> option(unsigned number) const;
  [[nodiscard]] std::optional<unsigned> number(unsigned option_number) const;
  [[nodiscard]] std::vector<std::string> all(unsigned number) const;
  [[nodiscard]] std::string path() const;  // "/5/0/3"
};

// An unsigned integer without leading zeros.
std::string uint_bytes(unsigned value);

inline constexpr unsigned kEtag = 4;
inline constexpr unsigned kObserve = 6;
inline constexpr unsigned kLocationPath = 8;
inline constexpr unsigned kUriPath = 11;
inline constexpr unsigned kContentFormat = 12;
inline constexpr unsigned kMaxAge = 14;
inline constexpr unsigned kUriQuery = 15;
inline constexpr unsigned kAccept = 17;
inline constexpr unsigned kBlock2 = 23;
inline constexpr unsigned kBlock1 = 27;
inline constexpr unsigned kSize1 = 60;
inline constexpr unsigned kEcho = 252;
inline constexpr unsigned kRequestTag = 292;

}  // namespace homepatch::coap::test
