// CoAP messages as values, apart from any library: what a device asked of us and what it is answered, what we ask of a
// device and what it answered. context.cpp turns them into datagrams and back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/coap/address.hpp"
#include "protocols/coap/block.hpp"

namespace homepatch::coap {

// "c.dd" as one byte (RFC 7252 section 3).
using Code = std::uint8_t;
constexpr Code code(unsigned kind, unsigned detail) { return static_cast<Code>((kind << 5U) | detail); }

inline constexpr Code kGet = code(0, 1);
inline constexpr Code kPost = code(0, 2);
inline constexpr Code kPut = code(0, 3);
inline constexpr Code kDelete = code(0, 4);

inline constexpr Code kCreated = code(2, 1);
inline constexpr Code kDeleted = code(2, 2);
inline constexpr Code kChanged = code(2, 4);
inline constexpr Code kContent = code(2, 5);
inline constexpr Code kContinue = code(2, 31);
inline constexpr Code kBadRequest = code(4, 0);
inline constexpr Code kUnauthorized = code(4, 1);
inline constexpr Code kBadOption = code(4, 2);
inline constexpr Code kNotFound = code(4, 4);
inline constexpr Code kMethodNotAllowed = code(4, 5);
inline constexpr Code kNotAcceptable = code(4, 6);
inline constexpr Code kIncomplete = code(4, 8);
inline constexpr Code kPreconditionFailed = code(4, 12);
inline constexpr Code kTooLarge = code(4, 13);
inline constexpr Code kUnsupportedFormat = code(4, 15);
inline constexpr Code kTooManyRequests = code(4, 29);
inline constexpr Code kServiceUnavailable = code(5, 3);

constexpr bool is_success(Code value) { return (value >> 5U) == 2; }
// "4.04".
std::string to_string(Code value);

// Content formats (the IANA registry "CoAP Content-Formats").
using ContentFormat = std::uint16_t;
inline constexpr ContentFormat kText = 0;
inline constexpr ContentFormat kLinkFormat = 40;
inline constexpr ContentFormat kOctets = 42;
inline constexpr ContentFormat kCbor = 60;
inline constexpr ContentFormat kSenmlJson = 110;
inline constexpr ContentFormat kSenmlCbor = 112;
inline constexpr ContentFormat kLwm2mTlv = 11542;

using Segments = std::vector<std::string>;

// What somebody asked of us. Its texts are foreign bytes.
struct Incoming {
  Route route;
  bool confirmable = true;
  std::uint16_t message_id = 0;
  std::string token;
  Code method = 0;
  Segments path;
  Segments query;
  std::optional<ContentFormat> content_format;
  std::optional<Block> block1;
  std::optional<Block> block2;
  std::optional<std::uint32_t> size1;
  std::string request_tag;  // RFC 9175 section 3
  std::string payload;
};

// What it is answered.
struct Answer {
  Code status = 0;
  std::string etag;
  Segments location;
  std::optional<ContentFormat> content_format;
  std::optional<std::uint32_t> max_age;
  std::optional<Block> block2;
  std::optional<Block> block1;
  std::optional<std::uint32_t> size2;
  std::optional<std::uint32_t> size1;
  std::string payload;
};

// A refusal with a diagnostic text for whoever debugs the device (RFC 7252 section 5.5.2).
inline Answer refuse(Code status, std::string_view why) {
  Answer out;
  out.status = status;
  out.payload = why;
  return out;
}

// What we ask of a device; always confirmable.
struct Request {
  Code method = kGet;
  Segments path;
  std::optional<ContentFormat> content_format;
  std::optional<ContentFormat> accept;
  std::optional<std::uint32_t> observe;
  std::optional<Block> block1;
  std::optional<Block> block2;
  std::optional<std::uint32_t> size1;
  std::string echo;   // RFC 9175 section 2
  std::string token;  // empty: a fresh one
  std::string payload;
};

// What it answered. Its texts are foreign bytes.
struct Response {
  Code status = 0;
  std::string etag;
  std::optional<std::uint32_t> observe;
  std::optional<ContentFormat> content_format;
  std::optional<std::uint32_t> max_age;
  std::optional<Block> block1;
  std::optional<Block> block2;
  std::optional<std::uint32_t> size1;
  std::string echo;
  std::string payload;
};

}  // namespace homepatch::coap
