#include "cli/words.hpp"

#include <gtest/gtest.h>

#include "core/reason.hpp"

namespace homepatch::cli {
namespace {

constexpr std::int64_t kNow = 1'763'900'000'000;  // 2025-11-23T12:13:20Z

TEST(Words, EveryReasonHasWordsOfItsOwn) {
  for (const Reason reason : all_reasons()) {
    const std::string code(to_string(reason));
    if (reason == Reason::none) continue;
    const std::string words = words_for_reason(code).text;
    EXPECT_FALSE(words.empty()) << code;
    EXPECT_LE(words.size(), 32U) << code << " must fit a table";
  }
  EXPECT_EQ(words_for_reason("some_later_reason").text, "some later reason");
}

TEST(Words, AgesAreShortAndAFutureIsNow) {
  EXPECT_EQ(ago(0, kNow), "never");
  EXPECT_EQ(ago(kNow - 1'000, kNow), "now");
  EXPECT_EQ(ago(kNow + 60'000, kNow), "now");
  EXPECT_EQ(ago(kNow - 42'000, kNow), "42 s ago");
  EXPECT_EQ(ago(kNow - 180'000, kNow), "3 min ago");
  EXPECT_EQ(ago(kNow - 30 * 3'600'000LL, kNow), "30 h ago");
  EXPECT_EQ(ago(kNow - 3 * 86'400'000LL, kNow), "3 d ago");
}

TEST(Words, TimesForProgramsAreUtcAndNothingWhenUnknown) {
  EXPECT_EQ(rfc3339(kNow), "2025-11-23T12:13:20Z");
  EXPECT_EQ(rfc3339(0), "");
  EXPECT_EQ(rfc3339(-5), "");
  EXPECT_EQ(rfc3339(INT64_MAX), "");
  EXPECT_EQ(local_time(INT64_MIN), "unknown");
}

TEST(Words, SupportIsOverOnTheDayAfterItsEnd) {
  EXPECT_TRUE(is_past("2025-11-22", kNow));
  EXPECT_FALSE(is_past("2025-11-23", kNow));
  EXPECT_FALSE(is_past("one day", kNow));
}

TEST(Words, ADevicesStateSaysWhatIsGoingOn) {
  DeviceView device;
  device.verdict = "wait";
  device.reason = "offline";
  EXPECT_EQ(state_of(device, nullptr).text, "waits: offline");
  UpdateView update;
  update.phase = "transferring";
  update.done = 43;
  update.total = 100;
  EXPECT_EQ(state_of(device, &update).text, "updating 43 %");
  update.phase = "waiting";
  update.reason = "waits_for_slot";
  EXPECT_EQ(state_of(device, &update).text, "waits: its turn comes");
  update.phase = "failed";  // over: the device's own state counts again
  EXPECT_EQ(state_of(device, &update).text, "waits: offline");
  EXPECT_EQ(state_of(update).text, "failed: its turn comes");
}

TEST(Words, WhatHoldsAnUpdateUpIsToldInFull) {
  UpdateView update;
  update.device_name = "plug";
  update.to_version = "1.1";
  update.phase = "waiting";
  update.reason = "no_space";
  update.detail = "2.9 MiB are needed";
  EXPECT_TRUE(outcome_sentence(update).ends_with(" (2.9 MiB are needed).")) << outcome_sentence(update);
  update.phase = "lost";
  EXPECT_TRUE(outcome_sentence(update).ends_with(" (2.9 MiB are needed)")) << outcome_sentence(update);
}

TEST(Words, ProgressIsNeverMoreThanTheWhole) {
  UpdateView update;
  EXPECT_EQ(update.percent(), 0U);
  update.done = UINT64_MAX;
  update.total = 10;
  EXPECT_EQ(update.percent(), 100U);
}

}  // namespace
}  // namespace homepatch::cli
