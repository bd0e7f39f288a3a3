// What an update does after failed attempts, when it is cancelled, when the daemon comes back, and when the clock
// moves.
#include <gtest/gtest.h>

#include <array>

#include "core/update.hpp"
#include "tests/core/update_story.hpp"

namespace homepatch {
namespace {

// Failed attempts.

TEST(UpdateRetry, PausesDoubleFromAttemptToAttempt) {
  Story story;
  story.rules.max_attempts = 20;
  Duration expected = story.rules.retry_base;
  for (int i = 0; i < 8; ++i) {
    story.to_transferring().then(DeliveryFailed{});
    EXPECT_EQ(story.time_left(), expected);
    expected *= 2;
    story.time_passes();
  }
}

TEST(UpdateRetry, APauseIsNeverLongerThanADay) {
  Story story;
  story.rules.max_attempts = 100;
  story.update.attempts = 60;
  story.to_transferring().then(DeliveryFailed{});
  EXPECT_EQ(story.time_left(), 24h);
}

TEST(UpdateRetry, AWaitingUpdateSaysWhyAndUntilWhen) {
  Story story;
  story.to_transferring().then(DeliveryFailed{Reason::transfer_failed, true, true, "connection lost"});
  EXPECT_EQ(story.phase(), Phase::waiting);
  EXPECT_EQ(story.reason(), Reason::transfer_failed);
  EXPECT_EQ(story.update.detail, "connection lost");
  EXPECT_TRUE(story.update.next_step);
}

TEST(UpdateRetry, ASlotIsNotTakenBeforeThePauseIsOver) {
  Story story;
  story.to_transferring().then(DeliveryFailed{}).after(1s).then(SlotFree{});
  EXPECT_EQ(story.phase(), Phase::waiting);
  story.time_passes();
  EXPECT_EQ(story.reason(), Reason::waits_for_slot);
  EXPECT_EQ(story.time_left(), kLookAgain) << "never without a date (I5)";
  story.then(SlotFree{});
  EXPECT_EQ(story.phase(), Phase::fetching);
  EXPECT_EQ(story.update.detail, "");
}

TEST(UpdateRetry, ADeviceThatIsAwayIsLookedForAgainAndBeginsAtOnceWhenItIsBack) {
  Story story;
  story.to_transferring().then(DeliveryFailed{}).after(story.rules.retry_base).then(Due{true});
  EXPECT_EQ(story.reason(), Reason::offline);
  EXPECT_EQ(story.time_left(), kLookAgain);
  story.after(1min).then(SlotFree{});
  EXPECT_EQ(story.phase(), Phase::fetching);
}

TEST(UpdateRetry, ADeviceThatStaysAwayIsNotWaitedForWithoutEnd) {
  Story story;
  story.then(Resume{});
  while (story.phase() == Phase::waiting && story.now - Story::kBegin < 2 * kLongestAbsence) {
    story.after(story.time_left()).then(Due{true});
  }
  EXPECT_EQ(story.phase(), Phase::failed);
  EXPECT_EQ(story.reason(), Reason::offline);
  EXPECT_EQ(story.update.attempts, 0U) << "it failed in nothing (I11)";
  EXPECT_EQ(story.now - Story::kBegin, kLongestAbsence);
}

TEST(UpdateRetry, TheLastAttemptThatFailsEndsIt) {
  Story story;
  for (unsigned i = 1; i < story.rules.max_attempts; ++i) {
    story.to_transferring().then(DeliveryFailed{Reason::transfer_failed, true, true, "lost"}).time_passes();
    EXPECT_EQ(story.phase(), Phase::waiting);
  }
  story.to_transferring().then(DeliveryFailed{Reason::transfer_failed, true, true, "lost"});
  EXPECT_EQ(story.phase(), Phase::failed);
  EXPECT_EQ(story.reason(), Reason::transfer_failed);
  EXPECT_EQ(story.update.detail, "lost");
}

TEST(UpdateRetry, AnAttemptAfterAFailedOneCanSucceed) {
  Story story;
  story.to_transferring().then(DeliveryFailed{}).time_passes().to_confirmed();
  EXPECT_EQ(story.phase(), Phase::confirmed);
}

TEST(UpdateRetry, AShedRequestIsNeverTheDevicesFailure) {
  Story story;
  for (int i = 0; i < 5; ++i) {
    story.to_transferring().then(DeliveryFailed{Reason::transfer_failed, true, false, "the gateway is busy"});
    EXPECT_EQ(story.phase(), Phase::waiting);
    story.time_passes();
  }
  EXPECT_EQ(story.update.attempts, 0U);
  story.to_transferring().then(DeliveryFailed{});
  EXPECT_EQ(story.time_left(), story.rules.retry_base);
}

TEST(UpdateRetry, AFeedThatCannotBeReachedIsNeverTheDevicesFailure) {
  Story story;
  for (int i = 0; i < 5; ++i) {
    story.to_fetching().then(ImagesFailed{Reason::image_not_available, true, "no route"});
    EXPECT_EQ(story.phase(), Phase::waiting);
    EXPECT_EQ(story.reason(), Reason::image_not_available);
    story.time_passes();
  }
  EXPECT_EQ(story.update.attempts, 0U);
  story.to_confirmed();
  EXPECT_EQ(story.phase(), Phase::confirmed);
}

TEST(UpdateRetry, AFeedThatGivesNothingForDaysEndsItSoThatALaterReleaseHasItsTurn) {
  Story story;
  while (!is_terminal(story.phase())) story.to_fetching().time_passes().time_passes();
  EXPECT_EQ(story.phase(), Phase::failed);
  EXPECT_EQ(story.reason(), Reason::image_not_available);
  EXPECT_GT(story.now - Story::kBegin, 36h);
  EXPECT_LT(story.now - Story::kBegin, 24h * 7);
}

TEST(UpdateRetry, AnImageThatIsNotWhatWasSignedEndsItAtOnce) {
  Story story;
  story.to_fetching().then(ImagesFailed{Reason::image_not_trusted, false, "digest"});
  EXPECT_EQ(story.phase(), Phase::failed);
  EXPECT_EQ(story.reason(), Reason::image_not_trusted);
}

TEST(UpdateRetry, CirclesOfAnyKindEnd) {
  Story story;
  story.rules.max_attempts = 10'000;
  int turns = 0;
  while (!is_terminal(story.phase()) && ++turns < 1000) {
    story.to_transferring().then(DeliveryFailed{}).time_passes();
  }
  EXPECT_EQ(story.phase(), Phase::failed);
  EXPECT_EQ(story.reason(), Reason::too_many_steps);
  EXPECT_LE(story.update.transitions, kMaxTransitions + 2);
}

// The owner's word.

TEST(UpdateCancel, EndsItWhileTheDeviceStillHasWhatItHad) {
  for (const auto arrive : {&Story::to_fetching, &Story::to_transferring}) {
    Story story;
    (story.*arrive)().then(CancelAsked{"anna"});
    EXPECT_EQ(story.phase(), Phase::cancelled);
    EXPECT_EQ(story.reason(), Reason::cancelled_by_owner);
    EXPECT_EQ(story.update.detail, "by anna");
    EXPECT_EQ(story.command, Command::settle);
  }
  Story waits;
  waits.then(CancelAsked{"anna"});
  EXPECT_EQ(waits.phase(), Phase::cancelled);
  Story pauses;
  pauses.to_transferring().then(DeliveryFailed{}).then(CancelAsked{"anna"});
  EXPECT_EQ(pauses.phase(), Phase::cancelled);
}

TEST(UpdateCancel, DoesNothingOnceTheDeviceHasTheImage) {
  for (const auto arrive : {&Story::to_installing, &Story::to_soak, &Story::to_last_question}) {
    Story story;
    const Phase before = (story.*arrive)().phase();
    story.then(CancelAsked{"anna"});
    EXPECT_EQ(story.phase(), before);
    EXPECT_EQ(story.command, Command::none);
  }
}

TEST(UpdateCancel, DoesNothingToAnUpdateThatIsOver) {
  Story story;
  story.to_confirmed().then(CancelAsked{"anna"});
  EXPECT_EQ(story.phase(), Phase::confirmed);
}

// The feed's word.

TEST(UpdateTakenBack, EndsItWhileTheDeviceHasNotTheWholeImage) {
  for (const auto arrive : {&Story::to_fetching, &Story::to_transferring}) {
    Story story;
    (story.*arrive)().then(TakenBack{"the feed acme"});
    EXPECT_EQ(story.phase(), Phase::cancelled);
    EXPECT_EQ(story.reason(), Reason::taken_back);
    EXPECT_EQ(story.update.detail, "by the feed acme");
    EXPECT_EQ(story.command, Command::settle);
  }
}

TEST(UpdateTakenBack, LeavesTheWordToADeviceThatHasIt) {
  for (const auto arrive : {&Story::to_installing, &Story::to_soak, &Story::to_last_question}) {
    Story story;
    const Phase before = (story.*arrive)().phase();
    story.then(TakenBack{"the feed acme"});
    EXPECT_EQ(story.phase(), before);
    EXPECT_EQ(story.command, Command::none);
  }
}

// The daemon's restart.

struct Resumed {
  Story& (Story::*arrive)();
  Command command;
  Duration UpdateRules::*limit;
};

constexpr std::array kResumed{
    Resumed{&Story::to_fetching, Command::fetch, &UpdateRules::fetch_limit},
    Resumed{&Story::to_transferring, Command::transfer, &UpdateRules::transfer_stall},
    Resumed{&Story::to_installing, Command::install, &UpdateRules::install_limit},
    Resumed{&Story::to_soak, Command::inquire, &UpdateRules::soak},
    Resumed{&Story::to_last_question, Command::inquire, &UpdateRules::soak},
};

TEST(UpdateResume, EachPhaseTakesUpItsCommandWithItsWholeTime) {
  for (const auto& expected : kResumed) {
    Story story;
    const Phase before = (story.*expected.arrive)().phase();
    story.after(24h * 3).then(Resume{});
    EXPECT_EQ(story.phase(), before);
    EXPECT_EQ(story.command, expected.command) << to_string(before);
    EXPECT_EQ(story.time_left(), story.rules.*expected.limit) << to_string(before);
    EXPECT_TRUE(story.saved);
  }
}

TEST(UpdateResume, EachPhaseStillComesToItsEnd) {
  for (const auto& expected : kResumed) {
    Story story;
    (story.*expected.arrive)().after(1min).then(Resume{});
    for (int i = 0; i < 200 && !is_terminal(story.phase()); ++i) story.time_passes().then(SlotFree{});
    EXPECT_TRUE(is_terminal(story.phase()));
  }
}

TEST(UpdateResume, TwiceIsTheSameAsOnce) {
  for (const auto& expected : kResumed) {
    Story story;
    (story.*expected.arrive)().after(1min).then(Resume{});
    const Update once = story.update;
    story.then(Resume{});
    EXPECT_EQ(story.update, once);
    EXPECT_EQ(story.command, expected.command);
  }
}

TEST(UpdateResume, ATransferTakenUpAfterDaysMayTakeItsTime) {
  Story story;
  story.to_transferring().after(24h * 3).then(Resume{}).after(9min).then(Stirred{}).then(Due{});
  EXPECT_EQ(story.phase(), Phase::transferring);
  EXPECT_EQ(story.time_left(), story.rules.transfer_stall);
}

TEST(UpdateResume, APauseGoesOnAndWhatWasChangedIsPutBack) {
  Story story;
  story.to_transferring().then(DeliveryFailed{});
  const auto until = story.update.next_step;
  story.after(1min).then(Resume{});
  EXPECT_EQ(story.update.next_step, until);
  EXPECT_EQ(story.command, Command::settle);
}

TEST(UpdateResume, AnUpdateThatOnlyWaitedForASlotGoesOnWaiting) {
  Story story;
  story.after(24h).then(Resume{});
  EXPECT_EQ(story.command, Command::none);
  EXPECT_FALSE(story.saved);
}

TEST(UpdateResume, AnOldVersionSaidAfterwardsIsNoAnswerToAQuestionAskedBefore) {
  Story story;
  story.to_installing().time_passes().then(Resume{}).after(1s).then(says(kOld));
  EXPECT_EQ(story.phase(), Phase::installing);
}

TEST(UpdateResume, AnUpdateThatIsOverIsSettledUntilItIs) {
  Story story;
  story.to_confirmed().then(Resume{});
  EXPECT_EQ(story.command, Command::settle);
  story.then(Settled{}).then(Resume{});
  EXPECT_EQ(story.command, Command::none);
}

TEST(UpdateResume, ASoakThatNobodyWatchedIsDoneAgainInFull) {
  Story story;
  story.to_soak().after(29min).then(Resume{}).after(29min).then(says(kNew)).then(Due{});
  EXPECT_FALSE(story.update.rechecking);
  story.time_passes().then(says(kNew));
  EXPECT_EQ(story.phase(), Phase::confirmed);
}

// Many gateways begin in 1970 and learn the time later.

TEST(UpdateClock, SetBackLeavesThePhaseTheTimeThatItHad) {
  Story story;
  story.to_installing();
  story.now = Time(1h);
  story.then(Resume{});
  EXPECT_EQ(story.time_left(), story.rules.install_limit);
  story.after(1min).then(boots(kNew));
  EXPECT_EQ(story.phase(), Phase::confirming);
}

TEST(UpdateClock, SetBackDoesNotStretchAPause) {
  Story story;
  story.to_transferring().then(DeliveryFailed{});
  story.now = Time(1h);
  story.then(Resume{});
  EXPECT_EQ(story.time_left(), story.rules.retry_base);
}

TEST(UpdateClock, SetBackWhileItRunsLosesNoEvidence) {
  Story story;
  story.to_soak();
  story.now -= 24h * 365;
  story.after(1min).then(says(kNew));
  EXPECT_EQ(story.phase(), Phase::confirming);
  story.time_passes().then(says(kNew));
  EXPECT_EQ(story.phase(), Phase::confirmed);
}

TEST(UpdateClock, SetBackWhileADeviceIsAskedStillHearsTheAnswer) {
  Story story;
  story.to_last_question();
  story.now -= 24h * 365;
  story.then(Stirred{});
  EXPECT_EQ(story.time_left(), story.rules.recheck_limit);
  story.after(1s).then(says(kNew));
  EXPECT_EQ(story.phase(), Phase::confirmed);
}

TEST(UpdateClock, SetForwardLeavesThePhaseTheTimeThatItHad) {
  Story story;
  story.to_soak().after(10min);
  story.now += 24h * 365 * 50;
  story.then(ClockJumped{24h * 365 * 50});
  EXPECT_EQ(story.time_left(), story.rules.soak - 10min);
  story.after(1min).then(says(kOld));
  EXPECT_EQ(story.phase(), Phase::fell_back) << "its words still count";
}

TEST(UpdateClock, SetForwardEndsNothingWithoutAskingTheDevice) {
  Story story;
  story.to_installing().after(24h * 365).then(Due{});
  EXPECT_EQ(story.phase(), Phase::installing);
  EXPECT_EQ(story.command, Command::inquire);
}

}  // namespace
}  // namespace homepatch
