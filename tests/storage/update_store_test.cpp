// Two updates of one device, and updates that come back other than they were.
#include "storage/update_store.hpp"

#include <gmock/gmock.h>

#include "tests/storage/storage_test.hpp"
#include "trust/hash.hpp"

namespace homepatch::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class UpdateStoreTest : public StorageTest {
 protected:
  static Update update_of(const std::string& device) {
    Update update(device_id(device), Family::tasmota);
    update.feed = "acme";
    update.catalog = "plug/catalog.json";
    update.release = "r2";
    update.from_version = "1.0";
    update.to_version = "2.0";
    update.images = {{"app", "plug/2.0.bin", "tasmota.bin", 60'000, sha256("app")},
                     {"minimal", "plug/min.bin", "tasmota-minimal.bin", 3ULL << 32U, sha256("min")}};
    update.token = "token";
    update.asked_by = "policy";
    update.created = at(10);
    update.phase_since = at(20);
    return update;
  }
  [[nodiscard]] UpdateId add(const Update& update) { return store().add(update).value(); }
  [[nodiscard]] UpdateStore store() { return UpdateStore(*database); }
};

class TwoUpdatesOfOneDevice : public UpdateStoreTest {};
class StoredUpdate : public UpdateStoreTest {};

TEST_F(TwoUpdatesOfOneDevice, AreRefusedInEveryPhaseThatIsUnderWay) {
  for (const auto phase :
       {Phase::waiting, Phase::fetching, Phase::transferring, Phase::installing, Phase::confirming}) {
    auto first = update_of("mac:a0b1c200000" + std::to_string(static_cast<int>(phase)));
    first.phase = phase;
    ASSERT_TRUE(store().add(first));
    const auto second = store().add(first);
    ASSERT_FALSE(second) << to_string(phase);
    EXPECT_EQ(second.error().code, Errc::already_exists);
    EXPECT_THAT(second.error().text, HasSubstr(first.device.to_string()));
  }
}

TEST_F(TwoUpdatesOfOneDevice, AreRefusedByTheDatabaseItself) {
  (void)add(update_of("mac:a0b1c2000001"));
  const auto sneaked = database->execute(
      "INSERT INTO updates SELECT id+1, " +
      ask("SELECT group_concat(name) FROM pragma_table_info('updates') WHERE name<>'id'") + " FROM updates");
  ASSERT_FALSE(sneaked);
  EXPECT_THAT(sneaked.error().text, HasSubstr("UNIQUE"));
}

TEST_F(TwoUpdatesOfOneDevice, AreFineOneAfterTheOther) {
  auto update = update_of("mac:a0b1c2000001");
  update.id = add(update);
  for (const auto phase : {Phase::confirmed, Phase::failed, Phase::fell_back, Phase::lost, Phase::cancelled}) {
    update.phase = phase;
    ASSERT_TRUE(store().save(update));
    update.phase = Phase::waiting;
    const auto next = add(update);
    EXPECT_GT(next, update.id);  // a number is never given twice
    update.id = next;
  }
}

TEST_F(StoredUpdate, ComesBackAsItWas) {
  auto update = update_of("mac:a0b1c2000001");
  update.id = add(update);
  update.phase = Phase::installing;
  update.reason = Reason::transfer_failed;
  update.detail = "the device said \"no\"; \xE2\x82\xAC";
  update.next_step = at(99);
  update.attempts = 2;
  update.gateway_failures = 3;
  update.transitions = 7;
  update.restarts = 1;
  update.restarted = update.rechecking = update.settled = true;
  ASSERT_TRUE(store().save(update));
  reopen();
  EXPECT_THAT(store().load_all().value(), ElementsAre(update));
  update.next_step.reset();
  ASSERT_TRUE(store().save(update));
  EXPECT_THAT(store().load_all().value(), ElementsAre(update));
}

// Left out, it could be started a second time: better no start than two updates.
TEST_F(StoredUpdate, ThatCannotBeReadIsNamed) {
  const auto id = add(update_of("mac:a0b1c2000001"));
  for (const auto* const damage :
       {"phase='dreaming'", "reason='mood'", "family='hyperwave'", "device='nobody'", "images='{}'", "images='[1]'",
        "images='[{\"length\":\"many\"}]'", "images='[{\"length\":1,\"sha256\":\"abc\"}]'",
        "images='[{\"length\":1,\"sha256\":7}]'", "images='nothing'"}) {
    ASSERT_TRUE(database->execute("SAVEPOINT before"));
    ASSERT_TRUE(database->execute("UPDATE updates SET " + std::string(damage)));
    const auto loaded = store().load_all();
    ASSERT_FALSE(loaded) << damage;
    EXPECT_EQ(loaded.error().code == Errc::malformed || loaded.error().code == Errc::invalid_argument, true) << damage;
    EXPECT_THAT(loaded.error().text, HasSubstr("update " + std::to_string(id)));
    EXPECT_THAT(loaded.error().text, HasSubstr("move the database away"));
    ASSERT_TRUE(database->execute("ROLLBACK TO before; RELEASE before"));
  }
}

TEST_F(StoredUpdate, WithForeignBytesInItsNamesIsStoredAllTheSame) {
  auto update = update_of("mac:a0b1c2000001");
  update.images[0].target = "\xFF\xFE";
  EXPECT_TRUE(store().add(update));
}

TEST_F(StoredUpdate, OldOnesGoAndTheOneUnderWayStays) {
  auto update = update_of("mac:a0b1c2000001");
  update.phase = Phase::failed;
  update.settled = true;
  std::vector<UpdateId> ids;
  for (int i = 0; i < UpdateStore::kKeptPerDevice + 3; ++i) ids.push_back(add(update));
  auto unsettled = update;
  unsettled.settled = false;
  unsettled.id = ids[0];
  ASSERT_TRUE(store().save(unsettled));
  const auto other = add(update_of("mac:a0b1c2000002"));
  const auto trimmed = store().trim(update.device);
  ASSERT_TRUE(trimmed);
  EXPECT_EQ(*trimmed, (std::vector<UpdateId>{ids[1], ids[2]}));
  std::vector<UpdateId> left;
  const auto all = store().load_all().value();
  for (const auto& kept : all) left.push_back(kept.id);
  EXPECT_EQ(left.size(), static_cast<std::size_t>(UpdateStore::kKeptPerDevice) + 2);
  EXPECT_EQ(left.front(), ids[0]);  // what it changed on the device is still to be put back
  EXPECT_EQ(left.back(), other);
  EXPECT_EQ(left[1], ids[3]);
}

TEST_F(StoredUpdate, OfAForgottenDeviceIsGone) {
  (void)add(update_of("mac:a0b1c2000001"));
  ASSERT_TRUE(store().forget(device_id("mac:a0b1c2000001")));
  EXPECT_THAT(store().load_all().value(), IsEmpty());
}

}  // namespace
}  // namespace homepatch::test
