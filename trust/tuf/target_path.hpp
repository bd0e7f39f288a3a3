// The path of a target: a stranger's text that becomes part of a URL and of nothing else.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homepatch::tuf {

inline constexpr std::size_t kMaxTargetPath = 1024;

// 1 to 1024 bytes of plain text, relative, without empty, `.` and `..` segments and without backslashes.
Status check_target_path(std::string_view path);

// Where a target lies below the targets' base URL: with the hash in front of its last segment for consistent snapshots
// (specification 1.0.34, section 6.2), each segment percent-encoded.
std::string target_fetch_path(std::string_view target_path, std::string_view hash = {});

}  // namespace homepatch::tuf
