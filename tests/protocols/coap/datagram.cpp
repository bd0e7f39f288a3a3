#include "datagram.hpp"

#include <algorithm>

namespace homepatch::coap::test {

namespace {

// The nibble of a delta or length, and its extension bytes.
std::pair<unsigned, std::string> extended(unsigned value) {
  if (value < 13) return {value, ""};
  if (value < 269) return {13, std::string(1, static_cast<char>(value - 13))};
  const unsigned rest = value - 269;
  return {14, std::string{static_cast<char>(rest >> 8U), static_cast<char>(rest & 0xFFU)}};
}

std::optional<unsigned> take_extended(unsigned nibble, std::string_view& bytes) {
  const std::size_t more = nibble == 13 ? 1 : nibble == 14 ? 2 : 0;
  if (nibble == 15 || bytes.size() < more) return std::nullopt;
  unsigned value = nibble;
  if (more == 1) value = static_cast<std::uint8_t>(bytes[0]) + 13U;
  if (more == 2) value = 256U * static_cast<std::uint8_t>(bytes[0]) + static_cast<std::uint8_t>(bytes[1]) + 269U;
  bytes.remove_prefix(more);
  return value;
}

}  // namespace

std::string uint_bytes(unsigned value) {
  std::string out;
  for (; value > 0; value >>= 8U) out.insert(out.begin(), static_cast<char>(value & 0xFFU));
  return out;
}

std::string Datagram::encode() const {
  std::string out;
  out += static_cast<char>(0x40U | (static_cast<unsigned>(type) << 4U) | token.size());
  out += static_cast<char>(((code / 100U) << 5U) | (code % 100U));
  out += static_cast<char>(id >> 8U);
  out += static_cast<char>(id & 0xFFU);
  out += token;
  unsigned last = 0;
  for (const auto& [number, value] : options) {
    const auto [delta, delta_bytes] = extended(number - last);
    const auto [length, length_bytes] = extended(static_cast<unsigned>(value.size()));
    out += static_cast<char>((delta << 4U) | length);
    out += delta_bytes + length_bytes + value;
    last = number;
  }
  if (!payload.empty()) out += '\xFF' + payload;
  return out;
}

std::optional<Datagram> Datagram::decode(std::string_view bytes) {
  if (bytes.size() < 4) return std::nullopt;
  const auto at = [&bytes](std::size_t i) { return static_cast<unsigned>(static_cast<std::uint8_t>(bytes[i])); };
  Datagram out;
  out.type = static_cast<Type>((at(0) >> 4U) & 3U);
  out.code = (at(1) >> 5U) * 100 + (at(1) & 0x1FU);
  out.id = static_cast<std::uint16_t>((at(2) << 8U) | at(3));
  const std::size_t token_size = at(0) & 0x0FU;
  if (bytes.size() < 4 + token_size) return std::nullopt;
  out.token = bytes.substr(4, token_size);
  bytes.remove_prefix(4 + token_size);
  unsigned number = 0;
  while (!bytes.empty()) {
    const auto head = static_cast<std::uint8_t>(bytes[0]);
    bytes.remove_prefix(1);
    if (head == 0xFF) {
      out.payload = bytes;
      break;
    }
    const auto delta = take_extended(head >> 4U, bytes);
    const auto length = take_extended(head & 0x0FU, bytes);
    if (!delta || !length || bytes.size() < *length) return std::nullopt;
    number += *delta;
    out.options.emplace_back(number, bytes.substr(0, *length));
    bytes.remove_prefix(*length);
  }
  return out;
}

std::optional<std::string> Datagram::option(unsigned number) const {
  const auto found = std::ranges::find(options, number, &std::pair<unsigned, std::string>::first);
  if (found == options.end()) return std::nullopt;
  return found->second;
}

std::optional<unsigned> Datagram::number(unsigned option_number) const {
  const auto bytes = option(option_number);
  if (!bytes) return std::nullopt;
  unsigned value = 0;
  for (const char c : *bytes) value = (value << 8U) | static_cast<std::uint8_t>(c);
  return value;
}

std::vector<std::string> Datagram::all(unsigned number) const {
  std::vector<std::string> out;
  for (const auto& [option_number, value] : options) {
    if (option_number == number) out.push_back(value);
  }
  return out;
}

std::string Datagram::path() const {
  std::string out;
  for (const auto& segment : all(kUriPath)) out += '/' + segment;
  return out;
}

}  // namespace homepatch::coap::test
