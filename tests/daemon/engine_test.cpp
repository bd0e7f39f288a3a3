#include "daemon/engine.hpp"

#include "tests/daemon/engine_fixture.hpp"

namespace homepatch::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST_F(EngineTest, AnAnnouncementLeadsToAConfirmedPatch) {
  bring_to(Phase::confirming);
  EXPECT_EQ(update().phase, Phase::confirming);
  pass(settings.rules.soak + kTick);
  EXPECT_EQ(update().phase, Phase::confirming) << "the soak alone proves nothing";
  EXPECT_EQ(delivery->count(Command::inquire), 1U);
  say(lamp("1.1.0"));
  pass(kTick);
  EXPECT_EQ(update().phase, Phase::confirmed);
  EXPECT_EQ(update().reason, Reason::proven);
  answer(Command::settle, Settled{});
  pass(minutes(1));
  EXPECT_TRUE(update().settled);
  EXPECT_EQ(images->held, 0);
  EXPECT_EQ(images->open_outlets, 0);
  EXPECT_EQ(engine->scheduler.decide(*engine->inventory.find(lamp_id())).reason, Reason::up_to_date);
}

// It was proven to run 1.1.0, and then somebody put something else on it.
TEST_F(EngineTest, WhatADeviceWasProvenToRunSaysBelowWhatItIsNotTaken) {
  bring_to(Phase::confirming);
  pass(settings.rules.soak + kTick);
  say(lamp("1.1.0"));
  pass(kTick);
  ASSERT_EQ(update().phase, Phase::confirmed);
  auto changed = lamp_catalog();
  changed.releases.back().min_allowed_seq = changed.releases.back().seq;
  changed.releases.back().images.clear();
  engine->shelf.put(changed);
  say(lamp("0.9"));
  pass(kTick);
  const auto decision = engine->scheduler.decide(*engine->inventory.find(lamp_id()));
  EXPECT_EQ(decision.reason, Reason::older_than_allowed);
  EXPECT_FALSE(decision.offer);
}

TEST_F(EngineTest, AnAnnouncementThatWasRetainedProvesNothing) {
  bring_to(Phase::installing);
  auto retained = lamp("1.1.0", false);
  retained.restarted = true;
  say(retained);
  pass(kTick);
  EXPECT_EQ(update().phase, Phase::installing);
}

TEST_F(EngineTest, ADeviceIsNewUntilItIsAccepted) {
  settings.policy.accept_always = false;
  boot();
  say(lamp("1.0.0"));
  pass(minutes(1));
  EXPECT_EQ(engine->scheduler.decide(*engine->inventory.find(lamp_id())).reason, Reason::new_device);
  EXPECT_EQ(delivery->jobs.size(), 0U);
  ASSERT_TRUE(engine->inventory.accept(lamp_id()));
  pass(seconds(1));
  EXPECT_EQ(delivery->count(Command::transfer), 1U);
}

// The maker says that a lamp's 1.1.0 goes with a hub of at least release 2.
TEST_F(EngineTest, ALampWaitsForTheHubThatItDependsOn) {
  boot();
  auto lamps = lamp_catalog();
  lamps.releases.back().required.components = {{"hub", 2}};
  engine->shelf.put(lamps);
  auto hubs = lamp_catalog();
  hubs.path = "acme.example/hub/catalog.json";
  hubs.model_id = "hub";
  hubs.match.front().keys["model"] = "Hub";
  for (auto& release : hubs.releases) release.images.clear();  // brought up to date by somebody else
  engine->shelf.put(hubs);
  const auto hub = [&](const std::string& version) {
    Announcement says(DeviceId::from_endpoint("hub").value(), Family::lwm2m, loop.now(), true);
    says.manufacturer = "Acme";
    says.model = "Hub";
    says.version = version;
    return says;
  };
  say(hub("1.0.0"));
  say(lamp("1.0.0"));
  pass(seconds(1));
  EXPECT_EQ(engine->scheduler.decide(*engine->inventory.find(lamp_id())).reason, Reason::dependency_not_met);
  EXPECT_FALSE(engine->scheduler.start_by_hand(lamp_id(), "root"));
  EXPECT_EQ(delivery->count(Command::transfer), 0U);
  say(hub("1.1.0"));
  pass(seconds(1));
  EXPECT_EQ(delivery->count(Command::transfer), 1U);
}

