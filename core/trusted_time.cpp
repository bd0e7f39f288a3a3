#include "core/trusted_time.hpp"

#include <algorithm>

namespace homepatch {

Time gateway_floor(const ClockFacts& facts) { return std::max(facts.build_time, facts.stored.value_or(Time{})); }

ClockVerdict judge_clock(const ClockFacts& facts) {
  if (facts.now < gateway_floor(facts)) {
    return {false, "the clock shows a time that has already passed; set it, or let network time set it"};
  }
  if (facts.synchronised) return {true, "synchronised with network time"};
  if (facts.trust_configured) return {true, "trusted by configuration"};
  return {false,
          "the clock is not synchronised with network time; start a time service, or set clock = \"trust\" if it has a "
          "battery"};
}

bool should_store(const ClockFacts& facts, Duration interval) {
  return facts.synchronised && facts.now >= gateway_floor(facts) + interval;
}

Time feed_floor(Time before, Time catalog_date, const ClockFacts& facts) {
  const bool clock_known = facts.synchronised || facts.trust_configured;
  const Time latest = std::max(facts.now, gateway_floor(facts)) + std::chrono::hours(24);
  if (clock_known && catalog_date > latest) return before;
  return std::max(before, catalog_date);
}

}  // namespace homepatch
