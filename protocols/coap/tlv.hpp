// OMA LwM2M TLV (content format 11542; LwM2M core 1.0 section 6.4.3): one level of entries at a time. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace homepatch::coap {

struct TlvEntry {
  enum class Kind { object_instance, resource_instance, multiple_resource, resource };  // the wire's 0..3
  Kind kind = Kind::resource;
  std::uint16_t id = 0;
  std::string_view value;  // into the parsed bytes; of object_instance and multiple_resource: entries again
};

inline constexpr std::size_t kMaxTlvEntries = 256;

// Errors: malformed when an entry reaches beyond the bytes, too_large beyond the limit. No bytes: no entries.
Result<std::vector<TlvEntry>> parse_tlv(std::string_view bytes);

// Two's complement of 1, 2, 4 or 8 bytes, big-endian.
Result<std::int64_t> tlv_integer(std::string_view value);

}  // namespace homepatch::coap
