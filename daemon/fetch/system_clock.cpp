#include "daemon/fetch/system_clock.hpp"

#include <sys/timex.h>

namespace homepatch {

SystemClock read_system_clock() {
  timex state{};
  const int answer = ::adjtimex(&state);
  const bool synchronised = answer >= 0 && answer != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
  return {std::chrono::floor<Duration>(std::chrono::system_clock::now()), synchronised};
}

}  // namespace homepatch
