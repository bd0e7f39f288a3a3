// What the bus shows of the daemon's neighbours: plain values, asked for when somebody reads them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "core/time.hpp"
#include "daemon/fetch/image_importer.hpp"
#include "daemon/fetch/indexes.hpp"
#include "daemon/fetch/ledger.hpp"
#include "daemon/fetch/stock.hpp"

namespace homepatch::bus {

struct FeedStatus {
  std::string name;
  std::string url;
  std::string state;  // never, current, stale, failing
  Time refreshed{};   // the last time that it was found current
  std::optional<Time> stale_since;
  std::string text;  // for people
  unsigned catalogs = 0;
};

struct Status {
  std::string broker = "off";  // off, connecting, connected
  std::string broker_text;
  bool clock_trusted = false;
  std::string clock_text;
  Time clock_floor{};  // the latest of the gateway's and its feeds'
  bool clock_below_floor = false;
  bool accept_always = false;
  std::vector<std::string> listening;
  std::vector<FeedStatus> feeds;
  std::uint64_t cache_objects = 0;
  std::uint64_t cache_bytes = 0;
  std::uint64_t cache_quota = 0;
  std::uint64_t cache_written = 0;       // to flash, in the last 24 hours
  std::uint64_t cache_write_budget = 0;  // in any 24 hours; 0: no limit
  std::uint64_t wan_bytes = 0;           // fetched from feeds since the start
  std::uint64_t saved_bytes = 0;         // delivered to devices beyond what was fetched for them
};

struct Sources {
  std::function<Status()> status;
  // Looks at all feeds now; answers once with a text for people.
  std::function<void(std::function<void(Result<std::string>)>)> refresh;
  // Forgets the clock's floors for this caller; a text for people.
  std::function<Result<std::string>(const std::string& who)> reset_clock;
  // Takes in a bundle; answers once with a text for people.
  std::function<void(UniqueFd, const std::string& feed, std::function<void(Result<std::string>)>)> import;
  const Ledger* ledger = nullptr;  // what left the gateway
  const Indexes* indexes = nullptr;
  ImageImporter* image_importer = nullptr;
  LocalReleases* local_releases = nullptr;
  std::function<std::vector<StockItem>()> stock;
  std::function<std::vector<Damage>()> damages;
  // Whether the artifact is in the cache.
  std::function<bool(const std::string& sha256_hex)> cached;
};

}  // namespace homepatch::bus
