// Whether the gateway's clock may be believed, with the floors of I10 kept in the database. Feeds ask before they judge
// an expiry. Stores the floor at most once an hour, and only while the kernel says that the clock is synchronised.
#pragma once

#include <string_view>

#include "base/loop.hpp"
#include "core/trusted_time.hpp"
#include "storage/settings_store.hpp"
#include "trust/tuf/trusted_set.hpp"

namespace homepatch {

class ClockKeeper {
 public:
  ClockKeeper(Loop& loop, SettingsStore& settings, bool trust_configured)
      : loop_(loop), settings_(settings), trust_configured_(trust_configured) {}

  // Loads the floor and begins to keep it.
  Status start();

  [[nodiscard]] ClockVerdict verdict() const;

  // The clock for one cycle of this feed: not trusted below the feed's own floor either.
  [[nodiscard]] tuf::Clock for_feed(std::string_view feed) const;

  // A catalog of the feed with this signed date was accepted.
  void accepted(std::string_view feed, Time catalog_date);

 private:
  [[nodiscard]] ClockFacts facts() const;
  [[nodiscard]] Time floor_of(std::string_view feed) const;
  void keep();

  Loop& loop_;
  SettingsStore& settings_;
  bool trust_configured_;
  std::optional<Time> stored_;
  Timer timer_;
};

}  // namespace homepatch