TEST_F(EngineTest, AForgottenDeviceReturnsOnlyOnALiveMessage) {
  settings.policy.accept_always = false;
  boot();
  say(lamp("1.0.0"));
  pass(seconds(1));
  ASSERT_TRUE(engine->forget(lamp_id()));
  say(lamp("1.0.0", false));
  EXPECT_EQ(engine->inventory.find(lamp_id()), nullptr);
  boot();
  say(lamp("1.0.0", false));
  EXPECT_EQ(engine->inventory.find(lamp_id()), nullptr) << "not after a restart either";
  say(lamp("1.0.0"));
  EXPECT_NE(engine->inventory.find(lamp_id()), nullptr);
}

TEST_F(EngineTest, OldUpdatesGoFromTheListAsFromTheStore) {
  settings.policy.automatic = false;
  boot();
  say(lamp("1.0.0"));
  std::vector<UpdateId> dropped;
  Engine::Listeners listeners;
  listeners.update_dropped = [&](UpdateId id) { dropped.push_back(id); };
  engine->listen(std::move(listeners));
  std::vector<UpdateId> begun;
  for (int i = 0; i < UpdateStore::kKeptPerDevice + 2; ++i) {
    begun.push_back(engine->scheduler.start_by_hand(lamp_id(), "root").value());
    pass(seconds(1));
    answer(Command::transfer, DeliveryFailed{Reason::transfer_failed, false, true, "no"});
    pass(kTick);
    answer(Command::settle, Settled{});
    pass(kTick);
  }
  EXPECT_EQ(dropped, (std::vector<UpdateId>{begun[0], begun[1]}));
  const auto shown = engine->updater.updates();
  EXPECT_EQ(shown.size(), static_cast<std::size_t>(UpdateStore::kKeptPerDevice));
  boot();
  for (const auto& [id, kept] : engine->updater.updates()) EXPECT_TRUE(shown.contains(id));
  EXPECT_EQ(engine->updater.updates().size(), shown.size());

  engine->listen({{}, {}, {}, [&](UpdateId id) { dropped.push_back(id); }, {}, {}, {}});
  ASSERT_TRUE(engine->forget(lamp_id()));
  EXPECT_EQ(dropped, begun);
}

TEST_F(EngineTest, AFailedTransferIsTriedAgainLaterAndThenGivenUp) {
  bring_to(Phase::transferring);
  for (unsigned attempt = 1; attempt <= settings.rules.max_attempts; ++attempt) {
    ASSERT_EQ(delivery->count(Command::transfer), attempt);
    answer(Command::transfer, DeliveryFailed{Reason::transfer_failed, true, true, "no"});
    pass(kTick);
    answer(Command::settle, Settled{});
    if (update().next_step) pass(*update().next_step - loop.now());
    pass(seconds(1));
  }
  EXPECT_EQ(update().phase, Phase::failed);
  EXPECT_EQ(update().reason, Reason::transfer_failed);
  EXPECT_EQ(engine->scheduler.decide(*engine->inventory.find(lamp_id())).reason, Reason::last_update_failed);
  EXPECT_EQ(engine->updater.updates().size(), 1U) << "it is not begun anew unasked";
}

TEST_F(EngineTest, TheOwnerMayTryAFailedOneAgain) {
  bring_to(Phase::transferring);
  answer(Command::transfer, DeliveryFailed{Reason::transfer_refused, false, true, "no"});
  pass(kTick);
  answer(Command::settle, Settled{});
  pass(seconds(1));
  ASSERT_EQ(update().phase, Phase::failed);
  EXPECT_TRUE(engine->scheduler.start_by_hand(lamp_id(), "root"));
  pass(seconds(1));
  EXPECT_EQ(delivery->count(Command::transfer), 2U);
}

TEST_F(EngineTest, OnlyAsManyUpdatesAsAllowedAreUnderWay) {
  for (int i = 0; i < 10; ++i) {
    auto announcement = lamp("1.0.0");
    announcement.device = DeviceId::from_endpoint("lamp" + std::to_string(i)).value();
    say(announcement);
  }
  pass(seconds(5));
  EXPECT_EQ(engine->updater.under_way(), settings.policy.max_under_way);
  EXPECT_EQ(delivery->count(Command::transfer), settings.policy.max_under_way);
}

TEST_F(EngineTest, AnUpdateWaitsForADeviceThatIsAway) {
  say(lamp("1.0.0", false));
  pass(minutes(5));
  EXPECT_EQ(engine->scheduler.decide(*engine->inventory.find(lamp_id())).reason, Reason::offline);
  EXPECT_EQ(delivery->jobs.size(), 0U);
}

TEST_F(EngineTest, CancellingStopsTheTransferAtOnce) {
  bring_to(Phase::transferring);
  ASSERT_TRUE(engine->updater.cancel(update().id, "root"));
  EXPECT_TRUE(delivery->last(Command::transfer).dropped);
  EXPECT_EQ(images->open_outlets, 0);
  EXPECT_EQ(update().phase, Phase::cancelled);
}

