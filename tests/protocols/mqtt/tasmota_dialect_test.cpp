#include "protocols/mqtt/dialects/tasmota/dialect.hpp"

#include <gtest/gtest.h>

#include "tasmota_examples.hpp"

namespace homepatch::mqtt::tasmota {
namespace {

using std::chrono::seconds;

constexpr auto kMac = "E0980680FF6D";
constexpr auto kColons = "E0:98:06:80:FF:6D";
constexpr auto kOther = "E0980680FF6E";

DeviceId id(const std::string& mac) { return DeviceId::from_mac(mac).value(); }

template <typename T>
std::vector<T> all(const Effects& effects) {
  std::vector<T> out;
  for (const auto& effect : effects) {
    if (const auto* one = std::get_if<T>(&effect)) out.push_back(*one);
  }
  return out;
}

class TasmotaDialect : public ::testing::Test {
 protected:
  Effects hear(const std::string& topic, const std::string& payload, bool retained = false) {
    return dialect.on_message({topic, payload, retained}, now);
  }
  // Lets time pass and gathers what was published.
  std::vector<std::string> pass(Duration span) {
    std::vector<std::string> published;
    const auto end = now.ticks + span;
    for (auto at = dialect.next_wake(); at && *at <= end; at = dialect.next_wake()) {
      go_to(std::max(*at, now.ticks));
      for (const auto& publish : all<Publish>(dialect.on_time(now))) {
        published.push_back(publish.topic + " " + publish.payload);
      }
    }
    go_to(end);
    return published;
  }
  void go_to(Duration ticks) {
    now.wall += ticks - now.ticks;
    now.ticks = ticks;
  }
  Announcement announced(const Effects& effects) {
    const auto found = all<Announcement>(effects);
    EXPECT_EQ(found.size(), 1U);
    return found.empty() ? Announcement(id(kMac), Family::tasmota, {}, false) : found.front();
  }
  void introduce() {
    hear(config_topic(kMac), config_text(kMac));
    pass(seconds(3));
    hear("stat/tasmota_80FF6D/STATUS5", network_text(kColons));
  }

  Acquaintance acquaintance(const DeviceId& device) const {
    const auto found = acquaintances.find(device);
    return found == acquaintances.end() ? Acquaintance::stranger : found->second;
  }

