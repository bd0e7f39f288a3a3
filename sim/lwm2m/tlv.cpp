#include "sim/lwm2m/tlv.hpp"

#include <fmt/format.h>

namespace homepatch::sim {

namespace {

enum class Kind : unsigned { object_instance = 0, resource_instance = 1, multiple_resource = 2, resource = 3 };

void put_big_endian(std::string& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = bytes; i > 0; --i) out += static_cast<char>((value >> (8U * (i - 1))) & 0xFFU);
}

std::string entry(Kind kind, std::uint16_t id, std::string_view value) {
  const auto size = value.size();
  const unsigned length_bytes = size < 8 ? 0 : size < 0x100 ? 1 : size < 0x10000 ? 2 : 3;
  const bool wide = id > 0xFF;
  std::string out;
  out += static_cast<char>(static_cast<unsigned>(kind) << 6U | (wide ? 0x20U : 0U) | length_bytes << 3U |
                           (length_bytes == 0 ? static_cast<unsigned>(size) : 0U));
  put_big_endian(out, id, wide ? 2 : 1);
  put_big_endian(out, size, length_bytes);
  return out.append(value);
}

// Two's complement in the fewest of 1, 2, 4 or 8 bytes.
std::string integer(std::int64_t value) {
  unsigned bytes = 8;
  if (value >= INT8_MIN && value <= INT8_MAX) {
    bytes = 1;
  } else if (value >= INT16_MIN && value <= INT16_MAX) {
    bytes = 2;
  } else if (value >= INT32_MIN && value <= INT32_MAX) {
    bytes = 4;
  }
  std::string out;
  put_big_endian(out, static_cast<std::uint64_t>(value), bytes);
  return out;
}

std::uint64_t take_big_endian(std::string_view& bytes, unsigned count) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < count; ++i) value = value << 8U | static_cast<std::uint8_t>(bytes[i]);
  bytes.remove_prefix(count);
  return value;
}

}  // namespace

std::string tlv_resource(std::uint16_t id, const Lwm2mValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return entry(Kind::resource, id, integer(*number));
  if (const auto* text = std::get_if<std::string>(&value)) return entry(Kind::resource, id, *text);
  if (const auto* flag = std::get_if<bool>(&value)) return entry(Kind::resource, id, integer(*flag ? 1 : 0));
  std::string instances;
  for (const auto& [instance, number] : std::get<std::map<std::uint16_t, std::int64_t>>(value)) {
    instances += entry(Kind::resource_instance, instance, integer(number));
  }
  return entry(Kind::multiple_resource, id, instances);
}

std::string tlv_instance(std::uint16_t id, std::string_view content) {
  return entry(Kind::object_instance, id, content);
}

std::optional<std::string> find_in_tlv(std::string_view tlv, std::uint16_t id) {
  while (!tlv.empty()) {
    const unsigned type = static_cast<std::uint8_t>(tlv[0]);
    tlv.remove_prefix(1);
    const unsigned id_bytes = (type & 0x20U) != 0 ? 2 : 1;
    const unsigned length_bytes = (type >> 3U) & 3U;
    if (tlv.size() < id_bytes + length_bytes) return std::nullopt;
    const auto found = take_big_endian(tlv, id_bytes);
    const auto length = length_bytes == 0 ? type & 7U : take_big_endian(tlv, length_bytes);
    if (length > tlv.size()) return std::nullopt;
    if (type >> 6U == static_cast<unsigned>(Kind::resource) && found == id) return std::string(tlv.substr(0, length));
    tlv.remove_prefix(length);
  }
  return std::nullopt;
}

std::optional<std::string> plain_text(const Lwm2mValue& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *number);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "1" : "0";
  return std::nullopt;
}

}  // namespace homepatch::sim
