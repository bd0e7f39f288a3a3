// What the cache writes to flash in a day: it has an end, is not forgotten by a restart, and opens again by itself.
#include <gmock/gmock.h>

#include "storage/settings_store.hpp"
#include "tests/storage/artifact_cache_test.hpp"

namespace homepatch::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::HasSubstr;

class WriteBudgetTest : public ArtifactCacheTest {
 protected:
  static constexpr std::uint64_t kADay = 1000;
  WriteBudgetTest() { open_cache({1'000'000, 0, kADay}); }

  [[nodiscard]] std::optional<Time> opens(const std::string& content) const {
    return cache->budget_opens(sha256(content), content.size());
  }
};

TEST_F(WriteBudgetTest, IsCountedAsItIsWritten) {
  take_in_part(image(400, 'a'), 300);
  EXPECT_EQ(cache->budget().written(), 300U);
  ASSERT_TRUE(take_in(image(200, 'b')));
  EXPECT_EQ(cache->budget().written(), 500U);
  EXPECT_EQ(cache->budget().a_day(), kADay);
}

TEST_F(WriteBudgetTest, BeyondItAnImageIsRefusedWithBudgetCountAndTime) {
  ASSERT_TRUE(take_in(image(600, 'a')));
  const auto refused = take_in(image(500, 'b'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::no_space);
  EXPECT_THAT(refused.error().text, HasSubstr("1000 B"));
  EXPECT_THAT(refused.error().text, HasSubstr("600 B"));
  EXPECT_THAT(refused.error().text, HasSubstr("write_budget_mib_per_day"));
  // 2001-09-09 01:46:40; what was written in that hour leaves a day after its end.
  EXPECT_THAT(refused.error().text, HasSubstr("until 2001-09-10 02:00 UTC"));
  EXPECT_FALSE(std::filesystem::exists(partial(image(500, 'b'))));
  EXPECT_TRUE(take_in(image(400, 'c'))) << "what fits is not held up";
}

TEST_F(WriteBudgetTest, OpensByItselfWhenItSaid) {
  ASSERT_TRUE(take_in(image(600, 'a')));
  now += hours(3);
  ASSERT_TRUE(take_in(image(300, 'b')));
  EXPECT_FALSE(opens(image(100, 'c')));
  const auto small = opens(image(200, 'c'));
  const auto large = opens(image(900, 'c'));
  ASSERT_TRUE(small && large);
  EXPECT_EQ(*large - *small, hours(3));
  now = *small - minutes(1);
  EXPECT_FALSE(take_in(image(200, 'c')));
  now = *small;
  EXPECT_TRUE(take_in(image(200, 'c')));
}

TEST_F(WriteBudgetTest, ManyShortRunsHaveOneBudgetTogether) {
  for (int i = 0; i < 20; ++i) {
    (void)take_in(image(90, static_cast<char>('a' + i)));
    restart();
  }
  EXPECT_EQ(cache->budget().written(), 990U);
  EXPECT_EQ(cache->count(), 11U);
}

TEST_F(WriteBudgetTest, WhatWasWrittenOfABrokenDownloadIsRememberedToo) {
  take_in_part(image(900), 700);
  restart();
  EXPECT_EQ(cache->budget().written(), 700U);
}

// The program dies again and again in the middle of a download that always begins anew.
TEST_F(WriteBudgetTest, ADyingProgramLosesAFewMegabytesOfTheCountAtMost) {
  constexpr std::uint64_t kPiece = 1U << 20U;
  open_cache({64ULL << 20U, 0, 40ULL << 20U});
  const auto writer = cache->begin(sha256("large"), 30 * kPiece).value();
  const std::string piece = image(kPiece);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(writer->write(bytes_of(piece)));
  WriteBudget after_its_death(*database, 0, [this] { return now; });
  ASSERT_TRUE(after_its_death.load());
  EXPECT_GE(after_its_death.written() + WriteBudget::kSaveEvery, 20 * kPiece);
}

TEST_F(WriteBudgetTest, BeginningAnewIsPaidTwice) {
  const auto writer = cache->begin(sha256(image(600)), 600).value();
  ASSERT_TRUE(writer->write(bytes_of(image(600, 'x'))));
  ASSERT_FALSE(writer->commit(now));  // wrong bytes
  ASSERT_TRUE(writer->write(bytes_of(image(400))));
  const auto refused = writer->write(bytes_of(image(200)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::no_space);
  EXPECT_EQ(cache->budget().written(), kADay);
}

TEST_F(WriteBudgetTest, TwoOnTheirWayAreNotPromisedTheSameBytes) {
  auto first = cache->begin(sha256(image(600)), 600).value();
  const auto refused = cache->begin(sha256("second"), 600);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("600 B promised"));
  first.reset();
  EXPECT_TRUE(cache->begin(sha256("second"), 600));
}

TEST_F(WriteBudgetTest, OnlyWhatIsMissingOfAnImageCounts) {
  const auto content = image(900);
  take_in_part(content, 800);
  const auto writer = go_on(content);
  ASSERT_TRUE(writer->write(bytes_of(content).subspan(800)));
  EXPECT_TRUE(writer->commit(now));
}

// Otherwise a small budget would keep a device from its patch for ever.
TEST_F(WriteBudgetTest, AnImageLargerThanTheBudgetComesAfterADayWithoutAny) {
  ASSERT_TRUE(take_in(image(1, 'a')));
  const auto refused = take_in(image(2500));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("more than a day's"));
  now = opens(image(2500)).value();
  const auto writer = cache->begin(sha256(image(2500)), 2500).value();
  ASSERT_TRUE(writer->restart());  // as who takes nothing up does
  ASSERT_TRUE(writer->write(bytes_of(image(2500))));
  EXPECT_TRUE(writer->commit(now));
  EXPECT_FALSE(take_in(image(1, 'b')));
}

