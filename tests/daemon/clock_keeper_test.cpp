// A gateway without a clock battery, on a real database: which time is believed, and for how long it is remembered.
#include "daemon/fetch/clock_keeper.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "base/simulated_loop.hpp"
#include "daemon/build_time.hpp"
#include "storage/database.hpp"
#include "tests/support/scratch_folder.hpp"

namespace homepatch::test {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::years;

constexpr Time kBuild{seconds(HOMEPATCH_BUILD_TIME)};
constexpr Time kNow = kBuild + days(100);
constexpr Time k2099 = std::chrono::sys_days(std::chrono::year(2099) / 1 / 1);

class ClockKeeperTest : public ::testing::Test {
 protected:
  ClockKeeperTest() { boot(); }

  // The daemon starts (again) on what is on the disk, with the machine's clock as it is.
  void boot() {
    keeper.reset();
    settings.reset();
    database.reset();
    database = Database::open(folder / "homepatch.db").value();
    settings = std::make_unique<SettingsStore>(*database);
    keeper = std::make_unique<ClockKeeper>(loop, *settings, trust_configured, [this] { return machine; });
    ASSERT_TRUE(keeper->start());
  }
  // Time passes for the machine's clock and for its timers.
  void pass(Duration span) {
    machine.now += span;
    loop.advance(span);
  }
  [[nodiscard]] bool judges(std::string_view feed = "acme") const {
    return keeper->for_feed(feed).expiry == tuf::Expiry::judge;
  }

  ScratchFolder folder;
  SimulatedLoop loop{kNow};
  SystemClock machine{kNow, true};
  bool trust_configured = false;
  std::unique_ptr<Database> database;
  std::unique_ptr<SettingsStore> settings;
  std::unique_ptr<ClockKeeper> keeper;
};

TEST_F(ClockKeeperTest, AClockOf1970IsNotBelievedWhoeverVouchesForIt) {
  machine.now = Time{};
  for (const bool synchronised : {true, false}) {
    for (const bool configured : {true, false}) {
      machine.synchronised = synchronised;
      trust_configured = configured;
      boot();
      EXPECT_FALSE(keeper->verdict().trusted);
      const auto clock = keeper->for_feed("acme");
      EXPECT_EQ(clock.expiry, tuf::Expiry::clock_not_trusted);
      EXPECT_EQ(clock.now, kNow) << "what has expired before the floor has expired";
    }
  }
}

TEST_F(ClockKeeperTest, AtTheFloorItIsBelievedAndAMomentBeforeItIsNot) {
  ASSERT_EQ(keeper->floor(), kNow) << "stored at the start, while the kernel called it synchronised";
  EXPECT_TRUE(keeper->verdict().trusted);
  machine.now = kNow - milliseconds(1);
  EXPECT_FALSE(keeper->verdict().trusted);
  EXPECT_FALSE(judges());
}

TEST_F(ClockKeeperTest, TheFloorFollowsTheClockOnceAnHourAndSurvivesARestart) {
  const auto written = database->commits();
  pass(hours(24));
  EXPECT_EQ(keeper->floor(), kNow + hours(24));
  EXPECT_LE(database->commits() - written, 24U);
  machine = {Time{}, false};
  boot();
  EXPECT_EQ(keeper->floor(), kNow + hours(24));
  EXPECT_FALSE(keeper->verdict().trusted);
}

TEST_F(ClockKeeperTest, TenYearsAheadIsNoFloorUnlessTheKernelVouchesForIt) {
  trust_configured = true;
  machine.synchronised = false;
  boot();
  pass(years(10));
  EXPECT_TRUE(keeper->verdict().trusted);
  EXPECT_EQ(keeper->floor(), kNow);
  machine.now = kNow + hours(1);
  EXPECT_TRUE(judges()) << "the way back is open";
}

TEST_F(ClockKeeperTest, AFeedDated2099LeavesEverythingAsItWas) {
  keeper->accepted("acme", kNow - days(3));
  keeper->accepted("acme", k2099);
  EXPECT_EQ(keeper->floor_of("acme"), kNow - days(3));
  EXPECT_TRUE(judges());
}

TEST_F(ClockKeeperTest, AFeedsDateIsAFloorForThatFeedAloneAndSurvivesARestart) {
  keeper->accepted("acme", kNow + hours(5));
  boot();
  EXPECT_EQ(keeper->floor_of("acme"), kNow + hours(5));
  EXPECT_FALSE(judges("acme"));
  EXPECT_TRUE(judges("other"));
  pass(hours(5));
  EXPECT_TRUE(judges("acme"));
}

TEST_F(ClockKeeperTest, AnHourOfNetworkTimeThatWasForgedPassesByItself) {
  machine.now = kNow + hours(1);
  loop.advance(hours(1));
  ASSERT_EQ(keeper->floor(), kNow + hours(1));
  machine.now = kNow;  // the true time is back
  EXPECT_FALSE(judges());
  loop.advance(hours(1));
  EXPECT_EQ(keeper->floor(), kNow + hours(1)) << "the floor does not follow it down";
  machine.now = kNow + hours(1);
  EXPECT_TRUE(judges());
}

TEST_F(ClockKeeperTest, AnHourBackIsNotBelievedAlthoughTheKernelCallsItSynchronised) {
  machine.now = kNow - hours(1);
  loop.advance(hours(2));
  EXPECT_FALSE(keeper->verdict().trusted);
  EXPECT_EQ(keeper->floor(), kNow);
}

TEST_F(ClockKeeperTest, AnAdministratorsResetLeavesTheBuildTimeAlsoAfterARestart) {
  machine.now = k2099;
  loop.advance(hours(1));
  keeper->accepted("acme", k2099);
  keeper->accepted("gone", k2099);
  machine.now = kNow;
  ASSERT_FALSE(keeper->verdict().trusted);
  ASSERT_TRUE(keeper->reset());
  EXPECT_EQ(keeper->floor(), kBuild);
  EXPECT_TRUE(judges("acme"));
  machine.synchronised = false;  // so that the start stores nothing
  boot();
  EXPECT_EQ(keeper->floor(), kBuild);
  for (const auto* const feed : {"acme", "gone"}) EXPECT_EQ(keeper->floor_of(feed), Time{}) << feed;
  EXPECT_EQ(keeper->reset().error().code, Errc::nothing_to_do);
}

}  // namespace
}  // namespace homepatch::test
