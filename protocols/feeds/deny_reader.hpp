// `_feed/deny.json`: images that must not be installed any more, by digest, whatever catalog names them. What it names
// is offered to nobody, stopped where it is on its way, and thrown out of the cache.
//
//   {"homepatch_deny": 1, "images": [{"sha256": "<64 hexadecimal digits>", "reason": "withdrawn: bricks revision B"},
//   ...]}
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/digest.hpp"

namespace homepatch::feeds {

inline constexpr std::size_t kMaxDenyBytes = 1U << 20U;
inline constexpr std::size_t kMaxDenied = 4096;

// Digest -> reason for people (may be empty). Errors: malformed, too_large, unsupported (another schema).
Result<std::map<Digest, std::string>> read_deny(std::string_view bytes);

// A list that read_deny() understands, as long as its limits are kept.
std::string write_deny(const std::map<Digest, std::string>& images);

}  // namespace homepatch::feeds
