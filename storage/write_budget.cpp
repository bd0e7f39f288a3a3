#include "storage/write_budget.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <charconv>

#include "base/text.hpp"

namespace homepatch {

namespace {

using std::chrono::hours;

constexpr std::string_view kSetting = "cache.written";  // "HOUR:BYTES HOUR:BYTES ..."
constexpr std::int64_t kWindow = 24;
constexpr std::size_t kMaxHours = 64;  // believed of what is stored; a day has 25 of them

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Status WriteBudget::load() {
  loaded_ = hour();
  const auto stored = TRY(SettingsStore(database_).load(kSetting));
  std::string_view rest = stored ? std::string_view(*stored) : std::string_view();
  while (!rest.empty() && hours_.size() < kMaxHours) {
    const auto entry = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    const auto colon = entry.find(':');
    const auto at = number(entry.substr(0, colon));
    const auto bytes = colon == std::string_view::npos ? std::nullopt : number(entry.substr(colon + 1));
    if (at && bytes) hours_[static_cast<Hour>(*at)] += *bytes;
  }
  return {};
}

WriteBudget::Hour WriteBudget::hour() const { return std::chrono::floor<hours>(clock_()).time_since_epoch().count(); }

// Hours that lie ahead come from before a restart that the clock did not survive: they count until the clock is right
// again, but for a day at most, in case it was wrong when they were written.
bool WriteBudget::counts(Hour of, Hour now) const {
  return of >= now - kWindow && (of <= now || now - loaded_ <= kWindow);
}

WriteBudget::Hour WriteBudget::leaves(Hour of) const { return (of <= hour() ? of : loaded_) + kWindow + 1; }

std::uint64_t WriteBudget::written() const {
  const Hour now = hour();
  std::uint64_t sum = 0;
  for (const auto& [of, bytes] : hours_) sum += counts(of, now) ? bytes : 0;
  return sum;
}

std::optional<Time> WriteBudget::opens_for(std::uint64_t bytes, std::uint64_t promised) const {
  const Hour now = hour();
  std::uint64_t in_the_way = written() + promised;
  const auto fits = [&] { return in_the_way == 0 || (bytes <= a_day_ && in_the_way <= a_day_ - bytes); };
  if (a_day_ == 0 || bytes == 0 || fits()) return std::nullopt;
  Hour opens = now + kWindow + 1;  // what is promised counts as written now
  std::multimap<Hour, std::uint64_t> leaving;
  for (const auto& [of, written] : hours_) {
    if (counts(of, now)) leaving.emplace(leaves(of), written);
  }
  for (const auto& [at, written] : leaving) {
    in_the_way -= written;
    if (!fits()) continue;
    opens = at;
    break;
  }
  return Time(hours(opens));
}

Status WriteBudget::admit(std::uint64_t bytes, std::uint64_t promised) const {
  const auto opens = opens_for(bytes, promised);
  if (!opens) return {};
  const std::string than_a_day =
      bytes > a_day_ ? ", which is more than a day's and so comes after a day without any" : "";
  return fail(
      Errc::no_space,
      fmt::format("the cache may write {} to flash in a day (write_budget_mib_per_day under [cache]), of which {} "
                  "are written{}; {} more{} have to wait until {:%Y-%m-%d %H:%M} UTC",
                  human_bytes(a_day_), human_bytes(written()),
                  promised == 0 ? "" : fmt::format(" and {} promised", human_bytes(promised)), human_bytes(bytes),
                  than_a_day, *opens));
}

void WriteBudget::add(std::uint64_t bytes) {
  const Hour now = hour();
  std::erase_if(hours_, [&](const auto& entry) { return !counts(entry.first, now); });
  hours_[now] += bytes;
  unsaved_ += bytes;
}

Status WriteBudget::save() {
  if (unsaved_ == 0) return {};
  std::string text;
  for (const auto& [of, bytes] : hours_) text += fmt::format("{}{}:{}", text.empty() ? "" : " ", of, bytes);
  TRY(SettingsStore(database_).save(kSetting, text));
  unsaved_ = 0;
  return {};
}

}  // namespace homepatch
