// The schema, as the numbered steps that lead to it. A step that was released is never changed; a new one is added.
#pragma once

#include <span>
#include <string_view>

namespace homepatch {

// Step i takes the schema from version i to i + 1.
std::span<const std::string_view> migrations();

}  // namespace homepatch
