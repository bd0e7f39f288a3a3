// CoAP messages as bytes and as values (RFC 7252 section 3), and the block options (RFC 7959 section 2.2).
// Written for the pretend devices alone: the daemon speaks through another library, so that neither hides the other's
// mistakes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace homepatch::sim {

enum class CoapType : std::uint8_t { con = 0, non = 1, ack = 2, rst = 3 };

// "2.05" is coap_code(2, 5).
constexpr std::uint8_t coap_code(unsigned kind, unsigned detail) {
  return static_cast<std::uint8_t>(kind << 5U | detail);
}

namespace coap {
inline constexpr std::uint8_t kEmpty = 0;
inline constexpr std::uint8_t kGet = 1;
inline constexpr std::uint8_t kPost = 2;
inline constexpr std::uint8_t kPut = 3;
inline constexpr std::uint8_t kDelete = 4;
inline constexpr std::uint8_t kCreated = coap_code(2, 1);
inline constexpr std::uint8_t kDeleted = coap_code(2, 2);
inline constexpr std::uint8_t kChanged = coap_code(2, 4);
inline constexpr std::uint8_t kContent = coap_code(2, 5);
inline constexpr std::uint8_t kContinue = coap_code(2, 31);
inline constexpr std::uint8_t kBadRequest = coap_code(4, 0);
inline constexpr std::uint8_t kBadOption = coap_code(4, 2);
inline constexpr std::uint8_t kNotFound = coap_code(4, 4);
inline constexpr std::uint8_t kMethodNotAllowed = coap_code(4, 5);
inline constexpr std::uint8_t kNotAcceptable = coap_code(4, 6);
inline constexpr std::uint8_t kIncomplete = coap_code(4, 8);
inline constexpr std::uint8_t kTooLarge = coap_code(4, 13);
inline constexpr std::uint8_t kUnsupportedFormat = coap_code(4, 15);
inline constexpr std::uint8_t kNotImplemented = coap_code(5, 1);
inline constexpr std::uint8_t kUnavailable = coap_code(5, 3);
inline constexpr std::uint16_t kUriHost = 3;
inline constexpr std::uint16_t kObserve = 6;
inline constexpr std::uint16_t kUriPort = 7;
inline constexpr std::uint16_t kLocationPath = 8;
inline constexpr std::uint16_t kUriPath = 11;
inline constexpr std::uint16_t kContentFormat = 12;
inline constexpr std::uint16_t kUriQuery = 15;
inline constexpr std::uint16_t kAccept = 17;
inline constexpr std::uint16_t kBlock2 = 23;
inline constexpr std::uint16_t kBlock1 = 27;
inline constexpr std::uint16_t kSize1 = 60;
}  // namespace coap

struct CoapOption {
  std::uint16_t number = 0;
  std::string value;
};

struct CoapMessage {
  CoapType type = CoapType::con;
  std::uint8_t code = coap::kEmpty;
  std::uint16_t id = 0;
  std::string token;  // at most 8 bytes
  std::vector<CoapOption> options;
  std::string payload;

  // Keeps the options in the order of their numbers, equal ones in the order of adding.
  void add(std::uint16_t number, std::string_view value);
  // As an unsigned integer without leading zero bytes (RFC 7252 section 3.2).
  void add_number(std::uint16_t number, std::uint32_t value);

  [[nodiscard]] const std::string* find(std::uint16_t number) const;
  // Nothing when the option is absent or longer than four bytes.
  [[nodiscard]] std::optional<std::uint32_t> find_number(std::uint16_t number) const;
  // The values of a repeatable option joined with '/', one in front: "/3/0" out of Uri-Path.
  [[nodiscard]] std::string joined(std::uint16_t number) const;

  [[nodiscard]] bool is_request() const { return code >= 1 && code < coap_code(1, 0); }
};

// malformed: whatever RFC 7252 section 3 calls a message format error.
Result<CoapMessage> parse_coap(std::string_view datagram);
std::string encode_coap(const CoapMessage& message);

struct CoapBlock {
  std::uint32_t number = 0;
  bool more = false;
  std::uint8_t szx = 6;

  [[nodiscard]] std::size_t size() const { return std::size_t{16} << szx; }
  [[nodiscard]] std::uint64_t offset() const { return std::uint64_t{number} * size(); }
};

// Nothing when the option is absent; szx 7 is reserved and malformed.
Result<std::optional<CoapBlock>> find_block(const CoapMessage& message, std::uint16_t number);
void add_block(CoapMessage& message, std::uint16_t number, const CoapBlock& block);

}  // namespace homepatch::sim
