#include "sim/lwm2m/block_receiver.hpp"

#include <gtest/gtest.h>

namespace homepatch::sim {
namespace {

class BlockReceiverTest : public ::testing::Test {
 protected:
  BlockReceiver receiver(Lwm2mKind kind, std::uint8_t szx) {
    return {kind, szx, [this](std::string_view bytes) { body += bytes; }};
  }

  static CoapMessage block(std::uint32_t number, bool more, std::uint8_t szx, const std::string& payload,
                           const std::string& token = "t") {
    CoapMessage request;
    request.code = coap::kPut;
    request.token = token;
    request.payload = payload;
    add_block(request, coap::kBlock1, {number, more, szx});
    return request;
  }

  std::string body;
  const std::string full = std::string(1024, 'x');
  const std::string half = std::string(512, 'x');
};

TEST_F(BlockReceiverTest, TakesABodyBlockByBlockAndEchoesEachNumber) {
  auto receiving = receiver(Lwm2mKind::anjay, 6);
  const auto first = receiving.take(block(0, true, 6, full));
  EXPECT_EQ(first.response.code, coap::kContinue);
  EXPECT_EQ(find_block(first.response, coap::kBlock1).value()->number, 0U);
  const auto last = receiving.take(block(1, false, 6, "end"));
  EXPECT_EQ(last.response.code, coap::kChanged);
  EXPECT_TRUE(last.complete);
  EXPECT_EQ(body, full + "end");
}

TEST_F(BlockReceiverTest, AnjayTakesTheLargeFirstBlockAndAsksForSmallerOnesAfterIt) {
  auto receiving = receiver(Lwm2mKind::anjay, 5);
  const auto first = receiving.take(block(0, true, 6, full));
  EXPECT_EQ(find_block(first.response, coap::kBlock1).value()->szx, 5);
  EXPECT_EQ(receiving.take(block(2, true, 5, half)).response.code, coap::kContinue);
  EXPECT_EQ(body.size(), 1536U);
}

TEST_F(BlockReceiverTest, ZephyrRefusesALargeBlockWithoutSayingWhatWouldDo) {
  auto receiving = receiver(Lwm2mKind::zephyr, 4);
  const auto refused = receiving.take(block(0, true, 6, full));
  EXPECT_EQ(refused.response.code, coap::kTooLarge);
  EXPECT_EQ(refused.response.find(coap::kBlock1), nullptr);
  EXPECT_EQ(receiving.take(block(0, true, 4, full.substr(0, 256))).response.code, coap::kContinue);
}

TEST_F(BlockReceiverTest, WakaamaRefusesALargeBlockAndNamesItsSize) {
  auto receiving = receiver(Lwm2mKind::wakaama, 4);
  const auto refused = receiving.take(block(0, true, 6, full));
  EXPECT_EQ(refused.response.code, coap::kTooLarge);
  EXPECT_EQ(find_block(refused.response, coap::kBlock1).value()->szx, 4);
}

TEST_F(BlockReceiverTest, ZephyrDoesNotKnowATransferUnderAnotherToken) {
  auto receiving = receiver(Lwm2mKind::zephyr, 6);
  (void)receiving.take(block(0, true, 6, full, "one"));
  EXPECT_EQ(receiving.take(block(1, true, 6, full, "two")).response.code, coap::kNotFound);
  auto other = receiver(Lwm2mKind::anjay, 6);
  (void)other.take(block(0, true, 6, full, "one"));
  EXPECT_EQ(other.take(block(1, true, 6, full, "two")).response.code, coap::kContinue);
}

TEST_F(BlockReceiverTest, AMissingBlockEndsTheTransfer) {
  auto receiving = receiver(Lwm2mKind::anjay, 6);
  (void)receiving.take(block(0, true, 6, full));
  EXPECT_EQ(receiving.take(block(2, true, 6, full)).response.code, coap::kIncomplete);
  EXPECT_EQ(receiving.take(block(1, true, 6, full)).response.code, coap::kIncomplete);
}

TEST_F(BlockReceiverTest, ARepeatedBlockIsAnsweredAndNotTakenTwice) {
  auto receiving = receiver(Lwm2mKind::wakaama, 6);
  (void)receiving.take(block(0, true, 6, full));
  (void)receiving.take(block(1, true, 6, full));
  EXPECT_EQ(receiving.take(block(1, true, 6, full)).response.code, coap::kContinue);
  EXPECT_EQ(body.size(), 2048U);
}

TEST_F(BlockReceiverTest, BlockZeroBeginsAnew) {
  auto receiving = receiver(Lwm2mKind::zephyr, 6);
  (void)receiving.take(block(0, true, 6, full));
  (void)receiving.take(block(1, true, 6, full));
  (void)receiving.take(block(0, true, 6, full));
  EXPECT_EQ(receiving.received(), 1024U);
}

TEST_F(BlockReceiverTest, ABlockThatIsNotFullButNotTheLastIsRefused) {
  auto receiving = receiver(Lwm2mKind::anjay, 6);
  EXPECT_EQ(receiving.take(block(0, true, 6, "short")).response.code, coap::kBadRequest);
}

}  // namespace
}  // namespace homepatch::sim
