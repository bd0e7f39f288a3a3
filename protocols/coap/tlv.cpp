#include "protocols/coap/tlv.hpp"

namespace homepatch::coap {

namespace {

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t out = 0;
  for (const char c : bytes) out = (out << 8U) | static_cast<std::uint8_t>(c);
  return out;
}

// Takes the first `size` bytes off.
Result<std::string_view> take(std::string_view& bytes, std::size_t size) {
  if (bytes.size() < size) return fail(Errc::malformed, "TLV: an entry reaches beyond the end");
  const auto out = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return out;
}

Result<std::uint64_t> take_number(std::string_view& bytes, std::size_t size) {
  const auto taken = TRY(take(bytes, size));
  return big_endian(taken);
}

Result<TlvEntry> take_entry(std::string_view& bytes) {
  const auto type = TRY(take_number(bytes, 1));
  TlvEntry out;
  out.kind = static_cast<TlvEntry::Kind>(type >> 6U);
  const auto id = TRY(take_number(bytes, (type & 0x20U) != 0 ? 2 : 1));
  out.id = static_cast<std::uint16_t>(id);
  const std::size_t length_bytes = (type >> 3U) & 3U;
  const auto long_length = TRY(take_number(bytes, length_bytes));
  const std::size_t length = length_bytes == 0 ? type & 7U : long_length;
  out.value = TRY(take(bytes, length));
  return out;
}

}  // namespace

Result<std::vector<TlvEntry>> parse_tlv(std::string_view bytes) {
  std::vector<TlvEntry> out;
  while (!bytes.empty()) {
    if (out.size() >= kMaxTlvEntries) return fail(Errc::too_large, "TLV: too many entries");
    const auto entry = TRY(take_entry(bytes));
    out.push_back(entry);
  }
  return out;
}

Result<std::int64_t> tlv_integer(std::string_view value) {
  const auto raw = big_endian(value.substr(0, 8));
  switch (value.size()) {
    case 1: return static_cast<std::int8_t>(raw);
    case 2: return static_cast<std::int16_t>(raw);
    case 4: return static_cast<std::int32_t>(raw);
    case 8: return static_cast<std::int64_t>(raw);
    default: return fail(Errc::malformed, "TLV: an integer has 1, 2, 4 or 8 bytes");
  }
}

}  // namespace homepatch::coap
