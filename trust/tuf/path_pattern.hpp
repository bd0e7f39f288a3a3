// Which target paths a delegation speaks for: shell patterns, or prefixes of the path's hash.
#pragma once

#include <string_view>

namespace homepatch::tuf {

// Segment by segment: as many segments in both, `*` any run of characters, `?` any one, `[abc]`, `[a-z]`, `[!a-z]` one
// of a set; none of them matches a `/` (specification 1.0.34, section 4.5, PATHPATTERN). Case counts. Both must be
// UTF-8. Takes at most the product of the two lengths in time.
bool matches_pattern(std::string_view path, std::string_view pattern);

// Whether the SHA-256 of the path, in lower-case hexadecimal, begins with the prefix.
bool matches_hash_prefix(std::string_view path, std::string_view prefix);

}  // namespace homepatch::tuf