  std::map<DeviceId, Acquaintance> acquaintances;
  Dialect dialect;
  Now now{Time(std::chrono::hours(400'000)), Duration(5'000)};
};

using Strings = std::vector<std::string>;

TEST_F(TasmotaDialect, ARetainedAnnouncementIsNoLifeButIsListenedToAndAskedOnce) {
  const auto effects = hear(config_topic(kMac), config_text(kMac), true);
  const auto says = announced(effects);
  EXPECT_FALSE(says.live);
  EXPECT_EQ(says.device, id(kMac));
  EXPECT_EQ(says.manufacturer, "Tasmota");
  EXPECT_EQ(says.model, "NOUS A1T");
  EXPECT_EQ(says.name, "Lamp");
  EXPECT_EQ(says.version, "13.3.0");
  EXPECT_EQ(says.address, "127.0.0.1");
  EXPECT_EQ(says.facts.at("command_topic"), "cmnd/tasmota_80FF6D/");
  ASSERT_EQ(all<Subscribe>(effects).size(), 1U);
  EXPECT_TRUE(all<Publish>(effects).empty());
  EXPECT_EQ(pass(std::chrono::hours(10)), (Strings{"cmnd/tasmota_80FF6D/Status 5"}));
  EXPECT_TRUE(hear(config_topic(kMac), config_text(kMac), true).empty());  // nothing new
}

TEST_F(TasmotaDialect, OnlyTheMacIsAskedForUntilTheDeviceSaidTheAnnouncedOne) {
  hear(config_topic(kMac), config_text(kMac));
  EXPECT_EQ(pass(std::chrono::hours(1)), Strings(3, "cmnd/tasmota_80FF6D/Status 5"));
  EXPECT_FALSE(dialect.contact(id(kMac))->confirmed);
  const auto says = announced(hear("stat/tasmota_80FF6D/STATUS5", network_text(kColons)));
  EXPECT_EQ(says.facts.at("mac_checked"), "yes");
  EXPECT_EQ(says.facts.at("checked_topics"), "cmnd/tasmota_80FF6D/+stat/tasmota_80FF6D/+tele/tasmota_80FF6D/");
  EXPECT_EQ(says.address, "127.0.0.9");
  EXPECT_TRUE(dialect.contact(id(kMac))->confirmed);
  EXPECT_EQ(pass(seconds(1)), (Strings{"cmnd/tasmota_80FF6D/Status 2"}));
  const auto firmware = announced(hear("stat/tasmota_80FF6D/STATUS2", firmware_text("13.3.0(release-tasmota)")));
  EXPECT_TRUE(firmware.live);
  EXPECT_EQ(firmware.version, "13.3.0");
  EXPECT_EQ(firmware.hardware, "ESP8266EX");
  EXPECT_EQ(firmware.facts, (Facts{{"chip", "ESP8266EX"}, {"image", "tasmota"}}));
  EXPECT_EQ(pass(std::chrono::hours(1)), Strings());
}

// Whoever writes to the broker may announce any address, and topics on which he speaks himself.
TEST_F(TasmotaDialect, OfADeviceThatSaidWhereItIsNoAnnouncementSaysSo) {
  introduce();
  const std::string host = R"({"Info2":{"WebServerMode":"Admin","Hostname":"x","IPAddress":"127.0.0.7"}})";
  EXPECT_EQ(announced(hear("tele/tasmota_80FF6D/INFO2", host)).address, "127.0.0.7");
  auto elsewhere = config_text(kMac);
  elsewhere.replace(elsewhere.find("127.0.0.1"), 9, "127.0.0.8");
  EXPECT_EQ(announced(hear(config_topic(kMac), elsewhere)).address, std::nullopt);
  elsewhere.replace(elsewhere.find("\"t\":\"tasmota_80FF6D\""), 20, "\"t\":\"tasmota_ABCDEF\"");
  EXPECT_EQ(announced(hear(config_topic(kMac), elsewhere)).address, std::nullopt);
  EXPECT_EQ(announced(hear("tele/tasmota_ABCDEF/INFO2", host)).address, std::nullopt);
}

TEST_F(TasmotaDialect, TheRevisionOfAChipIsHardwareAndNotChip) {
  introduce();
  const auto says =
      announced(hear("stat/tasmota_80FF6D/STATUS2", firmware_text("13.3.0(tasmota32)", "ESP32-D0WD-V3 rev3.1")));
  EXPECT_EQ(says.hardware, "ESP32-D0WD-V3 rev3.1");
  EXPECT_EQ(says.facts.at("chip"), "ESP32-D0WD-V3");
}

TEST_F(TasmotaDialect, ARetainedOfflineMeansOfflineAndNobodyAsks) {
  hear(config_topic(kMac), config_text(kMac), true);
  const auto says = announced(hear("tele/tasmota_80FF6D/LWT", "Offline", true));
  EXPECT_FALSE(says.live);
  EXPECT_EQ(says.reachable, false);
  EXPECT_EQ(pass(std::chrono::hours(1)), Strings());
}

TEST_F(TasmotaDialect, ARetainedOnlineIsNoLifeAndALiveOneIs) {
  hear(config_topic(kMac), config_text(kMac), true);
  EXPECT_TRUE(hear("tele/tasmota_80FF6D/LWT", "Online", true).empty());
  const auto says = announced(hear("tele/tasmota_80FF6D/LWT", "Online"));
  EXPECT_TRUE(says.live);
  EXPECT_EQ(says.reachable, true);
  EXPECT_EQ(announced(hear("tele/tasmota_80FF6D/LWT", "Offline")).reachable, false);
}

// A broker that ends tells of everybody's last will, and devices may be back with it before we are.
TEST_F(TasmotaDialect, ARetainedOnlineAfterAnOfflineIsAskedForLifeHoweverWellTheDeviceIsKnown) {
  introduce();
  hear("stat/tasmota_80FF6D/STATUS2", firmware_text("13.3.0(tasmota)"));
  EXPECT_EQ(pass(std::chrono::hours(1)), Strings());
  EXPECT_EQ(announced(hear("tele/tasmota_80FF6D/LWT", "Offline")).reachable, false);
  EXPECT_TRUE(hear("tele/tasmota_80FF6D/LWT", "Online", true).empty());
  EXPECT_EQ(pass(seconds(60)), Strings(3, "cmnd/tasmota_80FF6D/Status 2"));
  EXPECT_TRUE(announced(hear("stat/tasmota_80FF6D/STATUS2", firmware_text("13.3.0(tasmota)"))).live);
}

TEST_F(TasmotaDialect, APeriodicStateIsASignOfLifeAndOneMoreChanceToBeAsked) {
  hear(config_topic(kMac), config_text(kMac), true);
  EXPECT_EQ(pass(seconds(60)).size(), 1U);  // and no answer
  const auto says = announced(hear("tele/tasmota_80FF6D/STATE", R"({"UptimeSec":300})"));
  EXPECT_TRUE(says.live);
  EXPECT_FALSE(says.reachable || says.version || says.restarted);
  EXPECT_EQ(pass(seconds(60)), (Strings{"cmnd/tasmota_80FF6D/Status 5"}));
  EXPECT_TRUE(hear("tele/tasmota_80FF6D/STATE", "{}", true).empty());
}

TEST_F(TasmotaDialect, TheLastWillsTextsAreTheDevicesOwn) {
  std::string payload = config_text(kMac);
  payload.replace(payload.find("\"Offline\""), 9, "\"weg\"");
  hear(config_topic(kMac), payload);
  EXPECT_TRUE(hear("tele/tasmota_80FF6D/LWT", "Offline").empty());
  EXPECT_EQ(announced(hear("tele/tasmota_80FF6D/LWT", "weg")).reachable, false);
}

TEST_F(TasmotaDialect, OneBootIsOneRestart) {
  introduce();
  const auto boot = announced(hear("tele/tasmota_80FF6D/INFO1", boot_text("14.2.0(release-tasmota)")));
  EXPECT_TRUE(boot.live);
  EXPECT_TRUE(boot.restarted);
  EXPECT_EQ(boot.version, "14.2.0");
  EXPECT_EQ(boot.facts.at("image"), "tasmota");
  EXPECT_FALSE(announced(hear("tele/tasmota_80FF6D/INFO3", R"({"Info3":{"RestartReason":"x"}})")).restarted);
  pass(seconds(60));
  EXPECT_TRUE(announced(hear("tele/tasmota_80FF6D/INFO3", R"({"Info3":{"RestartReason":"x"}})")).restarted);
}

TEST_F(TasmotaDialect, ARetainedBootIsNone) {
  introduce();
  EXPECT_TRUE(hear("tele/tasmota_80FF6D/INFO1", boot_text("14.2.0(tasmota)"), true).empty());
}

// Safeboot may announce the version that it is yet to install.
TEST_F(TasmotaDialect, AHelperImageIsNotTakenForTheWantedOne) {
  introduce();
  const auto boot = announced(hear("tele/tasmota_80FF6D/INFO1", boot_text("14.2.0(safeboot)")));
  EXPECT_TRUE(boot.intermediate);
  EXPECT_FALSE(boot.facts.contains("image"));
  const auto config = announced(hear(config_topic(kMac), config_text(kMac, R"("bat":0)", "", "14.2.0")));
  EXPECT_TRUE(config.intermediate);
  hear("tele/tasmota_80FF6D/LWT", "Online");
  EXPECT_FALSE(announced(hear(config_topic(kMac), config_text(kMac, R"("bat":0)", "", "14.2.0"))).version);
}

TEST_F(TasmotaDialect, UpgradeResultsAreTheDevicesWordAndNoMore) {
  introduce();
  const auto good = announced(hear("stat/tasmota_80FF6D/UPGRADE", R"({"Upgrade":"Successful. Restarting"})"));
  EXPECT_EQ(good.result->kind, InstallResult::Kind::success);
  EXPECT_FALSE(good.version);
  const auto bad = announced(hear("stat/tasmota_80FF6D/UPGRADE", R"({"Upgrade":"Failed Wrong HTTP code"})"));
  EXPECT_EQ(bad.result->kind, InstallResult::Kind::failure);
  EXPECT_TRUE(bad.result->may_retry);
  EXPECT_TRUE(hear("stat/tasmota_80FF6D/UPGRADE", R"({"Upgrade":"Failed x"})", true).empty());
}

TEST_F(TasmotaDialect, SaysWhatPowerTheDeviceHasWhereTheDeviceDoes) {
  const auto facts = [&](std::string_view more) {
    return announced(hear(config_topic(kMac), config_text(kMac, std::string(more)))).facts;
  };
  EXPECT_EQ(facts(R"("bat":0)").at("power"), "mains");
  EXPECT_EQ(facts(R"("bat":1)").at("power"), "battery");
  EXPECT_FALSE(facts(R"("bat":null)").contains("power"));
}

TEST_F(TasmotaDialect, ADeviceUnderUpdateIsNotAskedAnything) {
  introduce();
  dialect.quiet(id(kMac), true, now);
  EXPECT_EQ(pass(seconds(60)), Strings());
  hear("tele/tasmota_80FF6D/LWT", "Online");
  hear(config_topic(kMac), config_text(kMac, R"("bat":1)"));
  EXPECT_EQ(pass(std::chrono::hours(1)), Strings());
  dialect.quiet(id(kMac), false, now);
  EXPECT_EQ(pass(seconds(1)), (Strings{"cmnd/tasmota_80FF6D/Status 2"}));
}

TEST_F(TasmotaDialect, QuietHoldsForADeviceThatIsNotKnownYet) {
  dialect.quiet(id(kMac), true, now);
  hear(config_topic(kMac), config_text(kMac));
  EXPECT_EQ(pass(std::chrono::hours(1)), Strings());
}

// The hostile announcement: it names another device's topic as its own.
TEST_F(TasmotaDialect, AnAnnouncementOfAnotherDevicesTopicSendsItNothingButTheQuestion) {
  hear(config_topic(kOther), config_text(kOther, R"("bat":0)", "tasmota_80FF6D"));  // first come
  const auto late = hear(config_topic(kMac), config_text(kMac));                    // the true owner
  EXPECT_TRUE(all<Announcement>(late).empty());
  ASSERT_EQ(all<Remark>(late).size(), 1U);
  EXPECT_NE(all<Remark>(late)[0].text.find("which another device has"), std::string::npos);
  EXPECT_EQ(dialect.counters().contested, 1U);
  EXPECT_FALSE(dialect.contact(id(kMac)));
  EXPECT_EQ(pass(seconds(5)), (Strings{"cmnd/tasmota_80FF6D/Status 5"}));

  const auto found_out = hear("stat/tasmota_80FF6D/STATUS5", network_text(kColons));
  EXPECT_EQ(dialect.counters().impostors, 1U);
  EXPECT_FALSE(dialect.contact(id(kOther)));
  EXPECT_EQ(announced(found_out).device, id(kOther));
  EXPECT_EQ(announced(found_out).facts.at("mac_checked"), "no");
  EXPECT_FALSE(announced(found_out).live);
  // The broker is made to repeat what the true owner had announced.
  ASSERT_EQ(all<Subscribe>(found_out).size(), 1U);
  EXPECT_EQ(all<Subscribe>(found_out)[0].filters, (Strings{config_topic(kMac)}));
  hear(config_topic(kMac), config_text(kMac), true);
  EXPECT_TRUE(dialect.contact(id(kMac)));
  // And the impostor, announced again, is only a second claimant now.
  hear(config_topic(kOther), config_text(kOther, R"("bat":0)", "tasmota_80FF6D"));
  EXPECT_FALSE(dialect.contact(id(kOther)));
}

TEST_F(TasmotaDialect, AConfirmedDeviceKeepsItsTopicsWhenAnotherWantsThem) {
  introduce();
  hear(config_topic(kOther), config_text(kOther, R"("bat":0)", "tasmota_80FF6D"));
  EXPECT_TRUE(dialect.contact(id(kMac))->confirmed);
  EXPECT_FALSE(dialect.contact(id(kOther)));
}

// Tasmota listens on all of cmnd/<topic>/#: a question below is a disturbance.
TEST_F(TasmotaDialect, NobodyIsAskedOnATopicBelowAnotherDevices) {
  introduce();
  pass(std::chrono::minutes(1));
  for (const auto* topic : {"tasmota_80FF6D/x", "tasmota_80FF6D/x/y"}) {
    const auto effects = hear(config_topic(kOther), config_text(kOther, R"("bat":0)", topic));
    EXPECT_EQ(all<Remark>(effects).size(), 1U);
    EXPECT_FALSE(dialect.contact(id(kOther)));
  }
  EXPECT_EQ(dialect.counters().contested, 2U);
  EXPECT_EQ(pass(std::chrono::hours(1)), Strings());
  hear(config_topic(kOther), config_text(kOther, R"("bat":0)", "tasmota_80FF6D_x"));  // another level, only longer
  EXPECT_TRUE(dialect.contact(id(kOther)));
}

TEST_F(TasmotaDialect, ATopicAboveAnotherDevicesIsTakenToo) {
  hear(config_topic(kMac), config_text(kMac, R"("bat":0)", "house/lamp"));
  hear(config_topic(kOther), config_text(kOther, R"("bat":0)", "house"));
  EXPECT_EQ(dialect.counters().contested, 1U);
  EXPECT_FALSE(dialect.contact(id(kOther)));
  // When it has moved away, the broker is made to repeat the other's announcement.
  const auto moved = hear(config_topic(kMac), config_text(kMac, R"("bat":0)", "lamp"));
  ASSERT_EQ(all<Subscribe>(moved).size(), 2U);
  hear(config_topic(kOther), config_text(kOther, R"("bat":0)", "house"), true);
  EXPECT_TRUE(dialect.contact(id(kOther)));
}

TEST_F(TasmotaDialect, ADeviceMayMoveBelowItsOwnFormerTopic) {
  introduce();
  hear(config_topic(kMac), config_text(kMac, R"("bat":0)", "tasmota_80FF6D/x"));
  EXPECT_EQ(dialect.contact(id(kMac))->command, "cmnd/tasmota_80FF6D/x/");
  hear(config_topic(kMac), config_text(kMac));
  EXPECT_EQ(dialect.contact(id(kMac))->command, "cmnd/tasmota_80FF6D/");
}

TEST_F(TasmotaDialect, NewTopicsHaveToBeConfirmedAnew) {
  introduce();
  const auto moved = hear(config_topic(kMac), config_text(kMac, R"("bat":0)", "kitchen"));
  EXPECT_EQ(all<Unsubscribe>(moved).size(), 1U);
  EXPECT_EQ(all<Subscribe>(moved).size(), 1U);
  EXPECT_FALSE(dialect.contact(id(kMac))->confirmed);
  EXPECT_TRUE(hear("tele/tasmota_80FF6D/LWT", "Online").empty());
  EXPECT_EQ(pass(seconds(3)), (Strings{"cmnd/kitchen/Status 5"}));
}

TEST_F(TasmotaDialect, OpenBekenIsPutOutOfDoors) {
  introduce();
  hear("stat/tasmota_80FF6D/STATUS2", R"({"StatusFWR":{"Version":"OpenBK7231N_1.17.1","SDK":"obk"}})");
  EXPECT_FALSE(dialect.contact(id(kMac)));
  EXPECT_EQ(dialect.counters().impostors, 1U);
  EXPECT_EQ(pass(std::chrono::hours(1)), Strings());
}

TEST_F(TasmotaDialect, AWithdrawnAnnouncementIsNoDeletion) {
  introduce();
  EXPECT_TRUE(hear(config_topic(kMac), "").empty());
  EXPECT_TRUE(dialect.contact(id(kMac)));
}

TEST_F(TasmotaDialect, AfterAReconnectEveryDevicesTopicsAreSubscribedAgain) {
  introduce();
  hear(config_topic(kOther), config_text(kOther));
  const auto again = all<Subscribe>(dialect.on_connected());
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].filters.size(), 20U);
}

TEST_F(TasmotaDialect, AThousandAnnouncementsAreNotAThousandQuestionsAtOnce) {
  for (int i = 0; i < 1000; ++i) {
    const auto mac = fmt::format("E09806{:06X}", i);
    hear(config_topic(mac), config_text(mac), true);
  }
  EXPECT_LE(pass(seconds(10)).size(), 10U * kMaxAsksPerSecond);
  EXPECT_EQ(pass(seconds(60)).size() + 161U, 1000U);
}

TEST_F(TasmotaDialect, TenThousandInventedDevicesStayWithinTheLimitAndPushOutNoRealOne) {
  introduce();
  std::size_t remarks = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto mac = fmt::format("E29806{:06X}", i);
    remarks += all<Remark>(hear(config_topic(mac), config_text(mac, R"("bat":0)", "t" + mac))).size();
  }
  EXPECT_EQ(dialect.devices(), kMaxDevices);
  EXPECT_EQ(dialect.counters().crowded_out, 10'001U - kMaxDevices);
  EXPECT_LE(remarks, Dialect::kMaxRemarks);
  EXPECT_TRUE(dialect.contact(id(kMac))->confirmed);
  EXPECT_FALSE(dialect.contact(id("E29806000000")));
}

// After a restart nobody has said yet who he is, and the broker repeats thousands of invented announcements.
TEST_F(TasmotaDialect, AKnownDeviceKeepsItsPlaceAndIsAskedFirst) {
  acquaintances[id(kMac)] = Acquaintance::listed;
  acquaintances[id(kOther)] = Acquaintance::accepted;
  Dialect small(100, [this](const DeviceId& device) { return acquaintance(device); });
  const auto say = [&](const std::string& mac) {
    (void)small.on_message({config_topic(mac), config_text(mac), true}, now);
  };
  const auto invent = [&](int from) {
    for (int i = from; i < from + 200; ++i) say(fmt::format("E00006{:06X}", i));
  };
  invent(0);
  say(kOther);
  say(kMac);
  invent(200);
  EXPECT_EQ(small.devices(), 100U);
  ASSERT_TRUE(small.contact(id(kMac)));
  EXPECT_TRUE(small.contact(id(kOther)));
  go_to(now.ticks + seconds(2));
  EXPECT_EQ(all<Publish>(small.on_time(now)).at(0).topic, "cmnd/tasmota_80FF6E/Status");
  go_to(*small.next_wake());
  EXPECT_EQ(all<Publish>(small.on_time(now)).at(0).topic, "cmnd/tasmota_80FF6D/Status");
}

TEST_F(TasmotaDialect, AStrangerDoesNotPushOutWhomTheHomeKnows) {
  acquaintances[id(kMac)] = Acquaintance::listed;
  Dialect small(1, [this](const DeviceId& device) { return acquaintance(device); });
  (void)small.on_message({config_topic(kMac), config_text(kMac), true}, now);
  (void)small.on_message({config_topic(kOther), config_text(kOther), false}, now);
  EXPECT_TRUE(small.contact(id(kMac)));
  EXPECT_FALSE(small.contact(id(kOther)));
}

TEST_F(TasmotaDialect, AKnownDeviceTakesItsTopicBackFromOneThatNeverAnswered) {
  for (const auto* topic : {"tasmota_80FF6D", "tasmota_80FF6D/x"}) {
    Dialect home(100, [this](const DeviceId& device) { return acquaintance(device); });
    acquaintances[id(kMac)] = Acquaintance::accepted;
    (void)home.on_message({config_topic(kOther), config_text(kOther, R"("bat":0)", topic), true}, now);
    const auto effects = home.on_message({config_topic(kMac), config_text(kMac), true}, now);
    EXPECT_TRUE(home.contact(id(kMac)));
    EXPECT_FALSE(home.contact(id(kOther)));
    EXPECT_EQ(all<Unsubscribe>(effects).size(), 1U);
    go_to(*home.next_wake());
    EXPECT_EQ(all<Publish>(home.on_time(now)).at(0).topic, "cmnd/tasmota_80FF6D/Status");
    EXPECT_FALSE(home.next_wake());
  }
}

TEST_F(TasmotaDialect, WhoIsDismissedIsNeitherAskedNorHeardUntilItIsAnnouncedAnew) {
  hear(config_topic(kMac), config_text(kMac), true);
  const auto effects = dialect.dismiss(id(kMac));
  ASSERT_EQ(all<Unsubscribe>(effects).size(), 1U);
  EXPECT_EQ(all<Unsubscribe>(effects)[0].filters.size(), 10U);
  EXPECT_EQ(dialect.counters().dismissed, 1U);
  EXPECT_EQ(dialect.devices(), 0U);
  EXPECT_EQ(pass(std::chrono::hours(1)), Strings());
  EXPECT_TRUE(hear("tele/tasmota_80FF6D/STATE", "{}").empty());
  EXPECT_TRUE(dialect.dismiss(id(kMac)).empty());
  hear(config_topic(kMac), config_text(kMac), true);
  EXPECT_TRUE(dialect.contact(id(kMac)));
}

TEST_F(TasmotaDialect, WhomTheHomeLetGoIsNotAskedAnyMore) {
  acquaintances[id(kMac)] = Acquaintance::listed;
  Dialect home(100, [this](const DeviceId& device) { return acquaintance(device); });
  (void)home.on_message({config_topic(kMac), config_text(kMac), true}, now);
  acquaintances.clear();
  go_to(*home.next_wake());
  const auto effects = home.on_time(now);
  EXPECT_TRUE(all<Publish>(effects).empty());
  EXPECT_EQ(all<Unsubscribe>(effects).size(), 1U);
  EXPECT_EQ(home.devices(), 0U);
  EXPECT_FALSE(home.next_wake());
}

TEST_F(TasmotaDialect, WhereEveryDeviceIsRealANewOneIsTurnedAway) {
  Dialect small(1);
  (void)small.on_message({config_topic(kMac), config_text(kMac), false}, now);
  (void)small.on_message({"stat/tasmota_80FF6D/STATUS5", network_text(kColons), false}, now);
  (void)small.on_message({config_topic(kOther), config_text(kOther), false}, now);
  EXPECT_TRUE(small.contact(id(kMac)));
  EXPECT_FALSE(small.contact(id(kOther)));
  EXPECT_EQ(small.counters().crowded_out, 1U);
}

TEST_F(TasmotaDialect, MalformedAnnouncementsAreCountedAndNamedAFewTimesAMinute) {
  std::size_t remarks = 0;
  for (int i = 0; i < 100; ++i) remarks += all<Remark>(hear(config_topic(kMac), "{")).size();
  EXPECT_EQ(dialect.counters().malformed, 100U);
  EXPECT_EQ(remarks, Dialect::kMaxRemarks);
  EXPECT_EQ(dialect.devices(), 0U);
}

TEST_F(TasmotaDialect, RealMessagesMakeARealDevice) {
  RECORDED_OR_SKIP(config, "03-discovery-config-13.3.0.1-esp32.json");
  RECORDED_OR_SKIP(info, "07-info1-14.2.0-release-tasmota.json");
  RECORDED_OR_SKIP(sensors, "05-discovery-sensors.json");
  EXPECT_EQ(announced(hear("tasmota/discovery/E0980680FF6D/config", config, true)).version, "13.3.0.1");
  EXPECT_TRUE(hear("tasmota/discovery/3C71BFF01A7C/sensors", sensors, true).empty());
  EXPECT_EQ(announced(hear("tele/tasmota_80FF6D/INFO1", info)).version, "14.2.0");
}

}  // namespace
}  // namespace homepatch::mqtt::tasmota
