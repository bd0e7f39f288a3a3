#include "daemon/find/inventory.hpp"

#include "tests/daemon/engine_fixture.hpp"

namespace homepatch::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class InventoryTest : public EngineTest {
 protected:
  Announcement device(int number, bool live) {
    return Announcement(DeviceId::from_endpoint("d" + std::to_string(number)).value(), Family::lwm2m, loop.now(), live);
  }
};

TEST_F(InventoryTest, TenThousandInventedDevicesDoNotKeepARealOneOut) {
  settings.policy.accept_always = false;
  settings.inventory.max_devices = 500;
  boot();
  say(lamp("1.0.0"));
  for (int i = 0; i < 10'000; ++i) say(device(i, false));
  pass(seconds(1));
  EXPECT_LE(engine->inventory.devices().size(), 500U);
  EXPECT_NE(engine->inventory.find(lamp_id()), nullptr) << "it was heard live, so it stays";
  say(device(20'000, true));
  EXPECT_NE(engine->inventory.find(DeviceId::from_endpoint("d20000").value()), nullptr);
}

TEST_F(InventoryTest, StillBeingThereCostsOneTransactionInFiveMinutesForAll) {
  for (int i = 0; i < 100; ++i) say(device(i, true));
  pass(minutes(2));
  const auto before = database->commits();
  for (int turn = 0; turn < 60; ++turn) {
    for (int i = 0; i < 100; ++i) say(device(i, true));
    pass(seconds(10));
  }
  EXPECT_LE(database->commits() - before, 2U);
  EXPECT_GE(database->commits() - before, 1U);
}

TEST_F(InventoryTest, DescriptionsSurviveAnUnorderlyEnd) {
  auto announcement = lamp("1.0.0");
  announcement.name = "kitchen";
  announcement.facts["topic"] = "a/b";
  say(announcement);
  pass(seconds(1));
  boot();
  const Device* found = engine->inventory.find(lamp_id());
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->name, "kitchen");
  EXPECT_EQ(found->facts.at("topic"), "a/b");
  EXPECT_EQ(found->condition, Condition::unknown) << "it has not spoken yet";
}

TEST_F(InventoryTest, AFloodOfLiveDevicesTakesThePlacesOfThoseSilentLongestAndNoOthers) {
  settings.policy.accept_always = false;
  settings.policy.automatic = false;
  settings.inventory.max_devices = 100;
  boot();
  say(lamp("1.0.0"));
  ASSERT_TRUE(engine->inventory.accept(lamp_id()));
  const auto knows = [&](int number) {
    return engine->inventory.find(DeviceId::from_endpoint("d" + std::to_string(number)).value()) != nullptr;
  };
  for (int i = 0; i < 10'000; ++i) {
    say(device(i, true));
    pass(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(engine->inventory.devices().size(), 100U);
  EXPECT_EQ(engine->inventory.refused(), 9'901U);
  EXPECT_NE(engine->inventory.find(lamp_id()), nullptr) << "it was accepted, so it stays";
  EXPECT_TRUE(knows(9'999)) << "a real new one is taken in like it";
  EXPECT_FALSE(knows(9'900));
  EXPECT_TRUE(knows(9'901));
  say(device(9'901, true));
  say(device(10'000, true));
  EXPECT_TRUE(knows(9'901)) << "it has spoken meanwhile";
  EXPECT_FALSE(knows(9'902));
  say(device(10'001, false));
  EXPECT_FALSE(knows(10'001)) << "a retained message sends nobody away who is there";
  pass(seconds(1));
  boot();
  EXPECT_EQ(engine->inventory.devices().size(), 100U);
  EXPECT_TRUE(knows(10'000));
}

TEST_F(InventoryTest, ADeviceInItsUpdateDoesNotGiveWay) {
  settings.policy.accept_always = false;
  settings.inventory.max_devices = 2;
  boot();
  say(device(1, true));
  engine->inventory.spare([](const DeviceId& id) { return id == DeviceId::from_endpoint("d1").value(); });
  pass(seconds(1));
  say(device(2, true));
  say(device(3, true));
  EXPECT_NE(engine->inventory.find(DeviceId::from_endpoint("d1").value()), nullptr);
  EXPECT_EQ(engine->inventory.find(DeviceId::from_endpoint("d2").value()), nullptr);
}

TEST_F(InventoryTest, WhereEverybodyIsAcceptedAnInventedFloodIsRefusedAndCounted) {
  settings.inventory.max_devices = 100;
  boot();
  for (int i = 0; i < 10'000; ++i) say(device(i, true));
  EXPECT_EQ(engine->inventory.devices().size(), 100U);
  EXPECT_EQ(engine->inventory.refused(), 9'900U);
}

}  // namespace
}  // namespace homepatch::test