TEST_F(WriteBudgetTest, ZeroIsNoLimitAndIsCountedAllTheSame) {
  open_cache({1'000'000, 0, 0});
  ASSERT_TRUE(take_in(image(50'000)));
  EXPECT_FALSE(opens(image(900'000, 'b')));
  EXPECT_EQ(cache->budget().written(), 50'000U);
}

// Many gateways start in 1970 and know the time some minutes later.
TEST_F(WriteBudgetTest, AClockThatStartsIn1970GivesNoFreshBudget) {
  ASSERT_TRUE(take_in(image(900, 'a')));
  const auto real = now;
  now = at(30);
  restart();
  EXPECT_FALSE(take_in(image(200, 'b')));
  now = real + hours(1);
  EXPECT_FALSE(take_in(image(200, 'b')));
  now = real + hours(26);
  EXPECT_TRUE(take_in(image(200, 'b')));
}

TEST_F(WriteBudgetTest, WhatWasWrittenUnderAWrongClockHoldsUpADayAtMost) {
  const auto real = now;
  now += hours(24 * 4000);
  ASSERT_TRUE(take_in(image(900, 'a')));
  now = real;
  restart();
  const auto when = opens(image(200, 'b'));
  ASSERT_TRUE(when);
  EXPECT_LE(*when - now, hours(25));
  now = *when;
  EXPECT_TRUE(take_in(image(200, 'b')));
}

TEST_F(WriteBudgetTest, AStoredCountThatMakesNoSenseIsNoReasonNotToStart) {
  for (const auto* stored : {"", "x", "1:", ":1", "1:2:3", "99999999999999999999:5", "5", " 3:4  7:8"}) {
    ASSERT_TRUE(SettingsStore(*database).save("cache.written", stored));
    restart();
    EXPECT_TRUE(cache->begin(sha256("x"), 10)) << stored;
  }
}

}  // namespace
}  // namespace homepatch::test
