// The value of one LwM2M resource, read from whatever content format the device chose to answer in (LwM2M core 1.x,
// data formats). Pure; a wrong or unknown form is an error, never a guess.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "protocols/coap/message.hpp"

namespace homepatch::coap {

// `resource` is the last element of the path that was asked for: TLV and SenML repeat it.
struct ResourceBytes {
  std::optional<ContentFormat> format;  // absent counts as text
  std::string_view payload;
  std::uint16_t resource = 0;
};

// Whether the functions below can read this format.
bool is_understood(std::optional<ContentFormat> format);

// Text as the device sent it; not yet checked for control characters.
Result<std::string> read_text(const ResourceBytes& bytes);
Result<std::int64_t> read_integer(const ResourceBytes& bytes);
// All instances of a multiple resource, or the one value of a single one.
Result<std::vector<std::int64_t>> read_integers(const ResourceBytes& bytes);

}  // namespace homepatch::coap
