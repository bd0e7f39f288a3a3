#include "protocols/feeds/deny_reader.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace homepatch::feeds {
namespace {

const std::string kDigest(64, 'a');

std::string refusal(const std::string& bytes) {
  const auto read = read_deny(bytes);
  return read ? "" : read.error().text;
}

TEST(DenyReader, NamesImagesWithTheirReasons) {
  const auto read =
      read_deny(fmt::format(R"({{"homepatch_deny":1,"images":[{{"sha256":"{}","reason":"bricks"}}]}})", kDigest));
  ASSERT_TRUE(read) << read.error().text;
  ASSERT_EQ(read->size(), 1U);
  EXPECT_EQ(read->begin()->first.hex(), kDigest);
  EXPECT_EQ(read->begin()->second, "bricks");
  EXPECT_TRUE(read_deny(R"({"homepatch_deny":1,"images":[]})")->empty());
}

TEST(DenyReader, RefusesWhatItDoesNotUnderstandWithItsPlace) {
  EXPECT_EQ(refusal(R"({"homepatch_deny":1,"images":[{"sha256":"xyz"}]})"),
            "_feed/deny.json: images[0].sha256: must be 64 hexadecimal digits");
  EXPECT_NE(refusal(R"({"homepatch_deny":2,"images":[]})").find("another schema"), std::string::npos);
  EXPECT_NE(refusal(R"({"homepatch_deny":1})").find("images"), std::string::npos);
  EXPECT_NE(refusal("[]"), "");
  EXPECT_NE(refusal(""), "");
}

TEST(DenyReader, HasItsLimits) {
  std::string many = R"({"homepatch_deny":1,"images":[)";
  for (std::size_t i = 0; i <= kMaxDenied; ++i) {
    many += fmt::format(R"({}{{"sha256":"{:064x}"}})", i == 0 ? "" : ",", i);
  }
  EXPECT_NE(refusal(many + "]}"), "");
  EXPECT_NE(refusal(std::string(kMaxDenyBytes + 1, ' ')), "");
}

}  // namespace
}  // namespace homepatch::feeds
