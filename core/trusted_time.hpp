// Whether the gateway's clock may be believed (I10). Many gateways have no clock battery: they start in 1970 or at
// their build date, and an attacker can wind network time back. Trusted time has floors below which it never goes by
// itself. Pure; daemon/fetch keeps the floors and asks the kernel.
#pragma once

#include <optional>
#include <string>

#include "core/time.hpp"

namespace homepatch {

struct ClockFacts {
  Time now{};
  Time build_time{};
  std::optional<Time> stored;     // the last time stored while the kernel said that the clock was synchronised
  bool synchronised = false;      // adjtimex(2) says so
  bool trust_configured = false;  // `clock = "trust"`
};

// The gateway's floor: the later of build time and the stored time.
Time gateway_floor(const ClockFacts& facts);

struct ClockVerdict {
  bool trusted = false;
  std::string text;  // for people
};

// The clock is trusted when it is not below the floor and either the kernel says it is synchronised or the
// configuration says to trust it.
ClockVerdict judge_clock(const ClockFacts& facts);

// Whether the present time should be stored as the new floor: synchronised, and at least `interval` later than the old.
bool should_store(const ClockFacts& facts, Duration interval);

// A feed's floor: its newest signed catalog date, ignored when more than a day ahead of a clock that is synchronised or
// configured as trusted (or of the gateway's floor, should that clock be behind it). Never derived from an expiry.
// `before` is the floor so far; it never goes down.
Time feed_floor(Time before, Time catalog_date, const ClockFacts& facts);

}  // namespace homepatch
