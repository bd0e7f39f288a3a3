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

}  // namespace
}  // namespace homepatch::test
