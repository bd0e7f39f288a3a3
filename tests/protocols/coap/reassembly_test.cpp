#include "protocols/coap/reassembly.hpp"

#include <gtest/gtest.h>

namespace homepatch::coap {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ReassemblyTest : public ::testing::Test {
 protected:
  Incoming block(std::uint32_t number, bool more, std::string payload, std::uint8_t exponent = 0) {
    Incoming out;
    out.route.remote = from;
    out.path = {"rd"};
    out.block1 = Block{number, more, exponent};
    out.request_tag = tag;
    out.payload = std::move(payload);
    return out;
  }
  Code status(const Incoming& request) {
    const auto outcome = reassembly.take(request, now);
    const auto* answer = std::get_if<Answer>(&outcome);
    return answer != nullptr ? answer->status : kContent;
  }

  Reassembly reassembly;
  milliseconds now{1000};
  Address from = Address::make("192.168.1.7", 1).value();
  std::string tag;
  const std::string sixteen = std::string(16, 'a');
};

TEST_F(ReassemblyTest, PutsBlocksTogether) {
  EXPECT_EQ(status(block(0, true, sixteen)), kContinue);
  EXPECT_EQ(status(block(1, true, sixteen)), kContinue);
  const auto outcome = reassembly.take(block(2, false, "end"), now);
  EXPECT_EQ(std::get<std::string>(outcome), sixteen + sixteen + "end");
  EXPECT_EQ(reassembly.bodies(), 0U);
}

TEST_F(ReassemblyTest, AMissingBlockIs408) {
  EXPECT_EQ(status(block(1, true, sixteen)), kIncomplete);
  EXPECT_EQ(status(block(0, true, sixteen)), kContinue);
  EXPECT_EQ(status(block(2, true, sixteen)), kIncomplete);
}

TEST_F(ReassemblyTest, TheFirstBlockBeginsAnew) {
  EXPECT_EQ(status(block(0, true, sixteen)), kContinue);
  EXPECT_EQ(status(block(1, true, sixteen)), kContinue);
  EXPECT_EQ(status(block(0, true, std::string(16, 'b'))), kContinue);
  EXPECT_EQ(std::get<std::string>(reassembly.take(block(1, false, "c"), now)), std::string(16, 'b') + "c");
}

TEST_F(ReassemblyTest, RequestTagsKeepBodiesApart) {
  EXPECT_EQ(status(block(0, true, sixteen)), kContinue);
  tag = "2";
  EXPECT_EQ(status(block(1, false, "x")), kIncomplete);
}

TEST_F(ReassemblyTest, AnUnfinishedBodyIsForgotten) {
  EXPECT_EQ(status(block(0, true, sixteen)), kContinue);
  now += seconds(61);
  EXPECT_EQ(status(block(1, false, "x")), kIncomplete);
}

TEST_F(ReassemblyTest, ABlockOfTheWrongSizeIsRefused) {
  EXPECT_EQ(status(block(0, true, "short")), kBadRequest);
  EXPECT_EQ(status(block(0, true, "")), kBadRequest);
  EXPECT_EQ(status(block(0, true, sixteen + "x")), kBadRequest);
}

TEST_F(ReassemblyTest, MoreThan64KiBAreRefusedWithTheMaximum) {
  auto announced = block(0, true, sixteen);
  announced.size1 = 64 * 1024 + 1;
  EXPECT_EQ(status(announced), kTooLarge);
  const std::string kilobyte(1024, 'x');
  for (std::uint32_t i = 0; i < 64; ++i) EXPECT_EQ(status(block(i, true, kilobyte, 6)), kContinue);
  EXPECT_EQ(std::get<Answer>(reassembly.take(block(64, false, "x", 6), now)).size1, 64U * 1024U);
}

TEST_F(ReassemblyTest, NeitherOneNorManyStrangersFillIt) {
  for (std::size_t i = 0; i < 20; ++i) {
    tag = std::to_string(i);
    EXPECT_EQ(status(block(0, true, sixteen)), i < Reassembly::kMaxBodiesPerAddress ? kContinue : kServiceUnavailable);
  }
  for (std::size_t i = 0; i < 1000; ++i) {
    from = Address::make("10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250), 1).value();
    status(block(0, true, std::string(1024, 'x'), 6));
  }
  EXPECT_EQ(reassembly.bodies(), Reassembly::kMaxBodies);
}

}  // namespace
}  // namespace homepatch::coap
