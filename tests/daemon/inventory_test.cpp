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

TEST_F(InventoryTest, AnInventedFloodOfLiveDevicesIsRefusedAndCounted) {
  settings.inventory.max_devices = 100;
  boot();
  for (int i = 0; i < 10'000; ++i) say(device(i, true));
  EXPECT_EQ(engine->inventory.devices().size(), 100U);
  EXPECT_EQ(engine->inventory.refused(), 9'900U);
}

TEST_F(InventoryTest, StrangersWhoFellSilentGiveWayAndAcceptedDevicesNever) {
  settings.policy.accept_always = false;
  settings.inventory.max_devices = 100;
  boot();
  say(lamp("1.0.0"));
  ASSERT_TRUE(engine->inventory.accept(lamp_id()));
  for (int i = 0; i < 200; ++i) say(device(i, true));
  pass(minutes(50));
  for (int i = 1; i < 99; ++i) say(device(i, true));  // all but the first of the 99 that were taken in
  say(device(1000, true));
  EXPECT_EQ(engine->inventory.find(DeviceId::from_endpoint("d1000").value()), nullptr);
  pass(minutes(11));
  say(device(1001, false));
  EXPECT_EQ(engine->inventory.find(DeviceId::from_endpoint("d1001").value()), nullptr) << "not a live one";
  say(device(1000, true));
  EXPECT_NE(engine->inventory.find(DeviceId::from_endpoint("d1000").value()), nullptr);
  EXPECT_EQ(engine->inventory.find(DeviceId::from_endpoint("d0").value()), nullptr) << "the longest silent one";
  EXPECT_NE(engine->inventory.find(DeviceId::from_endpoint("d1").value()), nullptr);
  pass(minutes(70));
  for (int i = 2000; i < 2300; ++i) say(device(i, true));
  EXPECT_EQ(engine->inventory.devices().size(), 100U);
  EXPECT_NE(engine->inventory.find(lamp_id()), nullptr);
  pass(seconds(1));
  boot();
  EXPECT_EQ(engine->inventory.devices().size(), 100U);
  EXPECT_NE(engine->inventory.find(lamp_id()), nullptr);
  EXPECT_NE(engine->inventory.find(DeviceId::from_endpoint("d2000").value()), nullptr);
}

TEST_F(InventoryTest, DevicesThatMoveEachTimeTheyWakeCostNoTransactionOfTheirOwn) {
  const auto from_port = [this](int number, int port) {
    auto says = device(number, true);
    says.facts.emplace(kRemoteFact, "127.0.0.9:" + std::to_string(port));
    return says;
  };
  for (int i = 0; i < 100; ++i) say(from_port(i, 40'000));
  pass(minutes(6));
  const auto before = database->commits();
  for (int turn = 1; turn <= 60; ++turn) {
    for (int i = 0; i < 100; ++i) say(from_port(i, 40'000 + turn));
    pass(seconds(5));
  }
  EXPECT_LE(database->commits() - before, 2U);
  pass(minutes(6));
  boot();
  const Device* found = engine->inventory.find(DeviceId::from_endpoint("d7").value());
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->facts.find(kRemoteFact)->second, "127.0.0.9:40060");
}

}  // namespace
}  // namespace homepatch::test
