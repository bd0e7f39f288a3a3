// OLPC canonical JSON: the one spelling of a value over which TUF signatures and key ids are made. Not itself always
// valid JSON (a newline in a string stays a raw newline), so it is never parsed, only hashed, signed and verified.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.hpp"

namespace homepatch {

// Keys sorted by their bytes, no white space, only `"` and `\` escaped, integers only. Errors: malformed for a number
// that is not an int64 or a string that is not UTF-8, too_large for nesting above 64 levels.
Result<std::string> canonical_json(const nlohmann::json& value);

}  // namespace homepatch
