// What the cache may write to flash in a day, and what it wrote: flash of a gateway wears out, and a feed or a device
// that goes round in circles must not wear it out in a week. Counted by the hour; the artifact cache asks before an
// image begins, and adds what was written. Kept in the settings with every image that came whole and every few
// megabytes, so that a program that dies again and again does not begin each time with a fresh day.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>

#include "base/result.hpp"
#include "core/time.hpp"
#include "storage/settings_store.hpp"

namespace homepatch {

class WriteBudget {
 public:
  using Clock = std::function<Time()>;

  // Bytes that may be lost to the count when the program dies.
  static constexpr std::uint64_t kSaveEvery = 8ULL << 20;

  // `a_day`: bytes in any 24 hours; 0: no limit, it is only counted.
  WriteBudget(Database& database, std::uint64_t a_day, Clock clock)
      : database_(database), a_day_(a_day), clock_(std::move(clock)) {}

  Status load();

  [[nodiscard]] std::uint64_t a_day() const { return a_day_; }
  // In the 24 hours up to now, rounded up to whole hours.
  [[nodiscard]] std::uint64_t written() const;

  // Nothing when `bytes` more fit now, beside `promised` ones that others are still to write; otherwise the time from
  // which on they do. What is larger than the budget fits only where nothing was written for a day.
  [[nodiscard]] std::optional<Time> opens_for(std::uint64_t bytes, std::uint64_t promised) const;
  // no_space, with a text that names the budget, what was written and when it goes on.
  [[nodiscard]] Status admit(std::uint64_t bytes, std::uint64_t promised) const;

  void add(std::uint64_t bytes);
  [[nodiscard]] bool worth_saving() const { return unsaved_ >= kSaveEvery; }
  // Nothing where nothing was added.
  Status save();

 private:
  using Hour = std::int64_t;  // since 1970
  [[nodiscard]] Hour hour() const;
  [[nodiscard]] bool counts(Hour of, Hour now) const;
  [[nodiscard]] Hour leaves(Hour of) const;

  Database& database_;
  std::uint64_t a_day_;
  Clock clock_;
  std::map<Hour, std::uint64_t> hours_;
  Hour loaded_ = 0;
  std::uint64_t unsaved_ = 0;
};

}  // namespace homepatch
