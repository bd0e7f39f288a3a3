// Whether the gateway's clock may be believed, with the floors of I10 kept in the database. Feeds ask before they judge
// an expiry. Stores the floor at most once an hour, and only while the kernel says that the clock is synchronised. What
// was stored outlives a restart; only an administrator takes it back.
#pragma once

#include <functional>
#include <string_view>

#include "base/loop.hpp"
#include "core/trusted_time.hpp"
#include "daemon/fetch/system_clock.hpp"
#include "storage/settings_store.hpp"
#include "trust/tuf/trusted_set.hpp"

namespace homepatch {

class ClockKeeper {
 public:
  using Ask = std::function<SystemClock()>;

  ClockKeeper(Loop& loop, SettingsStore& settings, bool trust_configured, Ask ask = read_system_clock)
      : loop_(loop), settings_(settings), trust_configured_(trust_configured), ask_(std::move(ask)) {}

  // Loads the floor and begins to keep it.
  Status start();

  // An administrator's deed: the floors that were stored, the gateway's and every feed's, are forgotten, so that the
  // build time alone is left. nothing_to_do when none was stored.
  Status reset();

  [[nodiscard]] ClockVerdict verdict() const;
  [[nodiscard]] Time now() const;
  // Below them the clock is not believed: of the gateway, and of one feed (1970 while it has none).
  [[nodiscard]] Time floor() const;
  [[nodiscard]] Time floor_of(std::string_view feed) const;

  // The clock for one cycle of this feed: not trusted below the feed's own floor either.
  [[nodiscard]] tuf::Clock for_feed(std::string_view feed) const;

  // A catalog of the feed with this signed date was accepted.
  void accepted(std::string_view feed, Time catalog_date);

 private:
  [[nodiscard]] ClockFacts facts() const;
  void keep();

  Loop& loop_;
  SettingsStore& settings_;
  bool trust_configured_;
  Ask ask_;
  std::optional<Time> stored_;
  Timer timer_;
};

}  // namespace homepatch
