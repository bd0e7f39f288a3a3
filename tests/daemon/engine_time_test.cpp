// What keeps an update from coming forward: a clock that jumps, a device or a protocol that is away, a full disk, an
// owner who lets go of the device. It waits with a date or ends (I5), and nothing that happened is lost.
#include "tests/daemon/engine_fixture.hpp"

namespace homepatch::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class EngineTimeTest : public EngineTest {
 protected:
  void network_time_arrives() { loop.set_wall_clock(loop.now() + std::chrono::days(365 * 50)); }
  void goes_away() {
    Announcement gone(lamp_id(), Family::lwm2m, loop.now(), true);
    gone.reachable = false;
    say(gone);
    pass(kTick);
  }
  // Nothing but time passes, and there is never silence.
  void has_a_date_until_it_ends(Duration longest) {
    for (Duration passed{}; passed < longest && !is_terminal(update().phase); passed += minutes(30)) {
      ASSERT_TRUE(update().next_step.has_value()) << to_string(update().phase) << " " << to_string(update().reason);
      ASSERT_GT(*update().next_step, loop.now()) << to_string(update().phase) << " " << to_string(update().reason);
      pass(minutes(30));
    }
    EXPECT_TRUE(is_terminal(update().phase));
  }
  // The database refuses every write, as on a full disk.
  void disk_is_full(bool full) {
    ASSERT_TRUE(database->execute(full ? "PRAGMA query_only=ON" : "PRAGMA query_only=OFF"));
  }
};

TEST_F(EngineTimeTest, AClockThatJumpsForwardDoesNotCutTheSoakShort) {
  bring_to(Phase::confirming);
  pass(minutes(1));
  network_time_arrives();
  say(lamp("1.1.0"));
  pass(seconds(1));
  EXPECT_EQ(update().phase, Phase::confirming);
  EXPECT_EQ(delivery->count(Command::inquire), 0U);
  EXPECT_EQ(*update().next_step - loop.now(), settings.rules.soak - minutes(1) - seconds(1) - kTick)
      << "the date is one of the new reckoning";
  pass(settings.rules.soak - minutes(1));
  say(lamp("1.1.0"));
  pass(kTick);
  EXPECT_EQ(update().phase, Phase::confirmed);
}

TEST_F(EngineTimeTest, AClockThatJumpsForwardStallsNoTransferAndLosesNoDevice) {
  bring_to(Phase::transferring);
  network_time_arrives();
  answer(Command::transfer, Progress{10, 1000});
  pass(seconds(1));
  EXPECT_EQ(update().phase, Phase::transferring);
  EXPECT_EQ(update().attempts, 0U);
  answer(Command::transfer, Transferred{});
  pass(kTick);
  network_time_arrives();
  say(registered());
  pass(seconds(1));
  EXPECT_EQ(update().phase, Phase::installing);
  EXPECT_EQ(delivery->count(Command::inquire), 0U);
}

TEST_F(EngineTimeTest, AnUpdateStartedByHandForADeviceThatIsAwayWaitsWithADateAndEnds) {
  settings.policy.automatic = false;
  boot();
  say(lamp("1.0.0"));
  pass(seconds(1));
  goes_away();
  ASSERT_TRUE(engine->scheduler.start_by_hand(lamp_id(), "root"));
  EXPECT_EQ(update().reason, Reason::offline);
  has_a_date_until_it_ends(2 * kLongestAbsence);
  EXPECT_EQ(update().phase, Phase::failed);
  EXPECT_EQ(update().reason, Reason::offline);
}

TEST_F(EngineTimeTest, ARetryWhoseDeviceIsAwayIsLookedAtAgainAndBeginsWhenItIsBack) {
  bring_to(Phase::transferring);
  answer(Command::transfer, DeliveryFailed{Reason::transfer_failed, true, true, ""});
  pass(kTick);
  answer(Command::settle, Settled{});
  goes_away();
  pass(settings.rules.retry_base + hours(3));
  EXPECT_EQ(update().reason, Reason::offline);
  EXPECT_GT(update().next_step.value_or(Time{}), loop.now());
  say(lamp("1.0.0"));
  pass(seconds(1));
  EXPECT_EQ(delivery->count(Command::transfer), 2U);
}

TEST_F(EngineTimeTest, AfterARestartToo) {
  bring_to(Phase::transferring);
  answer(Command::transfer, DeliveryFailed{Reason::transfer_failed, true, true, ""});
  pass(kTick);
  boot();
  pass(settings.rules.retry_base);
  has_a_date_until_it_ends(2 * kLongestAbsence);
}

TEST_F(EngineTimeTest, WithItsProtocolSwitchedOffAnUpdateWaitsAndGoesOnWhenItIsBack) {
  for (const Phase phase : {Phase::transferring, Phase::installing}) {
    SCOPED_TRACE(to_string(phase));
    if (phase == Phase::transferring) {
      bring_to(phase);
    } else {
      answer(Command::transfer, Transferred{});
      pass(kTick);
    }
    ASSERT_EQ(update().phase, phase);
    speaks_lwm2m = false;
    boot();
    pass(seconds(1));
    EXPECT_EQ(update().phase, Phase::waiting);
    EXPECT_EQ(update().reason, Reason::offline);
    EXPECT_EQ(update().attempts, 0U);
    EXPECT_GT(update().next_step.value_or(Time{}), loop.now());
    speaks_lwm2m = true;
    boot();
    say(lamp("1.0.0"));
    pass(seconds(1));
    EXPECT_EQ(delivery->count(Command::transfer), 1U);
  }
}

