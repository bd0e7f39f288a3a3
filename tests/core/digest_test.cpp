#include "core/digest.hpp"

#include <gtest/gtest.h>

#include <string>

namespace homepatch {
namespace {

constexpr std::string_view kEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

TEST(Digest, GoesThereAndBack) {
  const auto digest = Digest::parse(kEmpty);
  ASSERT_TRUE(digest);
  EXPECT_EQ(digest->hex(), kEmpty);
  EXPECT_EQ(digest->brief(), "e3b0c44298fc");
  EXPECT_EQ(digest->bytes()[0], 0xe3);
  EXPECT_EQ(digest->bytes()[31], 0x55);
  EXPECT_EQ(Digest(digest->bytes()), *digest);
}

TEST(Digest, TheCaseOfItsDigitsDoesNotMatter) {
  std::string upper(kEmpty);
  for (auto& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_EQ(Digest::parse(upper).value(), Digest::parse(kEmpty).value());
}

TEST(Digest, OneThatIsShortOrEmptyIsAnErrorAndNeverNothingToCheck) {
  EXPECT_FALSE(Digest::parse(""));
  EXPECT_FALSE(Digest::parse(kEmpty.substr(1)));
  EXPECT_FALSE(Digest::parse(std::string(kEmpty) + "0"));
  EXPECT_FALSE(Digest::parse(std::string(63, 'a') + "g"));
  EXPECT_FALSE(Digest::parse(std::string(62, 'a') + "0x"));
  EXPECT_FALSE(Digest::parse(std::string(64, '\0')));
  EXPECT_FALSE(Digest::parse(" " + std::string(kEmpty.substr(1))));
}

}  // namespace
}  // namespace homepatch
