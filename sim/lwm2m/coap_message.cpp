#include "sim/lwm2m/coap_message.hpp"

#include <algorithm>

namespace homepatch::sim {

namespace {

constexpr std::size_t kHeader = 4;
constexpr std::size_t kMaxToken = 8;
constexpr char kPayloadMarker = static_cast<char>(0xFF);

std::uint8_t at(std::string_view bytes, std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); }

Unexpected malformed(const char* what) { return fail(Errc::malformed, what); }

// The extended form of an option's delta or length; takes what it used off `rest`.
Result<std::uint32_t> extended(unsigned nibble, std::string_view& rest) {
  if (nibble < 13) return nibble;
  if (nibble == 15) return malformed("an option has the reserved length 15");
  const std::size_t size = nibble == 13 ? 1 : 2;
  if (rest.size() < size) return malformed("an option ends early");
  const std::uint32_t value = size == 1 ? at(rest, 0) + 13U : (at(rest, 0) << 8U | at(rest, 1)) + 269U;
  rest.remove_prefix(size);
  return value;
}

Status parse_options(std::string_view rest, CoapMessage& message) {
  std::uint32_t number = 0;
  while (!rest.empty()) {
    if (rest[0] == kPayloadMarker) {
      if (rest.size() == 1) return malformed("there is a payload marker and no payload");
      message.payload = rest.substr(1);
      return {};
    }
    const unsigned delta_nibble = at(rest, 0) >> 4U;
    const unsigned length_nibble = at(rest, 0) & 0x0FU;
    rest.remove_prefix(1);
    number += TRY(extended(delta_nibble, rest));
    const auto length = TRY(extended(length_nibble, rest));
    if (number > 0xFFFF || length > rest.size()) return malformed("an option ends early");
    message.options.push_back({static_cast<std::uint16_t>(number), std::string(rest.substr(0, length))});
    rest.remove_prefix(length);
  }
  return {};
}

unsigned nibble_of(std::uint32_t value) { return value < 13 ? value : value < 269 ? 13 : 14; }

void put_extended(std::string& out, std::uint32_t value) {
  if (value >= 269) {
    out += static_cast<char>((value - 269) >> 8U);
    out += static_cast<char>((value - 269) & 0xFFU);
  } else if (value >= 13) {
    out += static_cast<char>(value - 13);
  }
}

}  // namespace

void CoapMessage::add(std::uint16_t number, std::string_view value) {
  const auto after = std::upper_bound(options.begin(), options.end(), number,
                                      [](std::uint16_t n, const CoapOption& option) { return n < option.number; });
  options.insert(after, {number, std::string(value)});
}

void CoapMessage::add_number(std::uint16_t number, std::uint32_t value) {
  std::string bytes;
  for (unsigned shift = 32; shift > 0;) {
    shift -= 8;
    if (!bytes.empty() || (value >> shift) != 0) bytes += static_cast<char>((value >> shift) & 0xFFU);
  }
  add(number, bytes);
}

const std::string* CoapMessage::find(std::uint16_t number) const {
  const auto found = std::find_if(options.begin(), options.end(), [&](const auto& o) { return o.number == number; });
  return found == options.end() ? nullptr : &found->value;
}

std::optional<std::uint32_t> CoapMessage::find_number(std::uint16_t number) const {
  const auto* bytes = find(number);
  if (bytes == nullptr || bytes->size() > 4) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : *bytes) value = value << 8U | static_cast<std::uint8_t>(c);
  return value;
}

std::string CoapMessage::joined(std::uint16_t number) const {
  std::string out;
  for (const auto& option : options) {
    if (option.number == number) out += '/' + option.value;
  }
  return out;
}

Result<CoapMessage> parse_coap(std::string_view datagram) {
  if (datagram.size() < kHeader) return malformed("the message is shorter than its header");
  if (at(datagram, 0) >> 6U != 1) return malformed("the message is not of version 1");
  const std::size_t token_size = at(datagram, 0) & 0x0FU;
  CoapMessage message;
  message.type = static_cast<CoapType>((at(datagram, 0) >> 4U) & 0x03U);
  message.code = at(datagram, 1);
  message.id = static_cast<std::uint16_t>(at(datagram, 2) << 8U | at(datagram, 3));
  if (message.code == coap::kEmpty && datagram.size() != kHeader) return malformed("an empty message has a body");
  if (token_size > kMaxToken || datagram.size() < kHeader + token_size) return malformed("the token is too long");
  message.token = datagram.substr(kHeader, token_size);
  if (auto parsed = parse_options(datagram.substr(kHeader + token_size), message); !parsed) {
    return fail(std::move(parsed).error());
  }
  return message;
}

std::string encode_coap(const CoapMessage& message) {
  std::string out;
  out += static_cast<char>(0x40U | static_cast<unsigned>(message.type) << 4U | message.token.size());
  out += static_cast<char>(message.code);
  out += static_cast<char>(message.id >> 8U);
  out += static_cast<char>(message.id & 0xFFU);
  out += message.token;
  std::uint32_t number = 0;
  for (const auto& option : message.options) {
    const auto delta = option.number - number;
    const auto length = static_cast<std::uint32_t>(option.value.size());
    out += static_cast<char>(nibble_of(delta) << 4U | nibble_of(length));
    put_extended(out, delta);
    put_extended(out, length);
    out += option.value;
    number = option.number;
  }
  if (!message.payload.empty()) {
    out += kPayloadMarker;
    out += message.payload;
  }
  return out;
}

Result<std::optional<CoapBlock>> find_block(const CoapMessage& message, std::uint16_t number) {
  const auto* bytes = message.find(number);
  if (bytes == nullptr) return std::optional<CoapBlock>();
  const auto value = message.find_number(number);
  if (!value || bytes->size() > 3 || (*value & 7U) == 7) return malformed("a block option is not well formed");
  return std::optional(CoapBlock{*value >> 4U, (*value & 8U) != 0, static_cast<std::uint8_t>(*value & 7U)});
}

void add_block(CoapMessage& message, std::uint16_t number, const CoapBlock& block) {
  message.add_number(number, block.number << 4U | (block.more ? 8U : 0U) | block.szx);
}

}  // namespace homepatch::sim