TEST_F(EngineTimeTest, WithItsProtocolSwitchedOffADevicesSilenceProvesNothing) {
  bring_to(Phase::confirming);
  speaks_lwm2m = false;
  boot();
  pass(hours(24 * 30));
  EXPECT_EQ(update().phase, Phase::confirming);
  EXPECT_EQ(engine->updater.under_way(), 0U) << "it keeps no other update waiting";
  speaks_lwm2m = true;
  boot();
  pass(settings.rules.soak + seconds(1));
  ASSERT_EQ(delivery->count(Command::inquire), 2U) << "once after the start, once after the soak";
  say(lamp("1.1.0"));
  pass(kTick);
  EXPECT_EQ(update().phase, Phase::confirmed);
}

TEST_F(EngineTimeTest, WhileTheBrokerIsAwayADevicesSilenceProvesNothing) {
  for (const Phase phase : {Phase::installing, Phase::confirming}) {
    SCOPED_TRACE(to_string(phase));
    if (phase == Phase::installing) {
      bring_to(phase);
    } else {
      say(registered());
      say(lamp("1.1.0"));
      pass(kTick);
    }
    ASSERT_EQ(update().phase, phase);
    delivery->listening = false;
    pass(hours(24));
    EXPECT_EQ(update().phase, phase);
    EXPECT_EQ(engine->updater.under_way(), 0U) << "it keeps no other update waiting";
    EXPECT_EQ(update().reason, Reason::offline);
    EXPECT_GE(update().next_step.value_or(Time{}), loop.now());
    delivery->listening = true;
    pass(seconds(11));
    EXPECT_GT(update().next_step.value_or(Time{}), loop.now()) << "it has its whole time again";
  }
  pass(settings.rules.soak + seconds(1));
  say(lamp("1.1.0"));
  pass(kTick);
  EXPECT_EQ(update().phase, Phase::confirmed);
}

TEST_F(EngineTimeTest, WithItsProtocolSwitchedOffAnEndIsSettledLater) {
  bring_to(Phase::confirmed);
  speaks_lwm2m = false;
  boot();
  pass(hours(1));
  EXPECT_FALSE(update().settled);
  speaks_lwm2m = true;
  boot();
  EXPECT_EQ(delivery->count(Command::settle), 1U);
}

TEST_F(EngineTimeTest, WhatHappensWhileTheDiskIsFullHappensInItsOrderLater) {
  bring_to(Phase::transferring);
  disk_is_full(true);
  answer(Command::transfer, Transferred{});
  pass(seconds(1));
  say(registered());
  say(lamp("1.1.0"));
  pass(seconds(1));
  EXPECT_EQ(update().phase, Phase::transferring) << "nothing is done before it is written";
  disk_is_full(false);
  pass(minutes(1));
  EXPECT_EQ(update().phase, Phase::confirming);
  EXPECT_EQ(delivery->count(Command::install), 1U);
}

TEST_F(EngineTimeTest, ACancellationThatCannotBeWrittenDownIsSaidAndComesLater) {
  bring_to(Phase::transferring);
  disk_is_full(true);
  const auto cancelled = engine->updater.cancel(update().id, "root");
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code, Errc::no_space);
  disk_is_full(false);
  pass(minutes(1));
  EXPECT_EQ(update().phase, Phase::cancelled);
}

TEST_F(EngineTimeTest, AForgottenDeviceStillGetsBackWhatWasChangedOnIt) {
  bring_to(Phase::transferring);
  ASSERT_TRUE(engine->forget(lamp_id()));
  pass(seconds(1));
  EXPECT_TRUE(engine->updater.updates().empty());
  ASSERT_EQ(delivery->count(Command::settle), 1U);
  EXPECT_FALSE(delivery->last(Command::settle).dropped);
  say(lamp("1.0.0"));
  pass(seconds(1));
  EXPECT_EQ(delivery->count(Command::transfer), 1U) << "not before that is done";
  answer(Command::settle, Settled{});
  pass(kTick);
  EXPECT_TRUE(delivery->last(Command::settle).dropped);
  say(lamp("1.0.0"));
  engine->scheduler.replan();
  pass(seconds(1));
  EXPECT_EQ(delivery->count(Command::transfer), 2U);
}

TEST_F(EngineTimeTest, SettlingAForgottenDeviceThatNeverAnswersHasAnEnd) {
  bring_to(Phase::transferring);
  ASSERT_TRUE(engine->forget(lamp_id()));
  pass(minutes(6));
  EXPECT_TRUE(delivery->last(Command::settle).dropped);
}

TEST_F(EngineTimeTest, NothingIsPutBackWhileTheDeviceRunsItsHelperImage) {
  bring_to(Phase::transferring);
  auto helper = lamp("1.1.0");
  helper.intermediate = true;
  helper.restarted = true;
  say(helper);
  answer(Command::transfer, DeliveryFailed{Reason::transfer_failed, true, true, ""});
  pass(seconds(1));
  ASSERT_EQ(update().phase, Phase::waiting);
  EXPECT_EQ(delivery->count(Command::settle), 0U);
  EXPECT_EQ(images->open_outlets, 1) << "the helper fetches the real image from there";
  say(lamp("1.0.0"));
  pass(seconds(1));
  EXPECT_EQ(delivery->count(Command::settle), 1U);
  EXPECT_EQ(images->open_outlets, 0);
}

}  // namespace
}  // namespace homepatch::test
