// SenML packs (RFC 8428) as LwM2M 1.1 clients send them, in JSON (110) and CBOR (112), and single values in plain CBOR
// (60, LwM2M 1.1.1). Pure; bytes are read with limits on depth and records, never allocated as a stranger claims.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace homepatch::coap {

using Scalar = std::variant<std::int64_t, std::string>;  // booleans are 0 and 1; floats lose their fraction

struct SenmlRecord {
  std::string path;  // base name and name together: "/3/0/0"
  Scalar value;
};

inline constexpr std::size_t kMaxSenmlRecords = 64;
inline constexpr std::size_t kMaxSenmlText = 512;

Result<std::vector<SenmlRecord>> parse_senml_json(std::string_view bytes);
Result<std::vector<SenmlRecord>> parse_senml_cbor(std::string_view bytes);
Result<Scalar> parse_cbor_scalar(std::string_view bytes);

}  // namespace homepatch::coap
