// Wall-clock time as core sees it: always an argument, never asked for.
#pragma once

#include <chrono>

namespace homepatch {

using Duration = std::chrono::milliseconds;
using Time = std::chrono::sys_time<std::chrono::milliseconds>;

// Milliseconds since 1970, as the database and the bus keep it. 0 stands for "not known".
inline std::int64_t to_millis(Time time) { return time.time_since_epoch().count(); }
inline Time from_millis(std::int64_t millis) { return Time(Duration(millis)); }

}  // namespace homepatch
