// What left the gateway: every outbound request with its host, path, bytes, and what in it could identify this home.
// The fetcher writes, `homepatchctl privacy` reads. In memory only: nothing of it wears the flash, and nothing outlives
// a restart.
#pragma once

#include <deque>

#include "core/time.hpp"
#include "protocols/http/fetch.hpp"

namespace homepatch {

class Ledger {
 public:
  static constexpr std::size_t kMaxEntries = 512;  // the newest ones

  struct Entry {
    Time at{};
    LedgerEntry request;
  };

  void add(Time at, LedgerEntry request) {
    if (entries_.size() == kMaxEntries) entries_.pop_front();
    entries_.push_back(Entry{at, std::move(request)});
    ++total_;
  }

  // Oldest first.
  [[nodiscard]] const std::deque<Entry>& entries() const { return entries_; }
  // Since the start, those not kept included.
  [[nodiscard]] std::uint64_t total() const { return total_; }

 private:
  std::deque<Entry> entries_;
  std::uint64_t total_ = 0;
};

}  // namespace homepatch
