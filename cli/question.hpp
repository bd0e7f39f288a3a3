// A question to the person at the terminal before a deed that should not happen by mistake.
#pragma once

#include <string_view>

#include "cli/program.hpp"

namespace homepatch::cli {

// Whether somebody is there who could answer: both ends are terminals, and no document was asked for.
bool can_ask(const Program& program);

// Asks and waits; only "y" and "yes" mean it.
bool says_yes(const Screen& screen, std::string_view question);

}  // namespace homepatch::cli
