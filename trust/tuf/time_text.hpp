// The one spelling of time in TUF metadata: YYYY-MM-DDTHH:MM:SSZ.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/time.hpp"

namespace homepatch::tuf {

// Exactly that form (specification 1.0.34, section 4.2: no fraction, no other zone), and a date that exists.
Result<Time> parse_time(std::string_view text);

std::string time_text(Time time);

}  // namespace homepatch::tuf
