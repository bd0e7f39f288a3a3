#include "storage/device_store.hpp"

#include <gmock/gmock.h>

#include "tests/storage/storage_test.hpp"

namespace homepatch::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class DeviceStoreTest : public StorageTest {
 protected:
  static Device lamp(const std::string& id) {
    Device device(device_id(id), Family::lwm2m);
    device.name = "Lamp \xC3\xA4";
    device.manufacturer = "acme";
    device.model = "lamp";
    device.hardware = "rev2";
    device.version = "1.0";
    device.address = "127.0.0.1:5683";
    device.intermediate = true;
    device.sleepy = true;
    device.standing = Standing::accepted;
    device.first_seen = at(1000);
    device.last_seen = at(2000);
    device.facts = {{"endpoint", "lamp-1"}, {"quote", "\"'; DROP TABLE devices; --"}};
    return device;
  }
  void save(const Device& device) {
    const Device* const one = &device;
    ASSERT_TRUE(DeviceStore(*database).save({&one, 1}));
  }
  [[nodiscard]] std::vector<Device> load() { return DeviceStore(*database).load_all().value(); }
};

TEST_F(DeviceStoreTest, ADeviceComesBackAsItWas) {
  save(lamp("lwm2m:lamp-1"));
  reopen();
  EXPECT_THAT(load(), ElementsAre(lamp("lwm2m:lamp-1")));
}

TEST_F(DeviceStoreTest, NothingMakesADeviceOnlineButALiveMessage) {
  auto device = lamp("lwm2m:lamp-1");
  device.condition = Condition::online;
  device.version_live = true;
  save(device);
  EXPECT_THAT(load(), ElementsAre(lamp("lwm2m:lamp-1")));
}

TEST_F(DeviceStoreTest, BytesThatAreNoTextDoNotStopTheSaving) {
  auto device = lamp("lwm2m:lamp-1");
  device.facts["raw"] = "\xFF\xFE";
  save(device);
  ASSERT_EQ(load().size(), 1U);
  EXPECT_EQ(load()[0].facts.at("endpoint"), "lamp-1");
}

TEST_F(DeviceStoreTest, ARowOfAnotherVersionIsSkippedAndLeftAlone) {
  save(lamp("lwm2m:lamp-1"));
  save(lamp("lwm2m:lamp-2"));
  save(lamp("lwm2m:lamp-3"));
  ASSERT_TRUE(database->execute("UPDATE devices SET family='hyperwave' WHERE id='lwm2m:lamp-1'"));
  ASSERT_TRUE(database->execute("UPDATE devices SET facts='[1,2' WHERE id='lwm2m:lamp-3'"));
  const auto devices = load();
  ASSERT_EQ(devices.size(), 2U);
  EXPECT_EQ(devices[0].id.to_string(), "lwm2m:lamp-2");
  EXPECT_THAT(devices[1].facts, IsEmpty());
  EXPECT_EQ(ask("SELECT count(*) FROM devices"), "3");
}

// I15: what this version does not know is not taken for the owner's word.
TEST_F(DeviceStoreTest, AStandingThatIsNotKnownIsNew) {
  save(lamp("lwm2m:lamp-1"));
  ASSERT_TRUE(database->execute("UPDATE devices SET standing='adored'"));
  EXPECT_EQ(load()[0].standing, Standing::fresh);
}

TEST_F(DeviceStoreTest, OneTransactionTakesTheNewAndTheGone) {
  save(lamp("lwm2m:lamp-1"));
  const auto before = database->commits();
  const auto two = lamp("lwm2m:lamp-2");
  const auto three = lamp("lwm2m:lamp-3");
  const std::vector<const Device*> both = {&two, &three};
  ASSERT_TRUE(DeviceStore(*database).save(both, {device_id("lwm2m:lamp-1")}));
  EXPECT_EQ(database->commits(), before + 1);
  EXPECT_THAT(load(), ElementsAre(two, three));
}

TEST_F(DeviceStoreTest, ChatterChangesOnlyWhenItWasSeen) {
  auto device = lamp("lwm2m:lamp-1");
  save(device);
  device.last_seen = at(9000);
  device.version = "unsaved";
  const std::vector<const Device*> all = {&device};
  ASSERT_TRUE(DeviceStore(*database).save_last_seen(all));
  EXPECT_EQ(load()[0].last_seen, at(9000));
  EXPECT_EQ(load()[0].version, "1.0");
}

TEST_F(DeviceStoreTest, AForgottenDeviceStaysForgottenAcrossARestart) {
  save(lamp("lwm2m:lamp-1"));
  ASSERT_TRUE(DeviceStore(*database).forget(device_id("lwm2m:lamp-1"), at(1)));
  reopen();
  EXPECT_THAT(load(), IsEmpty());
  EXPECT_THAT(DeviceStore(*database).load_forgotten().value(), ElementsAre(device_id("lwm2m:lamp-1")));
  ASSERT_TRUE(DeviceStore(*database).remember(device_id("lwm2m:lamp-1")));
  EXPECT_THAT(DeviceStore(*database).load_forgotten().value(), IsEmpty());
}

TEST_F(DeviceStoreTest, OnlySoManyForgottenOnesAreRemembered) {
  DeviceStore store(*database);
  for (int i = 0; i < DeviceStore::kMaxForgotten + 3; ++i) {
    ASSERT_TRUE(store.forget(device_id("lwm2m:lamp-" + std::to_string(i)), at(i + 1)));
  }
  const auto forgotten = store.load_forgotten().value();
  EXPECT_EQ(forgotten.size(), static_cast<std::size_t>(DeviceStore::kMaxForgotten));
  EXPECT_FALSE(forgotten.contains(device_id("lwm2m:lamp-2")));  // the oldest go
  EXPECT_TRUE(forgotten.contains(device_id("lwm2m:lamp-3")));
}

}  // namespace
}  // namespace homepatch::test
