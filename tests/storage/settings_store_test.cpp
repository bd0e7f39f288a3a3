#include "storage/settings_store.hpp"

#include <limits>

#include "tests/storage/storage_test.hpp"

namespace homepatch::test {
namespace {

class SettingsStoreTest : public StorageTest {
 protected:
  SettingsStore settings{*database};
};

TEST_F(SettingsStoreTest, GivesBackTheLastValueOfEachName) {
  ASSERT_TRUE(settings.save("a", "1"));
  ASSERT_TRUE(settings.save("b", "two"));
  ASSERT_TRUE(settings.save("a", "3"));
  EXPECT_EQ(settings.load("a").value(), "3");
  EXPECT_EQ(settings.load("b").value(), "two");
}

TEST_F(SettingsStoreTest, WhatWasNeverSavedIsNothingAndWhatIsEmptyIsEmpty) {
  ASSERT_TRUE(settings.save("empty", ""));
  EXPECT_FALSE(settings.load("never").value());
  EXPECT_EQ(settings.load("empty").value(), "");
}

TEST_F(SettingsStoreTest, KeepsWholeNumbersOfAnySize) {
  for (const auto number :
       {std::int64_t{0}, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    ASSERT_TRUE(settings.save("number", number));
    EXPECT_EQ(settings.load_integer("number").value(), number);
  }
}

TEST_F(SettingsStoreTest, ForgetsWhatFitsAPatternAndNothingElse) {
  for (const auto* const name : {"clock.floor", "feed.a.floor", "feed.b.floor", "feed.a.current", "clock.floors"}) {
    ASSERT_TRUE(settings.save(name, "1"));
  }
  EXPECT_EQ(settings.remove({"clock.floor", "feed.*.floor"}).value(), 3U);
  for (const auto* const name : {"clock.floor", "feed.a.floor", "feed.b.floor"}) {
    EXPECT_FALSE(settings.load(name).value()) << name;
  }
  EXPECT_TRUE(settings.load("feed.a.current").value());
  EXPECT_TRUE(settings.load("clock.floors").value());
  EXPECT_EQ(settings.remove({"clock.floor", "feed.*.floor"}).value(), 0U);
}

// The clock's floor: half a number would be a wrong time.
TEST_F(SettingsStoreTest, WhatIsNotWhollyANumberIsNone) {
  for (const auto* const text : {"", "12abc", "abc", "1.5", " 12", "99999999999999999999"}) {
    ASSERT_TRUE(settings.save("number", std::string_view(text)));
    EXPECT_FALSE(settings.load_integer("number").value()) << text;
  }
}

}  // namespace
}  // namespace homepatch::test
