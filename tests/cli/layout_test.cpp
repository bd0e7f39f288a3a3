#include "cli/layout.hpp"

#include <gtest/gtest.h>

#include <clocale>

namespace homepatch::cli {
namespace {

class Layout : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { ASSERT_NE(std::setlocale(LC_CTYPE, GetParam()), nullptr); }
  void TearDown() override { std::setlocale(LC_CTYPE, "C"); }
};

// In "C", wcwidth() knows no character beyond ASCII and our own table answers.
INSTANTIATE_TEST_SUITE_P(Locales, Layout, ::testing::Values("C.UTF-8", "C"));

TEST_P(Layout, WideCharactersTakeTwoColumnsAndCombiningOnesNone) {
  EXPECT_EQ(display_width("lamp"), 4U);
  EXPECT_EQ(display_width("Küche"), 5U);
  EXPECT_EQ(display_width("灯"), 2U);
  EXPECT_EQ(display_width("💡"), 2U);
  EXPECT_EQ(display_width("u\xCC\x88"), 1U);  // u and a combining diaeresis
}

TEST_P(Layout, ACutStaysWithinItsColumnsAndOnACharactersEdge) {
  EXPECT_EQ(cut_to_width("kitchen", 7), "kitchen");
  EXPECT_EQ(cut_to_width("kitchen", 5), "kitc…");
  EXPECT_EQ(cut_to_width("灯灯灯", 4), "灯…");  // half a character is none
  EXPECT_EQ(cut_to_width("kitchen", 5, false), "kitc~");
  EXPECT_EQ(cut_to_width("kitchen", 0), "");
}

TEST_P(Layout, PaddingCountsColumnsAndNotBytes) {
  EXPECT_EQ(pad_to_width("灯", 4), "灯  ");
  EXPECT_EQ(pad_to_width("7", 3, true), "  7");
  EXPECT_EQ(pad_to_width("long", 2), "long");
}

TEST_P(Layout, ParagraphsBreakAtBlanksAndKeepLongWordsWhole) {
  EXPECT_EQ(wrap("one two three", 7), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(wrap("see homepatchctl-status now", 5), (std::vector<std::string>{"see", "homepatchctl-status", "now"}));
  EXPECT_TRUE(wrap("", 10).empty());
}

}  // namespace
}  // namespace homepatch::cli
