// JSON from strangers, read with limits: nothing is thrown, memory is bounded by the limits, and what two parsers could
// read in two ways (duplicate keys, bytes after an embedded NUL, invalid UTF-8) is refused. Feeds, dialects and every
// TUF role use it. The accessors name the field they stumble over.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homepatch {

struct JsonLimits {
  std::size_t max_bytes = 1UL << 20U;
  std::size_t max_depth = 32;
  std::size_t max_nodes = 200'000;    // values of any kind; about 100 bytes of memory each at worst
  bool reject_floats = false;         // then integers outside of int64 are refused as well
  bool reject_duplicate_keys = true;  // false: the last one counts
};

// Errors: too_large for a limit, malformed for all else. Their text never repeats the foreign bytes.
Result<nlohmann::json> parse_json(std::string_view bytes, const JsonLimits& limits);

// Accessors. `object` must be a JSON object, else, or when the field is missing or of another type, the error is
// malformed and begins with the field's name; callers put the path so far in front with TRY_IN.
Result<std::string> string_field(const nlohmann::json& object, std::string_view key);
Result<std::int64_t> integer_field(const nlohmann::json& object, std::string_view key,
                                   std::int64_t min = std::numeric_limits<std::int64_t>::min(),
                                   std::int64_t max = std::numeric_limits<std::int64_t>::max());
Result<bool> bool_field(const nlohmann::json& object, std::string_view key);

// Never null. The pointer lives as long as `object`.
Result<const nlohmann::json*> array_field(const nlohmann::json& object, std::string_view key);
Result<const nlohmann::json*> object_field(const nlohmann::json& object, std::string_view key);

// An array of strings and nothing else.
Result<std::vector<std::string>> strings_field(const nlohmann::json& object, std::string_view key);

// Absent is fine and gives nothing; present with another type (null too) is an error.
Result<std::optional<std::string>> optional_string_field(const nlohmann::json& object, std::string_view key);
Result<std::optional<std::int64_t>> optional_integer_field(const nlohmann::json& object, std::string_view key,
                                                           std::int64_t min = std::numeric_limits<std::int64_t>::min(),
                                                           std::int64_t max = std::numeric_limits<std::int64_t>::max());
Result<std::optional<bool>> optional_bool_field(const nlohmann::json& object, std::string_view key);
Result<const nlohmann::json*> optional_array_field(const nlohmann::json& object, std::string_view key);   // or nullptr
Result<const nlohmann::json*> optional_object_field(const nlohmann::json& object, std::string_view key);  // or nullptr

}  // namespace homepatch
