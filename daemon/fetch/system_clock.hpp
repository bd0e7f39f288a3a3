// What this machine says of the time: its clock, and whether a time service keeps it. The clock's keeper asks anew each
// time; tests answer in the machine's place.
#pragma once

#include "core/time.hpp"

namespace homepatch {

struct SystemClock {
  Time now{};
  bool synchronised = false;  // adjtimex(2): the kernel clears STA_UNSYNC while a time service keeps the clock
};

SystemClock read_system_clock();

}  // namespace homepatch
