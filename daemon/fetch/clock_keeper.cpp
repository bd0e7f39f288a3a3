#include "daemon/fetch/clock_keeper.hpp"

#include "base/log.hpp"
#include "daemon/build_time.hpp"

namespace homepatch {

namespace {

constexpr std::string_view kFloor = "clock.floor";
constexpr std::string_view kEveryFeedsFloor = "feed.*.floor";
constexpr Duration kKeepEvery = std::chrono::hours(1);

// Seconds since 1970, from the build.
constexpr Time kBuildTime{std::chrono::seconds(HOMEPATCH_BUILD_TIME)};

std::string feed_setting(std::string_view feed) { return "feed." + std::string(feed) + ".floor"; }

}  // namespace

Status ClockKeeper::start() {
  if (const auto millis = TRY(settings_.load_integer(kFloor))) stored_ = from_millis(*millis);
  keep();
  return {};
}

ClockFacts ClockKeeper::facts() const {
  const SystemClock clock = ask_();
  return ClockFacts{clock.now, kBuildTime, stored_, clock.synchronised, trust_configured_};
}

void ClockKeeper::keep() {
  const ClockFacts now = facts();
  if (should_store(now, kKeepEvery)) {
    if (auto saved = settings_.save(kFloor, to_millis(now.now)); !saved) {
      log::warning("{}, ignoring", saved.error().text);
    } else {
      stored_ = now.now;
    }
  }
  timer_ = loop_.after(kKeepEvery, [this] { keep(); });
}

Status ClockKeeper::reset() {
  const std::size_t removed = TRY_IN("resetting the clock's floors", settings_.remove({kFloor, kEveryFeedsFloor}));
  stored_.reset();
  if (removed > 0) return {};
  return fail(Errc::nothing_to_do, "the clock has no floor but the time at which homepatchd was built; set the clock");
}

Time ClockKeeper::now() const { return ask_().now; }

Time ClockKeeper::floor() const { return gateway_floor(facts()); }

ClockVerdict ClockKeeper::verdict() const { return judge_clock(facts()); }

Time ClockKeeper::floor_of(std::string_view feed) const {
  const auto stored = settings_.load_integer(feed_setting(feed));
  return stored && *stored ? from_millis(**stored) : Time{};
}

tuf::Clock ClockKeeper::for_feed(std::string_view feed) const {
  const ClockFacts now = facts();
  const Time floor = std::max(gateway_floor(now), floor_of(feed));
  if (judge_clock(now).trusted && now.now >= floor) return tuf::Clock{now.now, tuf::Expiry::judge};
  return tuf::Clock{floor, tuf::Expiry::clock_not_trusted};
}

void ClockKeeper::accepted(std::string_view feed, Time catalog_date) {
  const Time before = floor_of(feed);
  const Time floor = feed_floor(before, catalog_date, facts());
  if (floor == before) return;
  if (auto saved = settings_.save(feed_setting(feed), to_millis(floor)); !saved) {
    log::warning("{}, ignoring", saved.error().text);
  }
}

}  // namespace homepatch
