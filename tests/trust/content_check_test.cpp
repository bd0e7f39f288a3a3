#include <gtest/gtest.h>

#include "trust/tuf/hashes.hpp"

namespace homepatch::tuf {
namespace {

using nlohmann::json;

Hashes both(std::string_view content) {
  return Hashes::parse({{"sha256", sha256(content).hex()}, {"sha512", sha512_hex(content)}}).value();
}

TEST(ContentCheck, AcceptsTheBytesInAnyPieces) {
  ContentCheck check(5, both("hello"));
  ASSERT_TRUE(check.add("he"));
  ASSERT_TRUE(check.add(""));
  ASSERT_TRUE(check.add("llo"));
  EXPECT_EQ(check.finish().value(), sha256("hello"));
}

TEST(ContentCheck, StopsAtTheFirstByteTooMany) {
  ContentCheck check(5, both("hello"));
  ASSERT_TRUE(check.add("hello"));
  const auto more = check.add("!");
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, Errc::too_large);
  EXPECT_EQ(more.error().text, "it is longer than the 5 bytes that the feed states");
}

TEST(ContentCheck, RefusesWhatIsTooShort) {
  EXPECT_EQ(check_content("hell", 5, both("hello")).error().text, "it has 4 bytes; the feed states 5");
}

TEST(ContentCheck, EveryListedHashThatIsKnownMustAgree) {
  const auto hashes = [](std::string_view content256, std::string_view content512) {
    return Hashes::parse({{"sha256", sha256(content256).hex()}, {"sha512", sha512_hex(content512)}}).value();
  };
  EXPECT_EQ(check_content("hello", 5, hashes("jello", "hello")).error().text,
            "its SHA-256 is not the one that the feed states");
  EXPECT_EQ(check_content("hello", 5, hashes("hello", "jello")).error().text,
            "its SHA-512 is not the one that the feed states");
  EXPECT_TRUE(check_content("hello", 5, hashes("hello", "hello")));
}

TEST(ContentCheck, AtLeastOneHashMustBeKnown) {
  const auto md5_only = Hashes::parse({{"md5", "5d41402abc4b2a76b9719d911017c592"}}).value();
  EXPECT_EQ(check_content("hello", 5, md5_only).error().text, "the feed lists no hash that this gateway can compute");
  const auto with_unknown = Hashes::parse({{"blake3", "x"}, {"sha512", sha512_hex("hello")}}).value();
  EXPECT_TRUE(check_content("hello", 5, with_unknown));
}

TEST(ContentCheck, WithoutStatedHashesOnlyTheLengthIsChecked) {
  EXPECT_TRUE(check_content("hello", 5, std::nullopt));
  EXPECT_TRUE(check_content("hello", std::nullopt, std::nullopt));
}

TEST(Hashes, ShortOrEmptyOnesAreMalformedNotAbsent) {
  for (const auto& bad : {json{{"sha256", ""}}, json{{"sha256", "abcd"}}, json{{"sha512", sha256("").hex()}},
                          json{{"sha256", std::string(64, 'g')}}, json::object(), json{{"sha256", 1}}, json::array()}) {
    EXPECT_FALSE(Hashes::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace homepatch::tuf
