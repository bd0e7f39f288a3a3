// The root file that the configuration names for a feed: where all trust in it begins. It is proven before anything is
// kept of it, for what was believed first stays believed.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homepatch {

// Its bytes, if they are root metadata signed by its own keys; whether it has expired is asked when the feed is.
Result<std::string> read_root_file(const std::filesystem::path& file);

// Whether the two may be versions of one root: the same bytes, signed one by the other, or with a root key in common.
bool may_be_one_root(std::string_view one, std::string_view other);

}  // namespace homepatch