TEST_F(EngineTest, WhatIsServedFollowsADeviceThatMoves) {
  bring_to(Phase::transferring);
  EXPECT_EQ(images->given_to, "127.2.0.1");
  auto moved = lamp("1.0.0");
  moved.address = "127.2.0.2";
  say(moved);
  EXPECT_EQ(images->given_to, "127.2.0.2");
  auto other = Announcement(DeviceId::from_endpoint("other").value(), Family::lwm2m, loop.now(), true);
  other.address = "127.2.0.3";
  say(other);
  EXPECT_EQ(images->given_to, "127.2.0.2");
  EXPECT_EQ(images->open_outlets, 1);
}

TEST_F(EngineTest, TheNextUpdateBeginsWhenWhatTheLastOneChangedIsPutBack) {
  bring_to(Phase::confirmed);
  ASSERT_EQ(update().phase, Phase::confirmed);
  auto catalog = lamp_catalog();
  auto next = catalog.releases.back();
  next.id = next.version = "1.2.0";
  next.seq = 3;
  catalog.releases.push_back(next);
  engine->shelf.put(catalog);
  pass(std::chrono::seconds(5));
  EXPECT_EQ(engine->updater.updates().size(), 1U);
  answer(Command::settle, Settled{});
  pass(std::chrono::seconds(5));
  EXPECT_EQ(engine->updater.updates().size(), 2U);
}

TEST_F(EngineTest, AnInstallingDeviceCanNoLongerBeStopped) {
  bring_to(Phase::installing);
  const auto cancelled = engine->updater.cancel(update().id, "root");
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code, Errc::busy);
}

TEST_F(EngineTest, WhatItsFeedTakesBackStopsAtOnceAndSaysWhy) {
  bring_to(Phase::transferring);
  const auto image = update().images.front().sha256;
  engine->withdraw("another feed", {{image, "not mine"}});
  EXPECT_EQ(update().phase, Phase::transferring);
  engine->withdraw("acme", {{image, "it bricks"}});
  EXPECT_TRUE(delivery->last(Command::transfer).dropped);
  EXPECT_EQ(images->open_outlets, 0);
  EXPECT_EQ(update().phase, Phase::cancelled);
  EXPECT_EQ(update().reason, Reason::taken_back);
  EXPECT_EQ(update().detail, "by the feed acme: it bricks");
}

TEST_F(EngineTest, AfterARestartTheDaysBudgetIsWaitedForAndNoFailure) {
  bring_to(Phase::transferring);
  const Time opens = loop.now() + std::chrono::hours(5);
  images->failing = Reason::write_budget_spent;
  images->not_before = opens;
  boot();
  pass(seconds(1));
  EXPECT_EQ(update().phase, Phase::waiting);
  EXPECT_EQ(update().reason, Reason::write_budget_spent);
  EXPECT_EQ(update().gateway_failures, 0U);
  EXPECT_EQ(update().attempts, 0U);
  EXPECT_EQ(update().next_step, opens);
}

TEST_F(EngineTest, AnImageThatWentBadIsServedNoMoreAndFetchedAgain) {
  bring_to(Phase::transferring);
  ASSERT_EQ(images->open_outlets, 1);
  engine->updater.on_image_lost(Digest::parse(std::string(64, 'f')).value());
  EXPECT_EQ(images->open_outlets, 1) << "another one";
  engine->updater.on_image_lost(update().images.front().sha256);
  EXPECT_EQ(images->open_outlets, 0);
  EXPECT_EQ(update().phase, Phase::waiting);
  EXPECT_EQ(update().attempts, 0U) << "not the device's failure";
  answer(Command::settle, Settled{});
  const int brought = images->brought;
  say(lamp("1.0.0"));
  pass(settings.rules.retry_base + seconds(1));
  EXPECT_EQ(images->brought, brought + 1);
  EXPECT_EQ(update().phase, Phase::transferring);
}

TEST_F(EngineTest, ImagesThatDoNotComeAreTheGatewaysFailure) {
  images->failing = Reason::image_not_available;
  say(lamp("1.0.0"));
  pass(seconds(1));
  EXPECT_EQ(update().phase, Phase::waiting);
  EXPECT_EQ(update().attempts, 0U);
  EXPECT_TRUE(update().next_step.has_value());
  images->failing = Reason::none;
  pass(settings.rules.retry_base + seconds(1));
  EXPECT_EQ(delivery->count(Command::transfer), 1U);
}

}  // namespace
}  // namespace homepatch::test
