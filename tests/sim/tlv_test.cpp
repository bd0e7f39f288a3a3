#include "sim/lwm2m/tlv.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace homepatch::sim {
namespace {

using Instances = std::map<std::uint16_t, std::int64_t>;

std::string hex(std::uint16_t id, const Lwm2mValue& value) { return to_hex(tlv_resource(id, value)); }

// The expected bytes were recorded from a wakaama client.
TEST(Tlv, ResourcesHaveTheBytesThatAForeignClientSends) {
  EXPECT_EQ(hex(0, std::string("Open Mobile Alliance")), "c80014" + to_hex("Open Mobile Alliance"));
  EXPECT_EQ(hex(6, Instances{{0, 1}, {1, 5}}), "8606410001410105");
  EXPECT_EQ(hex(7, Instances{{0, 3800}, {1, 5000}}), "88070842000ed842011388");
  EXPECT_EQ(hex(3, std::int64_t{1}), "c10301");
  EXPECT_EQ(hex(1, std::string()), "c001");
}

TEST(Tlv, IntegersTakeAsManyBytesAsTheyNeed) {
  EXPECT_EQ(hex(9, std::int64_t{127}), "c1097f");
  EXPECT_EQ(hex(9, std::int64_t{128}), "c2090080");
  EXPECT_EQ(hex(9, std::int64_t{-1}), "c109ff");
  EXPECT_EQ(hex(9, std::int64_t{40000}), "c40900009c40");
  EXPECT_EQ(hex(9, std::int64_t{5'000'000'000}), "c80908000000012a05f200");
  EXPECT_EQ(hex(9, true), "c10901");
}

TEST(Tlv, WideIdentifiersAndLongValuesHaveLongerHeads) {
  EXPECT_EQ(hex(300, std::int64_t{1}), "e1012c01");
  EXPECT_EQ(hex(0, std::string(300, 'a')).substr(0, 8), "d000012c");
  EXPECT_EQ(to_hex(tlv_instance(0, "\xc1\x03\x01")), "0300c10301");
}

TEST(Tlv, AWrittenResourceIsFound) {
  EXPECT_EQ(find_in_tlv(tlv_resource(0, std::string("x")) + tlv_resource(1, std::string("uri")), 1), "uri");
  EXPECT_EQ(find_in_tlv("\xc0\x01", 1), "");
  EXPECT_EQ(find_in_tlv(tlv_resource(1, std::string("uri")), 2), std::nullopt);
}

TEST(Tlv, ADamagedListHoldsNothing) {
  EXPECT_EQ(find_in_tlv("\xc8", 1), std::nullopt);
  EXPECT_EQ(find_in_tlv("\xc8\x01\xff", 1), std::nullopt);
  EXPECT_EQ(find_in_tlv("\xe1\x01", 1), std::nullopt);
}

TEST(Tlv, AResourceOfSeveralInstancesHasNoPlainText) {
  EXPECT_EQ(plain_text(std::int64_t{-5}), "-5");
  EXPECT_EQ(plain_text(true), "1");
  EXPECT_EQ(plain_text(Instances{{0, 0}}), std::nullopt);
}

}  // namespace
}  // namespace homepatch::sim
