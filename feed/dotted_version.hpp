// The order of an upstream's versions where upstream promises one: numbers joined by dots, the first one weighing most.
// What has no place in it (a pre-release, a factory build) is not guessed at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace homepatch::feed {

// "15.0.1" with four parts is 15000001000: three digits for each part, missing parts are zero. Nothing for a text of
// another form, with more than `parts` parts, or with a part above 999.
std::optional<std::int64_t> seq_of_dotted(std::string_view version, std::size_t parts);

}  // namespace homepatch::feed
