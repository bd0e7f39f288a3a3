// The daemon dies in every phase and is started on what lay on the disk: each update reaches the same end (I9).
#include "tests/daemon/engine_fixture.hpp"

namespace homepatch::test {
namespace {

using std::chrono::seconds;

class EngineCrashTest : public EngineTest {
 protected:
  // The device that a new daemon finds: registered, with this version.
  void device_returns(const std::string& version) {
    say(registered());
    say(lamp(version));
    pass(seconds(1));
  }
  void the_device_speaks_after_a_restart() {
    boot();
    pass(seconds(1));
    say(lamp("1.1.0"));
    pass(kTick);
    EXPECT_EQ(update().phase, Phase::confirming);
    finish_from_confirming();
  }
  void finish_from_confirming() {
    pass(settings.rules.soak + seconds(1));
    say(lamp("1.1.0"));
    pass(kTick);
    EXPECT_EQ(update().phase, Phase::confirmed);
    EXPECT_EQ(engine->updater.updates().size(), 1U);
  }
};

TEST_F(EngineCrashTest, WaitingForTheDeviceToComeBack) {
  bring_to(Phase::transferring);
  answer(Command::transfer, DeliveryFailed{Reason::transfer_failed, true, true, ""});
  pass(kTick);
  boot();
  say(lamp("1.0.0"));
  pass(settings.rules.retry_base + seconds(2));
  EXPECT_EQ(delivery->count(Command::transfer), 1U);
  EXPECT_EQ(update().attempts, 1U) << "what was counted stays counted";
}

TEST_F(EngineCrashTest, TransferringIsBegunAgain) {
  bring_to(Phase::transferring);
  boot();
  pass(seconds(1));
  ASSERT_EQ(delivery->count(Command::transfer), 1U);
  EXPECT_TRUE(delivery->last(Command::transfer).job.resumed);
  EXPECT_FALSE(delivery->last(Command::transfer).job.images.empty());
  say(lamp("1.0.0"));
  answer(Command::transfer, Transferred{});
  pass(kTick);
  answer(Command::install, Installing{});
  pass(seconds(1));
  device_returns("1.1.0");
  finish_from_confirming();
}

TEST_F(EngineCrashTest, TheDeviceFinishedWhileNobodyListened) {
  bring_to(Phase::transferring);
  the_device_speaks_after_a_restart();
}

TEST_F(EngineCrashTest, InstallingKeepsItsImagesAndItsWait) {
  bring_to(Phase::installing);
  boot();
  pass(seconds(1));
  EXPECT_EQ(images->held, 1);
  EXPECT_EQ(images->open_outlets, 1) << "a helper image may fetch the target now";
  device_returns("1.1.0");
  finish_from_confirming();
}

TEST_F(EngineCrashTest, ConfirmingSoaksAnew) {
  bring_to(Phase::confirming);
  the_device_speaks_after_a_restart();
}

TEST_F(EngineCrashTest, AnEndIsSettledAfterTheRestart) {
  bring_to(Phase::confirmed);
  ASSERT_EQ(update().phase, Phase::confirmed);
  ASSERT_FALSE(update().settled);
  boot();
  pass(seconds(1));
  ASSERT_EQ(delivery->count(Command::settle), 1U);
  answer(Command::settle, Settled{});
  pass(seconds(1));
  EXPECT_TRUE(update().settled);
  boot();
  pass(seconds(1));
  EXPECT_EQ(delivery->jobs.size(), 0U) << "and only once";
}

TEST_F(EngineCrashTest, AnUpdateNeverOutlivesItsDevice) {
  settings.inventory.write_delay = std::chrono::hours(1);
  boot();
  say(lamp("1.0.0"));
  pass(seconds(1));
  ASSERT_EQ(engine->updater.updates().size(), 1U);
  boot();
  ASSERT_NE(engine->inventory.find(lamp_id()), nullptr);
  EXPECT_EQ(engine->inventory.find(lamp_id())->version, "1.0.0");
}

TEST_F(EngineCrashTest, WhatAnUpdateNotesOfItsDeviceIsOnTheDiskAtOnce) {
  settings.inventory.write_delay = std::chrono::hours(1);
  boot();
  bring_to(Phase::transferring);
  Announcement note(lamp_id(), Family::lwm2m, loop.now(), true);
  note.facts = {{"url_before", "http://owner.example/"}};
  engine->on_note(note);
  boot();
  EXPECT_EQ(engine->inventory.find(lamp_id())->facts.at("url_before"), "http://owner.example/");
}

TEST_F(EngineCrashTest, NeverTwoUpdatesOfOneDevice) {
  bring_to(Phase::transferring);
  boot();
  say(lamp("1.0.0"));
  pass(seconds(5));
  EXPECT_EQ(engine->updater.updates().size(), 1U);
  EXPECT_EQ(delivery->count(Command::transfer), 1U);
  const auto again = engine->scheduler.start_by_hand(lamp_id(), "root");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::already_exists);
}

TEST_F(EngineCrashTest, ARestartedDaemonReachesTheSamePlan) {
  settings.policy.automatic = false;
  boot();
  say(lamp("1.0.0"));
  pass(seconds(2));
  const auto before = engine->scheduler.decide(*engine->inventory.find(lamp_id()));
  const std::string offered = before.offer->release->version;
  boot();
  say(lamp("1.0.0"));
  pass(seconds(2));
  const auto after = engine->scheduler.decide(*engine->inventory.find(lamp_id()));
  EXPECT_EQ(before.verdict, after.verdict);
  EXPECT_EQ(before.reason, after.reason);
  EXPECT_EQ(offered, after.offer->release->version);
}

}  // namespace
}  // namespace homepatch::test
