#include "core/trusted_time.hpp"

#include <gtest/gtest.h>

namespace homepatch {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::sys_days;

Time day(int year, unsigned month, unsigned number) {
  return sys_days(std::chrono::year(year) / static_cast<int>(month) / static_cast<int>(number));
}

const Time kBuild = day(2025, 3, 1);
const Time kNow = day(2025, 6, 1);

ClockFacts synchronised(Time now = kNow) {
  ClockFacts facts;
  facts.now = now;
  facts.build_time = kBuild;
  facts.synchronised = true;
  return facts;
}

ClockFacts alone(Time now = kNow) {
  auto facts = synchronised(now);
  facts.synchronised = false;
  return facts;
}

ClockFacts configured(Time now = kNow) {
  auto facts = alone(now);
  facts.trust_configured = true;
  return facts;
}

TEST(TrustedTime, TheFloorIsTheLaterOfBuildAndStoredTime) {
  auto facts = synchronised();
  EXPECT_EQ(gateway_floor(facts), kBuild);
  facts.stored = kBuild + hours(1);
  EXPECT_EQ(gateway_floor(facts), kBuild + hours(1));
  facts.stored = kBuild - hours(1);
  EXPECT_EQ(gateway_floor(facts), kBuild);
}

TEST(TrustedTime, AGatewayThatStartsIn1970DoesNotBelieveItsClock) {
  for (const auto& facts : {synchronised(Time{}), alone(Time{}), configured(Time{})}) {
    const auto verdict = judge_clock(facts);
    EXPECT_FALSE(verdict.trusted);
    EXPECT_NE(verdict.text.find("already passed"), std::string::npos);
  }
}

TEST(TrustedTime, AtTheFloorIsNotBelowIt) {
  EXPECT_TRUE(judge_clock(synchronised(kBuild)).trusted);
  EXPECT_FALSE(judge_clock(synchronised(kBuild - milliseconds(1))).trusted);
}

TEST(TrustedTime, AnUnsynchronisedClockIsTrustedOnlyWhereTheConfigurationSaysSo) {
  const auto verdict = judge_clock(alone());
  EXPECT_FALSE(verdict.trusted);
  EXPECT_NE(verdict.text.find("clock = \"trust\""), std::string::npos);
  EXPECT_TRUE(judge_clock(configured()).trusted);
}

TEST(TrustedTime, NetworkTimeThatWindsBackAnHourIsNotBelieved) {
  auto facts = synchronised(kNow - hours(1));
  facts.stored = kNow;
  EXPECT_FALSE(judge_clock(facts).trusted);
  EXPECT_FALSE(should_store(facts, minutes(0)));
  EXPECT_EQ(gateway_floor(facts), kNow);
}

TEST(TrustedTime, ASpoofedHourAheadIsStoredAndTheTrueTimeWaitsForItToPass) {
  auto facts = synchronised(kNow + hours(1));
  ASSERT_TRUE(should_store(facts, minutes(10)));
  facts.stored = facts.now;
  facts.now = kNow;
  EXPECT_FALSE(judge_clock(facts).trusted);
  facts.now = kNow + hours(1);
  EXPECT_TRUE(judge_clock(facts).trusted);
}

TEST(TrustedTime, TenYearsAheadIsBelievedOnlyOfASynchronisedClockAndStoredOnlyThen) {
  const Time ahead = kNow + hours(24 * 3650);
  EXPECT_TRUE(judge_clock(synchronised(ahead)).trusted);
  EXPECT_FALSE(judge_clock(alone(ahead)).trusted);
  EXPECT_FALSE(should_store(alone(ahead), minutes(10)));
  EXPECT_FALSE(should_store(configured(ahead), minutes(10)));
}

TEST(TrustedTime, IsStoredAtMostOnceAnInterval) {
  auto facts = synchronised();
  facts.stored = kNow - minutes(9);
  EXPECT_FALSE(should_store(facts, minutes(10)));
  facts.stored = kNow - minutes(10);
  EXPECT_TRUE(should_store(facts, minutes(10)));
}

TEST(FeedFloor, FollowsTheNewestSignedDateAndNeverGoesDown) {
  EXPECT_EQ(feed_floor(Time{}, kNow - hours(5), synchronised()), kNow - hours(5));
  EXPECT_EQ(feed_floor(kNow - hours(5), kNow - hours(9), synchronised()), kNow - hours(5));
}

TEST(FeedFloor, ACatalogDated2099DoesNotFreezeAFeed) {
  const Time before = kNow - hours(5);
  EXPECT_EQ(feed_floor(before, day(2099, 1, 1), synchronised()), before);
  EXPECT_EQ(feed_floor(before, day(2099, 1, 1), configured()), before);
}

TEST(FeedFloor, ADayAheadIsBorne) {
  EXPECT_EQ(feed_floor(Time{}, kNow + hours(24), synchronised()), kNow + hours(24));
  EXPECT_EQ(feed_floor(Time{}, kNow + hours(24) + milliseconds(1), synchronised()), Time{});
}

TEST(FeedFloor, TellsAGatewayWithoutATimeSourceThatTimeHasPassed) {
  EXPECT_EQ(feed_floor(Time{}, kNow, alone(Time{})), kNow);
}

TEST(FeedFloor, AClockWoundBackIsNotTheMeasureOfWhatIsAhead) {
  auto facts = synchronised(day(2010, 1, 1));
  facts.stored = kNow;
  EXPECT_EQ(feed_floor(Time{}, kNow + hours(1), facts), kNow + hours(1));
  EXPECT_EQ(feed_floor(Time{}, day(2099, 1, 1), facts), Time{});
}

}  // namespace
}  // namespace homepatch
