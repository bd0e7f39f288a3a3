// The plain words for what the bus says in codes: a device's state, an update's phase, times and ages. Commands and
// tables print these; none of them decides anything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/screen.hpp"
#include "cli/views.hpp"

namespace homepatch::cli {

struct Phrase {
  std::string text;
  Tone tone = Tone::plain;
};

// Milliseconds since 1970 UTC.
std::int64_t now_millis();

// A few words for a reason code; a code that is not known here is shown as it is spelled.
Phrase words_for_reason(std::string_view code);

// "up to date", "updating 43 %", "waits: offline", "new: accept it first". `update`: the device's last one, or null.
Phrase state_of(const DeviceView& device, const UpdateView* update);

// "transferring 43 %", "waits: its turn comes", "confirmed", "failed: never returned".
Phrase state_of(const UpdateView& update);

// How an update ended, or stands, as a sentence with the device's name.
std::string outcome_sentence(const UpdateView& update);

// "3 min ago", "now", "never" for 0. A time in the future (another clock) counts as now.
std::string ago(std::int64_t millis, std::int64_t now);

// "2025-11-23 22:50" in the local time zone; "unknown" for 0 and for what is no date.
std::string local_time(std::int64_t millis);

// "2025-11-23T22:50:00Z" (RFC 3339), empty for 0 and for what is no date.
std::string rfc3339(std::int64_t millis);

// Whether a YYYY-MM-DD lies before the day of `now`; false for what is no date.
bool is_past(std::string_view date, std::int64_t now);

// Until when its maker cares for a model: as a sentence with what the maker advises, and in a few words.
std::string support_sentence(const SupportView& support, std::int64_t now);
Phrase support_words(const SupportView& support, std::int64_t now);

// What vouches for a release, who signed it, and who checks it.
std::string trust_sentence(const TrustView& trust);

// What the maker asks the owner to do with a release; "" where it asks nothing.
std::string action_sentence(std::string_view user_action);

// Foreign text as it may be shown in a sentence; "unknown" when empty.
std::string shown(std::string_view text);

// "1 device", "3 devices".
std::string counted(std::uint64_t count, std::string_view noun);

}  // namespace homepatch::cli
