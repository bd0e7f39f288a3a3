#include "daemon/fetch/ledger.hpp"

#include <gtest/gtest.h>

namespace homepatch::test {
namespace {

LedgerEntry request(std::string host) {
  LedgerEntry entry;
  entry.host = std::move(host);
  entry.bytes_received = 10;
  entry.bytes_sent = 1;
  return entry;
}

TEST(Ledger, CountsAlsoWhatItNoLongerKeeps) {
  Ledger ledger;
  for (std::size_t i = 0; i < Ledger::kMaxEntries + 5; ++i) ledger.add(Time{}, request(i < 3 ? "early" : "late"));
  EXPECT_EQ(ledger.entries().size(), Ledger::kMaxEntries);
  EXPECT_EQ(ledger.entries().front().request.host, "late");
  EXPECT_EQ(ledger.total(), Ledger::kMaxEntries + 5);
  EXPECT_EQ(ledger.hosts().at("early").requests, 3U);
  EXPECT_EQ(ledger.hosts().at("early").bytes_received, 30U);
  EXPECT_EQ(ledger.hosts().at("late").bytes_sent, Ledger::kMaxEntries + 2);
}

TEST(Ledger, HostsBeyondTheLimitShareOneSum) {
  Ledger ledger;
  for (std::size_t i = 0; i < Ledger::kMaxHosts + 7; ++i) ledger.add(Time{}, request("host-" + std::to_string(i)));
  ledger.add(Time{}, request("host-0"));
  EXPECT_EQ(ledger.hosts().size(), Ledger::kMaxHosts + 1);
  EXPECT_EQ(ledger.hosts().at(Ledger::kOtherHosts).requests, 7U);
  EXPECT_EQ(ledger.hosts().at("host-0").requests, 2U);
}

}  // namespace
}  // namespace homepatch::test
