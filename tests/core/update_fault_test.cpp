#include <gtest/gtest.h>

#include "core/update.hpp"
#include "tests/core/update_story.hpp"

namespace homepatch {
namespace {

// Devices that do something else.

TEST(UpdateFault, ADeviceThatRefusesForGoodEndsTheUpdateAtOnce) {
  Story story;
  story.to_transferring().then(DeliveryFailed{Reason::transfer_refused, false, true, "wrong image"});
  EXPECT_EQ(story.phase(), Phase::failed);
  EXPECT_EQ(story.reason(), Reason::transfer_refused);
  EXPECT_EQ(story.update.detail, "wrong image");
  EXPECT_EQ(story.command, Command::settle);
}

TEST(UpdateFault, AnotherDeviceInItsPlaceEndsTheUpdate) {
  Story story;
  story.to_transferring().then(DeliveryFailed{Reason::identity_mismatch, false, true, "it is 112233445566"});
  EXPECT_EQ(story.phase(), Phase::failed);
  EXPECT_EQ(story.reason(), Reason::identity_mismatch);
}

TEST(UpdateFault, ADeviceThatHangsInTheTransferIsTriedAgain) {
  Story story;
  story.to_transferring().time_passes();
  EXPECT_EQ(story.phase(), Phase::waiting);
  EXPECT_EQ(story.reason(), Reason::transfer_stalled);
  EXPECT_EQ(story.command, Command::settle);
  EXPECT_EQ(story.time_left(), story.rules.retry_base);
}

TEST(UpdateFault, ASlowTransferGoesOnAsLongAsItGoesOn) {
  Story story;
  story.to_transferring();
  for (int i = 0; i < 12; ++i) {
    story.after(9min).then(Stirred{}).then(Due{});
    EXPECT_FALSE(story.saved);
    EXPECT_EQ(story.time_left(), story.rules.transfer_stall);
  }
  EXPECT_EQ(story.phase(), Phase::transferring);
}

TEST(UpdateFault, ADeviceThatTakesAByteNowAndThenDoesNotHoldItsSlotForEver) {
  Story story;
  story.to_transferring();
  int turns = 0;
  while (story.phase() == Phase::transferring && ++turns < 1000) story.after(9min).then(Stirred{}).then(Due{});
  EXPECT_EQ(story.phase(), Phase::waiting);
  EXPECT_EQ(story.now - Story::kBegin, 1s + story.rules.transfer_limit);
}

TEST(UpdateFault, ADeviceThatRestartsInTheTransferIsTriedAgain) {
  Story story;
  story.to_transferring().then(boots(kOld));
  EXPECT_EQ(story.phase(), Phase::waiting);
  EXPECT_EQ(story.reason(), Reason::device_restarted);
  EXPECT_EQ(story.update.attempts, 1U);
}

DeliveryFailed asleep(Time until) { return {Reason::asleep, true, false, "", until}; }

TEST(UpdateFault, ASleeperIsWaitedForAndNothingCountsAgainstIt) {
  for (const auto arrive : {&Story::to_transferring, &Story::to_installing}) {
    Story story;
    (story.*arrive)().then(asleep(story.now + 2h));
    EXPECT_EQ(story.phase(), Phase::waiting);
    EXPECT_EQ(story.reason(), Reason::asleep);
    EXPECT_EQ(story.time_left(), 2h);
    EXPECT_EQ(story.update.attempts + story.update.gateway_failures, 0U);
    story.after(1h).then(SlotFree{});
    EXPECT_EQ(story.phase(), Phase::waiting);
    story.then(back());
    EXPECT_EQ(story.reason(), Reason::waits_for_slot);
    EXPECT_TRUE(story.saved);
    story.then(SlotFree{});
    EXPECT_EQ(story.phase(), Phase::fetching);
  }
}

TEST(UpdateFault, ASleeperIsAskedAfterItsSoakWhenItWakes) {
  Story story;
  story.to_last_question().then(asleep(story.now + 2h));
  EXPECT_EQ(story.phase(), Phase::confirming);
  EXPECT_EQ(story.reason(), Reason::asleep);
  EXPECT_EQ(story.time_left(), 2h);
  story.after(1h).then(back());
  EXPECT_EQ(story.command, Command::inquire);
  EXPECT_EQ(story.phase(), Phase::confirming);
  story.after(1s).then(says(kNew));
  EXPECT_EQ(story.phase(), Phase::confirmed);
}

TEST(UpdateFault, ASleeperThatNeverWakesIsLostInTheEnd) {
  Story story;
  story.to_last_question().then(asleep(story.now + 2h)).time_passes();
  EXPECT_EQ(story.command, Command::inquire);
  story.time_passes();
  EXPECT_EQ(story.phase(), Phase::lost);
}

TEST(UpdateFault, ANewRegistrationInTheTransferIsTheDeliverysMatter) {
  Story story;
  story.to_transferring().then(boots()).then(says(kOld));
  EXPECT_EQ(story.phase(), Phase::transferring);
}

TEST(UpdateFault, ADeviceThatFailsToInstallIsTriedAgainOnlyWhereThatCanHelp) {
  Story hopeless;
  hopeless.to_installing().then(reports(failure(false)));
  EXPECT_EQ(hopeless.phase(), Phase::failed);
  EXPECT_EQ(hopeless.reason(), Reason::install_failed);
  Story hopeful;
  hopeful.to_installing().then(reports(failure(true)));
  EXPECT_EQ(hopeful.phase(), Phase::waiting);
  EXPECT_EQ(hopeful.update.attempts, 1U);
}

TEST(UpdateFault, ADeviceThatRefusesToInstallIsTriedAgain) {
  Story story;
  story.to_installing().then(DeliveryFailed{Reason::install_refused, true, true, "4.05"});
  EXPECT_EQ(story.phase(), Phase::waiting);
  EXPECT_EQ(story.reason(), Reason::install_refused);
}

TEST(UpdateFault, AnUnansweredCommandMeansNothingOnceTheDeviceHasRestarted) {
  Story story;
  story.to_installing().after(30s).then(boots()).after(60s).then(DeliveryFailed{});
  EXPECT_EQ(story.phase(), Phase::installing);
  story.then(says(kNew));
  EXPECT_EQ(story.phase(), Phase::confirming);
}

TEST(UpdateFault, ADeviceThatFallsBackIsToldFromOneThatLies) {
  Story story;
  story.to_installing().after(30s).then(boots(kOld));
  EXPECT_EQ(story.phase(), Phase::fell_back);
  EXPECT_EQ(story.reason(), Reason::installed_old_version);
  EXPECT_EQ(story.update.detail, "");
}

TEST(UpdateFault, ADeviceThatNeverLeftTheOldVersionIsFoundByAsking) {
  Story story;
  story.to_installing().time_passes().then(says(kOld));
  EXPECT_EQ(story.phase(), Phase::waiting);
  EXPECT_EQ(story.reason(), Reason::not_installed);
  EXPECT_EQ(story.update.attempts, 1U);
}

TEST(UpdateFault, ADeviceThatFallsBackDuringTheSoakFellBack) {
  Story story;
  story.to_soak().after(10min).then(boots()).after(1s).then(says(kOld));
  EXPECT_EQ(story.phase(), Phase::fell_back);
}

TEST(UpdateFault, ADeviceThatComesBackWithAThirdVersionFails) {
  for (const auto arrive : {&Story::to_installing, &Story::to_soak}) {
    Story story;
    (story.*arrive)().after(1min).then(boots(kOther));
    EXPECT_EQ(story.phase(), Phase::failed);
    EXPECT_EQ(story.reason(), Reason::unexpected_version);
    EXPECT_EQ(story.update.detail, "it runs 3.0");
  }
}

TEST(UpdateFault, ADeviceThatNeverReturnsIsLostAfterOneLastQuestion) {
  for (const auto arrive : {&Story::to_installing, &Story::to_soak}) {
    Story story;
    (story.*arrive)().time_passes();
    EXPECT_FALSE(is_terminal(story.phase()));
    story.time_passes();
    EXPECT_EQ(story.phase(), Phase::lost);
    EXPECT_EQ(story.reason(), Reason::never_returned);
    EXPECT_EQ(story.command, Command::settle);
  }
}

// The soak.

TEST(UpdateFault, ARestartDuringTheSoakBeginsItAnew) {
  Story story;
  story.to_soak().after(29min).then(boots(kNew));
  EXPECT_EQ(story.phase(), Phase::confirming);
  EXPECT_EQ(story.update.restarts, 1U);
  EXPECT_EQ(story.time_left(), story.rules.soak);
  EXPECT_TRUE(story.saved);
}

TEST(UpdateFault, AnAbsenceDuringTheSoakBeginsItAnewWithoutCountingAsARestart) {
  Story story;
  story.to_soak().after(29min).then(gone());
  EXPECT_EQ(story.time_left(), story.rules.soak);
  EXPECT_EQ(story.update.restarts, 0U);
}

TEST(UpdateFault, ARestartInsteadOfTheAnswerBeginsTheSoakAnew) {
  Story story;
  story.to_last_question().after(1s).then(boots(kNew));
  EXPECT_EQ(story.phase(), Phase::confirming);
  EXPECT_FALSE(story.update.rechecking);
  EXPECT_EQ(story.time_left(), story.rules.soak);
}

TEST(UpdateFault, ADeviceThatRestartsAgainAndAgainFails) {
  Story story;
  story.to_soak();
  for (unsigned i = 0; i < story.rules.max_soak_restarts; ++i) story.after(1min).then(boots(kNew));
  EXPECT_EQ(story.phase(), Phase::confirming);
  story.after(1min).then(boots(kNew));
  EXPECT_EQ(story.phase(), Phase::failed);
  EXPECT_EQ(story.reason(), Reason::restarts_again_and_again);
}

TEST(UpdateFault, ABootLoopFasterThanOneBootsMessagesIsSeenToo) {
  Story story;
  story.to_soak();
  for (int i = 0; i < 20 && !is_terminal(story.phase()); ++i) story.after(10s).then(boots(kNew));
  EXPECT_EQ(story.reason(), Reason::restarts_again_and_again);
}

TEST(UpdateFault, ADeviceThatVanishesAgainAndAgainDoesNotSoakForEver) {
  Story story;
  story.to_soak();
  int absences = 0;
  while (!is_terminal(story.phase()) && ++absences < 1000) story.after(10min).then(gone()).then(back());
  EXPECT_EQ(story.phase(), Phase::failed);
  EXPECT_EQ(story.reason(), Reason::restarts_again_and_again);
  EXPECT_LE(absences, static_cast<int>(kMaxTransitions));
}

TEST(UpdateFault, AShortSoakStillSeesARestart) {
  Story story;
  story.rules.soak = 4s;
  story.to_soak().after(2s).then(boots(kNew));
  EXPECT_EQ(story.update.restarts, 1U);
  EXPECT_EQ(story.time_left(), story.rules.soak);
}

// Images that need a helper on the way.

TEST(UpdateHelper, AHelperImageOnTheWayIsNeitherProofNorFailure) {
  Story story;
  story.to_transferring().after(9min).then(boots_helper("2.0"));
  EXPECT_EQ(story.phase(), Phase::transferring);
  EXPECT_EQ(story.time_left(), story.rules.transfer_stall);
  EXPECT_EQ(story.update.detail, "it runs its helper image 2.0");
  story.then(boots()).then(boots()).after(1min).then(Stirred{}).then(Transferred{}).after(20s).then(boots(kNew));
  EXPECT_EQ(story.phase(), Phase::confirming);
  EXPECT_EQ(story.update.attempts, 0U);
  EXPECT_EQ(story.update.detail, "");
}

TEST(UpdateHelper, AHelperThatStartsWhileTheDeviceInstallsGetsTheTimeItNeedsOnce) {
  Story story;
  story.to_installing().after(9min).then(boots_helper("2.0"));
  EXPECT_EQ(story.phase(), Phase::installing);
  EXPECT_EQ(story.time_left(), story.rules.install_limit);
  story.after(9min).then(boots_helper("2.0"));
  EXPECT_EQ(story.time_left(), 1min);
  story.time_passes();
  EXPECT_EQ(story.command, Command::inquire);
  story.then(says_helper("2.0"));
  EXPECT_EQ(story.phase(), Phase::failed);
  EXPECT_EQ(story.update.detail, "it runs its helper image 2.0");
}

TEST(UpdateHelper, AHelperThatStartsLateIsTakenForProgress) {
  Story story;
  story.to_installing().time_passes().after(1min).then(boots_helper("2.0"));
  EXPECT_EQ(story.phase(), Phase::installing);
  story.after(1min).then(boots(kNew));
  EXPECT_EQ(story.phase(), Phase::confirming);
}

TEST(UpdateHelper, AHelperThatStartsAgainAndAgainDoesNotKeepTheTransferAlive) {
  Story story;
  story.to_transferring();
  for (int i = 0; i < 4; ++i) story.after(4min).then(boots_helper("2.0"));
  EXPECT_LE(story.time_left(), 0min);
  story.then(Due{});
  EXPECT_EQ(story.phase(), Phase::waiting);
  EXPECT_EQ(story.reason(), Reason::transfer_stalled);
}

TEST(UpdateHelper, ADeviceOnItsHelperCannotBeCancelledBecauseItWouldStayThere) {
  Story story;
  story.to_transferring().then(boots_helper("2.0")).then(CancelAsked{"owner"});
  EXPECT_EQ(story.phase(), Phase::transferring);
}

TEST(UpdateHelper, ADeviceOnItsHelperIsGivenNothingMoreOnceTheImageIsTakenBack) {
  Story story;
  story.to_transferring().then(boots_helper("2.0")).then(TakenBack{"the feed acme: it bricks"});
  EXPECT_EQ(story.phase(), Phase::failed);
  EXPECT_EQ(story.reason(), Reason::taken_back);
  EXPECT_EQ(story.update.detail,
            "by the feed acme: it bricks; the device runs its helper image and needs another release");
  EXPECT_EQ(story.command, Command::settle);
}

TEST(UpdateHelper, FallingIntoTheHelperDuringTheSoakIsNotConfirmed) {
  Story story;
  story.to_last_question().then(says_helper("2.0"));
  EXPECT_EQ(story.phase(), Phase::failed);
  EXPECT_EQ(story.reason(), Reason::unexpected_version);
}

}  // namespace
}  // namespace homepatch
