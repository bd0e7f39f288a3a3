#include "protocols/coap/resource_value.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "protocols/coap/senml.hpp"
#include "protocols/coap/tlv.hpp"

namespace homepatch::coap {
namespace {

std::string bytes(std::string_view hex) {
  const auto raw = from_hex(hex).value();
  return {raw.begin(), raw.end()};
}

ResourceBytes in(std::optional<ContentFormat> format, const std::string& payload, std::uint16_t resource) {
  return {format, payload, resource};
}

TEST(ResourceValue, ReadsText) {
  EXPECT_EQ(read_text(in(kText, "1.2.3", 3)).value(), "1.2.3");
  EXPECT_EQ(read_text(in(std::nullopt, "1.2.3", 3)).value(), "1.2.3");
  EXPECT_EQ(read_integer(in(kText, "-7", 3)).value(), -7);
  for (const auto* wrong : {"", "x", "1x", " 1", "99999999999999999999"}) {
    EXPECT_FALSE(read_integer(in(kText, wrong, 3)).has_value()) << wrong;
  }
}

TEST(ResourceValue, ReadsTlv) {
  const auto maker = bytes("c80014") + "Open Mobile Alliance";
  EXPECT_EQ(read_text(in(kLwm2mTlv, maker, 0)).value(), "Open Mobile Alliance");
  EXPECT_EQ(read_integer(in(kLwm2mTlv, bytes("c10301"), 3)).value(), 1);
  EXPECT_EQ(read_integer(in(kLwm2mTlv, bytes("c203fffe"), 3)).value(), -2);
  EXPECT_EQ(read_text(in(kLwm2mTlv, bytes("c001"), 1)).value(), "");
  EXPECT_EQ(read_integers(in(kLwm2mTlv,
                             bytes("860641000141"
                                   "0105"),
                             6))
                .value(),
            (std::vector<std::int64_t>{1, 5}));
  const auto wrapped = bytes("0300c10301");
  EXPECT_EQ(read_integer(in(kLwm2mTlv, wrapped, 3)).value(), 1) << "inside its object instance";
}

TEST(ResourceValue, RefusesBrokenTlv) {
  for (const auto* hex :
       {"", "c8", "c80014aa", "c103", "d80000ffff", "d8", "c303010203", "c10401", "07000700070007000700070007"}) {
    EXPECT_FALSE(read_integer(in(kLwm2mTlv, bytes(hex), 3)).has_value()) << hex;
  }
}

TEST(ResourceValue, TlvHasALimit) {
  std::string many;
  for (std::size_t i = 0; i <= kMaxTlvEntries; ++i) many += bytes("c001");
  EXPECT_EQ(parse_tlv(many).error().code, Errc::too_large);
}

TEST(ResourceValue, ReadsSenmlJson) {
  const std::string pack = R"([{"bn":"/3/0/","n":"0","vs":"Acme"},{"n":"9","v":87},{"n":"3","vs":"1.0"}])";
  EXPECT_EQ(read_text(in(kSenmlJson, pack, 0)).value(), "Acme");
  EXPECT_EQ(read_integer(in(kSenmlJson, pack, 9)).value(), 87);
  EXPECT_EQ(read_integers(in(kSenmlJson, R"([{"bn":"/5/0/8/","n":"0","v":0},{"n":"1","v":2}])", 8)).value(),
            (std::vector<std::int64_t>{0, 2}));
  EXPECT_FALSE(read_text(in(kSenmlJson, pack, 7)).has_value());
}

TEST(ResourceValue, RefusesBrokenSenmlJson) {
  const std::string deep(60'000, '[');
  for (const auto& wrong : {std::string("["), std::string("{}"), std::string("[1]"), deep, std::string("[{\"vs\":")}) {
    EXPECT_FALSE(parse_senml_json(wrong).has_value());
  }
}

TEST(ResourceValue, ReadsSenmlCbor) {
  const auto pack = bytes(
      "82a321652f332f302f00613003644163"
      "6d65a200613902"
      "1857");
  EXPECT_EQ(read_text(in(kSenmlCbor, pack, 0)).value(), "Acme");
  EXPECT_EQ(read_integer(in(kSenmlCbor, pack, 9)).value(), 87);
}

TEST(ResourceValue, RefusesBrokenSenmlCbor) {
  for (const auto* hex : {"", "82", "a0", "8101", "9bffffffffffffffff", "81bbffffffffffffffff",
                          "81a1005bffffffffffffffff", "81a10081818181", "9f", "81a2", "81a10003ff"}) {
    EXPECT_FALSE(read_text(in(kSenmlCbor, bytes(hex), 0)).has_value()) << hex;
  }
}

TEST(ResourceValue, ReadsPlainCbor) {
  EXPECT_EQ(read_integer(in(kCbor, bytes("02"), 3)).value(), 2);
  EXPECT_EQ(read_integer(in(kCbor, bytes("20"), 3)).value(), -1);
  EXPECT_EQ(read_text(in(kCbor, bytes("63312e30"), 3)).value(), "1.0");
  EXPECT_EQ(read_text(in(kCbor, bytes("c063312e30"), 3)).value(), "1.0") << "behind a tag";
  EXPECT_FALSE(read_integer(in(kCbor, bytes("80"), 3)).has_value());
}

TEST(ResourceValue, RefusesFormatsThatItDoesNotKnow) {
  EXPECT_EQ(read_text(in(ContentFormat{11543}, "{}", 3)).error().code, Errc::unsupported);
}

}  // namespace
}  // namespace homepatch::coap
