#include "base/text.hpp"

#include <gtest/gtest.h>

namespace homepatch {
namespace {

TEST(Text, PrintableLeavesNothingThatSteersATerminal) {
  EXPECT_EQ(printable("lamp\x1b[31m"), "lamp\xEF\xBF\xBD[31m");
  EXPECT_EQ(printable("a\nb\x7f"),
            "a\xEF\xBF\xBD"
            "b\xEF\xBF\xBD");
  EXPECT_EQ(printable("K\xC3\xBC"
                      "che"),
            "K\xC3\xBC"
            "che");
  EXPECT_EQ(printable("bad\xff"), "bad\xEF\xBF\xBD");
  EXPECT_EQ(printable("\xE2\x80\xAE"
                      "gpj"),
            "\xEF\xBF\xBDgpj");
}

TEST(Text, PrintableCutsOnACharactersEdge) { EXPECT_EQ(printable("\xC3\xBC\xC3\xBC", 3), "\xC3\xBC..."); }

TEST(Text, Utf8FollowsTheSpecification) {
  EXPECT_TRUE(is_utf8("\xF0\x9F\x92\xA1"));
  EXPECT_FALSE(is_utf8("\xC0\xAF"));          // overlong
  EXPECT_FALSE(is_utf8("\xED\xA0\x80"));      // surrogate
  EXPECT_FALSE(is_utf8("\xF4\x90\x80\x80"));  // above U+10FFFF
  EXPECT_FALSE(is_utf8("\xE2\x82"));          // cut short
}

TEST(Text, PlainTextHasNoControlsAndFits) {
  EXPECT_TRUE(is_plain_text("kitchen lamp", 20));
  EXPECT_FALSE(is_plain_text("", 20));
  EXPECT_FALSE(is_plain_text(std::string_view("a\0b", 3), 20));
  EXPECT_FALSE(is_plain_text("long", 3));
}

TEST(Text, HexGoesThereAndBack) {
  EXPECT_EQ(to_hex("\x01\xab"), "01ab");
  EXPECT_EQ(from_hex("01aB").value(), (std::vector<std::uint8_t>{1, 0xab}));
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0g"));
}

TEST(Text, Base64UrlMatchesTheSpecificationsExamples) {
  const auto encode = [](std::string_view s) {
    return to_base64url(reinterpret_cast<const std::uint8_t*>(s.data()), s.size());
  };
  EXPECT_EQ(encode("f"), "Zg");
  EXPECT_EQ(encode("fo"), "Zm8");
  EXPECT_EQ(encode("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encode("\xfb\xff"), "-_8");
}

TEST(Text, PercentEncodingKeepsOnlyWhatItIsTold) {
  EXPECT_EQ(percent_encode("a/b?c d"), "a%2Fb%3Fc%20d");
  EXPECT_EQ(percent_encode("a/b", "/"), "a/b");
}

TEST(Text, FiguresForPeople) {
  EXPECT_EQ(human_bytes(512), "512 B");
  EXPECT_EQ(human_bytes(1536), "1.5 KiB");
  EXPECT_EQ(human_bytes(650'000), "635 KiB");
  EXPECT_EQ(human_duration(0), "0 s");
  EXPECT_EQ(human_duration(75), "1 min 15 s");
  EXPECT_EQ(human_duration(93'600), "1 d 2 h");
}

}  // namespace
}  // namespace homepatch
