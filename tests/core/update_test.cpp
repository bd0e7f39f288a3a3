#include "core/update.hpp"

#include <gtest/gtest.h>

#include "tests/core/update_story.hpp"

namespace homepatch {
namespace {

// The way of an update on which nothing goes wrong.

TEST(Update, BeginsWaitingForASlotAndTouchesNothing) {
  const Story story;
  EXPECT_EQ(story.phase(), Phase::waiting);
  EXPECT_EQ(story.reason(), Reason::waits_for_slot);
  EXPECT_EQ(story.command, Command::none);
}

TEST(Update, EachPhaseIsSavedAndHasItsCommandAndItsEnd) {
  Story story;
  story.then(SlotFree{});
  EXPECT_EQ(story.phase(), Phase::fetching);
  EXPECT_EQ(story.command, Command::fetch);
  EXPECT_EQ(story.time_left(), story.rules.fetch_limit);
  EXPECT_TRUE(story.saved);
  story.then(ImagesReady{});
  EXPECT_EQ(story.phase(), Phase::transferring);
  EXPECT_EQ(story.command, Command::transfer);
  EXPECT_EQ(story.time_left(), story.rules.transfer_stall);
  EXPECT_TRUE(story.saved);
  story.then(Transferred{});
  EXPECT_EQ(story.phase(), Phase::installing);
  EXPECT_EQ(story.command, Command::install);
  EXPECT_EQ(story.time_left(), story.rules.install_limit);
  EXPECT_TRUE(story.saved);
  story.then(boots(kNew));
  EXPECT_EQ(story.phase(), Phase::confirming);
  EXPECT_EQ(story.command, Command::none);
  EXPECT_EQ(story.time_left(), story.rules.soak);
  EXPECT_TRUE(story.saved);
}

TEST(Update, IsConfirmedByTheDevicesOwnAnswerAfterTheWholeSoak) {
  Story story;
  story.to_soak().after(story.rules.soak - 1ms).then(says(kNew));
  EXPECT_EQ(story.phase(), Phase::confirming);
  story.after(1ms).then(Due{});
  EXPECT_EQ(story.phase(), Phase::confirming);
  EXPECT_EQ(story.command, Command::inquire);
  story.after(2s).then(says(kNew));
  EXPECT_EQ(story.phase(), Phase::confirmed);
  EXPECT_EQ(story.reason(), Reason::proven);
  EXPECT_EQ(story.command, Command::settle);
}

TEST(Update, IsSettledOnceAndThenStaysAsItIs) {
  Story story;
  story.to_confirmed().then(Settled{});
  EXPECT_TRUE(story.update.settled);
  EXPECT_TRUE(story.saved);
  const Update before = story.update;
  story.then(Settled{});
  EXPECT_FALSE(story.saved);
  EXPECT_EQ(story.update, before);
}

// How real devices tell of it.

TEST(Update, OneBootThatSpeaksInSeveralMessagesIsOneBoot) {
  Story story;
  story.to_installing().then(gone()).after(20s);
  story.then(gone()).then(back()).then(boots(kNew)).then(boots()).then(boots());  // last will, INFO1, INFO2, INFO3
  EXPECT_EQ(story.phase(), Phase::confirming);
  EXPECT_EQ(story.update.restarts, 0U);
  story.after(10s).then(says(kNew));  // its discovery message
  EXPECT_EQ(story.time_left(), story.rules.soak - 10s);
}

TEST(Update, ABootInTheSoakThatSpeaksInSeveralMessagesCountsOnce) {
  Story story;
  story.to_soak().after(5min);
  story.then(gone()).then(back()).then(boots(kNew)).then(boots()).after(1s).then(boots());
  EXPECT_LE(story.update.restarts, 1U);
  EXPECT_EQ(story.phase(), Phase::confirming);
}

TEST(Update, ARegistrationTellsOfTheRestartAndALaterMessageOfTheVersion) {
  Story story;
  story.to_installing().after(40s).then(boots());
  EXPECT_EQ(story.phase(), Phase::installing);
  EXPECT_TRUE(story.update.restarted);
  EXPECT_TRUE(story.saved);
  story.after(1s).then(says(kNew));
  EXPECT_EQ(story.phase(), Phase::confirming);
}

TEST(Update, ARegistrationFollowedByTheOldVersionIsAFallBack) {
  Story story;
  story.to_installing().after(40s).then(boots()).after(1s).then(says(kOld));
  EXPECT_EQ(story.phase(), Phase::fell_back);
  EXPECT_EQ(story.reason(), Reason::installed_old_version);
}

TEST(Update, AResultThatIsZeroAgainOrStillSuccessDoesNotMatterBesideTheVersion) {
  Story forgets;
  forgets.to_installing().after(40s).then(boots()).then(says(kNew));
  EXPECT_EQ(forgets.phase(), Phase::confirming);
  Story remembers;
  remembers.to_installing().after(40s).then(boots()).then(with(says(kNew), success()));
  EXPECT_EQ(remembers.phase(), Phase::confirming);
  remembers.time_passes().then(with(says(kNew), success()));
  EXPECT_EQ(remembers.phase(), Phase::confirmed);
}

TEST(Update, ASuccessResultAloneProvesNothing) {
  Story story;
  story.to_installing().then(boots()).then(reports(success()));
  EXPECT_EQ(story.phase(), Phase::installing);
}

TEST(Update, AnAbsenceWhileItTransfersOrInstallsIsExpected) {
  Story story;
  story.to_transferring().after(50s).then(gone());
  EXPECT_EQ(story.phase(), Phase::transferring);
  story.then(Transferred{}).after(5s).then(gone());
  EXPECT_EQ(story.phase(), Phase::installing);
  EXPECT_EQ(story.update.attempts, 0U);
}

TEST(Update, ProofThatComesBeforeTheServerSawTheLastByteIsProof) {
  Story story;
  story.to_transferring().after(30s).then(boots(kNew));
  EXPECT_EQ(story.phase(), Phase::confirming);
  story.then(Transferred{}).then(DeliveryFailed{});
  EXPECT_EQ(story.phase(), Phase::confirming);
  EXPECT_EQ(story.update.attempts, 0U);
}

TEST(Update, TheOldVersionSaidBeforeTheRestartIsNotAFallBack) {
  Story story;
  story.to_installing().after(1s).then(says(kOld));
  EXPECT_EQ(story.phase(), Phase::installing);
}

TEST(Update, ADeviceThatRunsTheTargetAlreadyIsNotSentItAgainAndStillHasToProveIt) {
  for (const auto arrive : {&Story::to_fetching, &Story::to_transferring}) {
    Story story;
    (story.*arrive)().then(says(kNew));
    EXPECT_EQ(story.phase(), Phase::confirming);
    story.time_passes();
    EXPECT_EQ(story.command, Command::inquire);
    story.then(says(kNew));
    EXPECT_EQ(story.phase(), Phase::confirmed);
  }
  Story waits;
  waits.then(says(kNew));
  EXPECT_EQ(waits.phase(), Phase::confirming);
}

TEST(Update, ADeviceThatSomebodyElseUpdatedMeanwhileIsNotTakenBack) {
  Story waits;
  waits.then(says(kOther));
  EXPECT_EQ(waits.phase(), Phase::cancelled);
  EXPECT_EQ(waits.reason(), Reason::unexpected_version);
  EXPECT_EQ(waits.update.detail, "it runs 3.0");
  Story transfers;
  transfers.to_transferring().then(says(kOther));
  EXPECT_EQ(transfers.phase(), Phase::failed);
  EXPECT_EQ(transfers.reason(), Reason::unexpected_version);
}

TEST(Update, TheSameVersionInstalledAnewIsNeverAFallBack) {
  Story story;
  story.update.from_version = kNew;
  story.to_soak().after(1min).then(says(kNew)).time_passes().then(says(kNew));
  EXPECT_EQ(story.phase(), Phase::confirmed);
}

// What counts as proof.

TEST(Update, WhatWasSaidBeforeThePhaseProvesNothing) {
  Story story;
  auto early = boots(kNew);
  early.at = story.now + 1s;
  story.to_transferring().after(1min).then(Transferred{}).take(early);
  EXPECT_EQ(story.phase(), Phase::installing);
  EXPECT_FALSE(story.update.restarted);
}

TEST(Update, WhatWasSaidBeforeTheQuestionDoesNotAnswerIt) {
  Story story;
  auto early = says(kNew);
  early.at = story.to_soak().now + 1min;
  story.time_passes().take(early);
  EXPECT_EQ(story.phase(), Phase::confirming);
  story.then(says(kNew));
  EXPECT_EQ(story.phase(), Phase::confirmed);
}

TEST(Update, ASignOfLifeWithoutAVersionDoesNotConfirm) {
  Story story;
  story.to_last_question().then(back()).then(reports(success()));
  EXPECT_EQ(story.phase(), Phase::confirming);
}

TEST(Update, ProofThatWasMissedIsFoundByAsking) {
  Story story;
  story.to_installing().time_passes();
  EXPECT_EQ(story.phase(), Phase::installing);
  EXPECT_EQ(story.command, Command::inquire);
  EXPECT_EQ(story.time_left(), story.rules.recheck_limit);
  EXPECT_TRUE(story.saved);
  story.after(3s).then(says(kNew));
  EXPECT_EQ(story.phase(), Phase::confirming);
}

TEST(Update, ProofThatComesAfterTheDeliveryGaveUpIsNotWasted) {
  Story story;
  story.to_installing().then(DeliveryFailed{Reason::offline, true, false, "it is not registered"});
  EXPECT_EQ(story.phase(), Phase::waiting);
  story.after(1min).then(boots()).then(says(kNew));
  EXPECT_EQ(story.phase(), Phase::confirming);
  EXPECT_EQ(story.update.detail, "");
}

TEST(Update, TheNewVersionTogetherWithAFailureResultIsAContradiction) {
  for (const auto arrive : {&Story::to_fetching, &Story::to_transferring, &Story::to_installing, &Story::to_soak}) {
    Story story;
    (story.*arrive)().after(1min).then(with(says(kNew), failure()));
    EXPECT_EQ(story.phase(), Phase::failed);
    EXPECT_EQ(story.reason(), Reason::contradictory);
  }
}

TEST(Update, TheNewVersionAfterAReportedFailureIsAContradiction) {
  Story story;
  story.to_installing().then(reports(failure(true))).after(1s);
  EXPECT_EQ(story.phase(), Phase::waiting);
  story.then(boots(kNew));
  EXPECT_EQ(story.phase(), Phase::failed);
  EXPECT_EQ(story.reason(), Reason::contradictory);
}

TEST(Update, AFailureReportedDuringTheSoakIsAContradiction) {
  Story story;
  story.to_soak().after(1min).then(reports(failure()));
  EXPECT_EQ(story.phase(), Phase::failed);
  EXPECT_EQ(story.reason(), Reason::contradictory);
  EXPECT_EQ(story.update.detail, "after it had proven the new version it reports: integrity check failure");
}

TEST(Update, SuccessReportedByTheOldVersionIsAContradiction) {
  Story story;
  story.to_installing().then(boots()).then(with(says(kOld), success()));
  EXPECT_EQ(story.phase(), Phase::failed);
  EXPECT_EQ(story.reason(), Reason::contradictory);
}

}  // namespace
}  // namespace homepatch
