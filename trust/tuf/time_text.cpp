#include "trust/tuf/time_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace homepatch::tuf {

namespace {

constexpr std::string_view kForm = "0000-00-00T00:00:00Z";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool has_form(std::string_view text) {
  return std::ranges::equal(text, kForm, [](char c, char form) { return form == '0' ? is_digit(c) : c == form; });
}

int number(std::string_view text, std::size_t at, std::size_t digits) {
  int value = 0;
  std::from_chars(text.data() + at, text.data() + at + digits, value);
  return value;
}

}  // namespace

Result<Time> parse_time(std::string_view text) {
  const auto bad = fail(Errc::malformed, "a time is written YYYY-MM-DDTHH:MM:SSZ");
  if (!has_form(text)) return bad;
  const std::chrono::year_month_day day(std::chrono::year(number(text, 0, 4)),
                                        std::chrono::month(static_cast<unsigned>(number(text, 5, 2))),
                                        std::chrono::day(static_cast<unsigned>(number(text, 8, 2))));
  const int hour = number(text, 11, 2);
  const int minute = number(text, 14, 2);
  const int second = number(text, 17, 2);
  if (!day.ok() || hour > 23 || minute > 59 || second > 59) return bad;
  return Time(std::chrono::sys_days(day)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

std::string time_text(Time time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day day(days);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - days));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

}  // namespace homepatch::tuf
