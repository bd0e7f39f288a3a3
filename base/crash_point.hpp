// Named places where a test lets the program die as in a power cut, right after something was saved.
// HOMEPATCH_CRASH_AT=<name> in the environment arms one; those that are passed are then told in the log. Without it a
// crash point costs one comparison.
#pragma once

#include <string_view>

namespace homepatch {

void crash_point(std::string_view name);

}  // namespace homepatch
