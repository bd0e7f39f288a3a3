#include "protocols/mqtt/dialects/tasmota/discovery.hpp"

#include <gtest/gtest.h>

#include "core/announcement.hpp"
#include "tasmota_examples.hpp"

namespace homepatch::mqtt::tasmota {
namespace {

constexpr auto kMac = "E0980680FF6D";

Errc refusal(const std::string& payload, const std::string& mac = kMac) {
  const auto config = parse_config(mac, payload);
  return config ? Errc::internal : config.error().code;
}

TEST(TasmotaDiscovery, KnowsItsTopics) {
  EXPECT_EQ(discovery_mac("tasmota/discovery/E0980680FF6D/config"), "E0980680FF6D");
  for (const auto* topic : {"tasmota/discovery/E0980680FF6D/sensors", "tasmota/discovery/E0980680FF6/config",
                            "tasmota/discovery//config", "tasmota/discovery/e0980680ff6d/config",
                            "tasmota/discovery/E0980680FF6/D/config", "tasmota/discovery/config"}) {
    EXPECT_FALSE(discovery_mac(topic)) << topic;
  }
  EXPECT_EQ(discovery_topic(DeviceId::from_mac(kMac).value()), "tasmota/discovery/E0980680FF6D/config");
}

TEST(TasmotaDiscovery, ReadsARealEsp32) {
  RECORDED_OR_SKIP(payload, "03-discovery-config-13.3.0.1-esp32.json");
  const auto config = parse_config(kMac, payload).value();
  EXPECT_EQ(config.device.to_string(), "mac:e0980680ff6d");
  EXPECT_EQ(config.name, "Tasmota");
  EXPECT_EQ(config.model, "Generic");
  EXPECT_EQ(config.version, "13.3.0.1");
  EXPECT_EQ(config.address, "192.168.2.196");
  EXPECT_EQ(config.topics.command, "cmnd/tasmota_80FF6D/");
  EXPECT_FALSE(config.sleepy);
}

TEST(TasmotaDiscovery, TakesNumbersAsStrings) {
  EXPECT_TRUE(parse_config(kMac, config_text(kMac, R"("bat":"1")")).value().sleepy);
  EXPECT_TRUE(parse_config(kMac, config_text(kMac, R"("dslp":"300")")).value().sleepy);
  EXPECT_FALSE(parse_config(kMac, config_text(kMac, R"("bat":"no","dslp":null)")).value().sleepy);
}

TEST(TasmotaDiscovery, TheMacInsideMustBeThatOfTheTopic) {
  EXPECT_EQ(refusal(config_text(kMac), "E0980680FF6E"), Errc::malformed);
  EXPECT_EQ(refusal(config_text("E0980680FF6"), kMac), Errc::malformed);
  EXPECT_EQ(refusal(config_text("FFFFFFFFFFFF"), "FFFFFFFFFFFF"), Errc::malformed);
}

TEST(TasmotaDiscovery, RefusesWhatIsBrokenHugeOrDeep) {
  EXPECT_EQ(refusal(""), Errc::malformed);
  EXPECT_EQ(refusal("[]"), Errc::malformed);
  EXPECT_EQ(refusal("null"), Errc::malformed);
  EXPECT_EQ(refusal(config_text(kMac).substr(0, 100)), Errc::malformed);
  EXPECT_EQ(refusal(config_text(kMac) + '\0'), Errc::malformed);
  EXPECT_EQ(refusal(config_text(kMac, R"("dn2":")"
                                      "\xff\"")),
            Errc::malformed);
  EXPECT_EQ(refusal(config_text(kMac, R"("x":")" + std::string(kMaxConfig, 'x') + '"')), Errc::too_large);
  EXPECT_EQ(refusal(config_text(kMac, R"("x":)" + std::string(500, '[') + std::string(500, ']'))), Errc::too_large);
  std::string many = R"("x":[0)";
  for (int i = 0; i < 2000; ++i) many += ",0";
  EXPECT_EQ(refusal(config_text(kMac, many + "]")), Errc::too_large);
  EXPECT_EQ(refusal(R"({"mac":"E0980680FF6D"})"), Errc::malformed);
  EXPECT_EQ(refusal(config_text(kMac, R"("ver":2)")), Errc::malformed);  // a key twice
}

TEST(TasmotaDiscovery, SaysWhatWasWrong) {
  EXPECT_EQ(parse_config(kMac, config_text("E0980680FF6E")).error().text,
            "the MAC address inside is not that of its topic");
  EXPECT_EQ(parse_config(kMac, R"({"mac":"E0980680FF6D"})").error().text, R"(it lacks the text "ft")");
}

TEST(TasmotaDiscovery, TextsForPeopleLoseWhatSteersATerminal) {
  std::string payload = config_text(kMac);
  payload.replace(payload.find("\"Lamp\""), 6, R"("\u001b[31mred\u0000)" + std::string(500, 'x') + '"');
  const auto config = parse_config(kMac, payload).value();
  EXPECT_EQ(config.name.find('\x1b'), std::string::npos);
  EXPECT_EQ(config.name.find('\0'), std::string::npos);
  EXPECT_LE(config.name.size(), Announcement::kMaxText);
}

TEST(TasmotaDiscovery, ANamelessDeviceIsCalledByItsFirstRelay) {
  std::string payload = config_text(kMac);
  payload.replace(payload.find("\"Lamp\""), 6, "\"\"");
  EXPECT_EQ(parse_config(kMac, payload).value().name, "Relay");
}

TEST(TasmotaDiscovery, AnAddressMustBeOneHosts) {
  for (const auto* ip : {"", "0.0.0.0", "255.255.255.255", "224.0.0.1", "example.org", "192.168.1.1/24", "::"}) {
    std::string payload = config_text(kMac);
    payload.replace(payload.find("127.0.0.1"), 9, ip);
    EXPECT_FALSE(parse_config(kMac, payload).value().address) << ip;
  }
}

TEST(TasmotaDiscovery, ATopicInANameIsRefused) {
  for (const auto* topic : {"a/#", "+", "a\\u0000b", "%prefix%", "a//b"}) {
    EXPECT_EQ(refusal(config_text(kMac, R"("bat":0)", topic)), Errc::malformed) << topic;
  }
}

}  // namespace
}  // namespace homepatch::mqtt::tasmota
