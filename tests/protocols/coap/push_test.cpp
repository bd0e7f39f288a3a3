#include "protocols/coap/push.hpp"

#include <gtest/gtest.h>

namespace homepatch::coap {
namespace {

using Kind = Push::Judgement::Kind;

Response response(Code status, std::optional<Block> block1 = std::nullopt) {
  Response out;
  out.status = status;
  out.block1 = block1;
  return out;
}

// Takes everything in the blocks offered; gives how many.
unsigned run(Push& push) {
  for (unsigned blocks = 1;; ++blocks) {
    const auto piece = push.piece();
    const auto judgement = push.take(response(piece.block.more ? kContinue : kChanged, piece.block));
    if (judgement.kind == Kind::whole) return blocks;
    if (judgement.kind != Kind::proceed) return 0;
  }
}

TEST(Push, CutsTheImageIntoBlocks) {
  Push push(2500);
  EXPECT_EQ(push.piece().block, (Block{0, true, 6}));
  EXPECT_EQ(push.piece().size, 1024U);
  EXPECT_EQ(run(push), 3U);
}

TEST(Push, TheLastBlockMayBeFull) {
  Push push(2048);
  EXPECT_EQ(run(push), 2U);
  Push one(1);
  EXPECT_EQ(one.piece().block, (Block{0, false, 6}));
  EXPECT_EQ(run(one), 1U);
}

TEST(Push, GoesOnInSmallerBlocksWhereTheDeviceWantsThem) {
  Push push(2500);
  EXPECT_EQ(push.take(response(kContinue, Block{0, true, 2})).kind, Kind::proceed);
  EXPECT_EQ(push.piece().offset, 1024U);
  EXPECT_EQ(push.piece().block, (Block{16, true, 2}));
  EXPECT_EQ(push.piece().size, 64U);
}

TEST(Push, NeverGrowsTheBlocks) {
  Push push(2500, 2);
  push.take(response(kContinue, Block{0, true, 6}));
  EXPECT_EQ(push.piece().size, 64U);
}

TEST(Push, APlain413OnTheFirstBlockHalvesIt) {
  Push push(2500);
  EXPECT_EQ(push.take(response(kTooLarge)).kind, Kind::proceed);
  EXPECT_EQ(push.piece().size, 512U);
  EXPECT_EQ(push.take(response(kTooLarge, Block{0, true, 3})).kind, Kind::proceed);
  EXPECT_EQ(push.piece().size, 128U);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(push.take(response(kTooLarge)).kind, Kind::proceed);
  EXPECT_EQ(push.piece().size, 16U);
  EXPECT_EQ(push.take(response(kTooLarge)).kind, Kind::refused);
}

TEST(Push, A413InTheMiddleMeansNoSpace) {
  Push push(2500);
  push.take(response(kContinue));
  const auto judgement = push.take(response(kTooLarge));
  EXPECT_EQ(judgement.kind, Kind::refused);
  EXPECT_FALSE(judgement.may_retry);
  EXPECT_NE(judgement.why.find("4.13 at byte 1024 of 2500"), std::string::npos) << judgement.why;
}

TEST(Push, A413WithASmallerMaximumEndsIt) {
  Push push(2500);
  auto too_large = response(kTooLarge);
  too_large.size1 = 2000;
  EXPECT_EQ(push.take(too_large).kind, Kind::refused);
}

TEST(Push, LostBlocksRestartItTwice) {
  Push push(2500);
  for (int i = 0; i < 2; ++i) {
    push.take(response(kContinue));
    EXPECT_EQ(push.take(response(kIncomplete)).kind, Kind::proceed);
    EXPECT_EQ(push.piece().offset, 0U);
  }
  push.take(response(kContinue));
  EXPECT_EQ(push.take(response(kIncomplete)).kind, Kind::refused);
}

TEST(Push, AfterTheLastBlock404And408AreDoubtful) {
  for (const auto status : {kNotFound, kIncomplete}) {
    Push push(1500);
    push.take(response(kContinue));
    EXPECT_EQ(push.take(response(status)).kind, Kind::doubtful);
  }
}

TEST(Push, WaitsAsLongAsTheDeviceSays) {
  Push push(1500);
  auto busy = response(kServiceUnavailable);
  EXPECT_EQ(push.take(busy).wait, std::chrono::seconds(5));
  busy.max_age = 20;
  EXPECT_EQ(push.take(busy).wait, std::chrono::seconds(20));
  busy.max_age = 100'000;
  EXPECT_EQ(push.take(busy).wait, std::chrono::seconds(60));
  busy.max_age = 0;
  EXPECT_EQ(push.take(busy).wait, std::chrono::seconds(1));
  Kind last = Kind::wait;
  for (unsigned i = 0; i < Push::kMaxWaits; ++i) last = push.take(busy).kind;
  EXPECT_EQ(last, Kind::refused);
}

TEST(Push, LeavesTheFormatOutWhereItIsNotUnderstood) {
  Push push(1500);
  EXPECT_EQ(push.take(response(kUnsupportedFormat)).kind, Kind::proceed);
  EXPECT_FALSE(push.names_format());
  EXPECT_EQ(push.take(response(kUnsupportedFormat)).kind, Kind::refused);
}

TEST(Push, RefusesAnImageOfTooManyBlocks) {
  Push push(std::uint64_t{64} * 1024 * 1024);
  EXPECT_EQ(push.take(response(kContinue, Block{0, true, 0})).kind, Kind::proceed);
  Kind kind = Kind::proceed;
  for (int i = 0; i < 2'000'000 && kind == Kind::proceed; ++i) kind = push.take(response(kContinue)).kind;
  EXPECT_EQ(kind, Kind::refused);
}

}  // namespace
}  // namespace homepatch::coap
