// What left the gateway: every outbound request with its host, path, bytes, and what in it could identify this home,
// and sums for each host, which go on where single requests are no longer kept. The fetcher writes, `homepatchctl
// privacy` reads. In memory only: nothing of it wears the flash, and nothing outlives a restart.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "core/time.hpp"
#include "protocols/http/fetch.hpp"

namespace homepatch {

class Ledger {
 public:
  static constexpr std::size_t kMaxEntries = 1024;  // the newest ones; one look at a feed may make 768
  static constexpr std::size_t kMaxHosts = 64;      // with sums of their own
  static constexpr const char* kOtherHosts = "(other hosts)";

  struct Entry {
    Time at{};
    LedgerEntry request;
  };
  struct Sum {
    std::uint64_t requests = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t bytes_sent = 0;
  };

  void add(Time at, LedgerEntry request) {
    const bool known = hosts_.contains(request.host) || hosts_.size() < kMaxHosts;
    Sum& sum = hosts_[known ? request.host : kOtherHosts];
    ++sum.requests;
    sum.bytes_received += request.bytes_received;
    sum.bytes_sent += request.bytes_sent;
    if (entries_.size() == kMaxEntries) entries_.pop_front();
    entries_.push_back(Entry{at, std::move(request)});
    ++total_;
  }

  // Oldest first.
  [[nodiscard]] const std::deque<Entry>& entries() const { return entries_; }
  // Since the start, those not kept included.
  [[nodiscard]] std::uint64_t total() const { return total_; }
  [[nodiscard]] const std::map<std::string, Sum>& hosts() const { return hosts_; }

 private:
  std::deque<Entry> entries_;
  std::uint64_t total_ = 0;
  std::map<std::string, Sum> hosts_;
};

}  // namespace homepatch
