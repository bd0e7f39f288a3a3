#include "protocols/mqtt/dialects/tasmota/messages.hpp"

#include <gtest/gtest.h>

#include "tasmota_examples.hpp"

namespace homepatch::mqtt::tasmota {
namespace {

using Kind = UpgradeWords::Kind;

template <typename T>
T words(std::string_view name, std::string_view payload) {
  const auto parsed = parse_words(name, payload);
  EXPECT_TRUE(parsed && std::holds_alternative<T>(*parsed)) << name << ' ' << payload;
  return parsed && std::holds_alternative<T>(*parsed) ? std::get<T>(*parsed) : T{};
}

Kind upgrade(std::string_view name, std::string_view payload) { return words<UpgradeWords>(name, payload).kind; }

TEST(TasmotaMessages, ReadsARealInfo1) {
  RECORDED_OR_SKIP(payload, "07-info1-14.2.0-release-tasmota.json");
  EXPECT_EQ(words<BootWords>("INFO1", payload).version, (VersionText{"14.2.0", "tasmota", false}));
}

TEST(TasmotaMessages, ReadsARealStatus2) {
  RECORDED_OR_SKIP(payload, "09-status2-firmware-11.1.0.json");
  const auto firmware = words<FirmwareWords>("STATUS2", payload);
  EXPECT_EQ(firmware.version, (VersionText{"11.1.0", "tasmota", false}));
  EXPECT_EQ(firmware.hardware, "ESP8266EX");
  EXPECT_FALSE(firmware.foreign);
}

TEST(TasmotaMessages, ReadsARealAcceptedUpgrade) {
  RECORDED_OR_SKIP(payload, "12-result-upgrade-accepted.json");
  EXPECT_EQ(upgrade("RESULT", payload), Kind::accepted);
}

TEST(TasmotaMessages, OldFirmwareHasNoWrapperAroundInfo) {
  EXPECT_EQ(words<BootWords>("INFO1", R"j({"Module":"Basic","Version":"8.5.1(lite)"})j").version->image, "lite");
  EXPECT_EQ(words<HostWords>("INFO2", R"({"IPAddress":"192.0.2.4"})").address, "192.0.2.4");
  EXPECT_EQ(words<HostWords>("INFO2", R"({"Info2":{"IPAddress":"192.0.2.4"}})").address, "192.0.2.4");
  words<RestartWords>("INFO3", R"({"Info3":{"RestartReason":{"Exception":29},"BootCount":"184"}})");
  words<RestartWords>("INFO3", R"({"RestartReason":"Power On"})");
}

TEST(TasmotaMessages, TheTextDecidesAndNotTheTopic) {
  for (const auto* name : {"RESULT", "UPGRADE"}) {
    EXPECT_EQ(upgrade(name, R"({"Upgrade":"Version 13.3.0 from http://192.0.2.1/x.bin"})"), Kind::accepted);
    EXPECT_EQ(upgrade(name, R"({"Upgrade":"Successful. Restarting"})"), Kind::succeeded);
    EXPECT_EQ(upgrade(name, R"({"Upgrade":"Failed Not enough space"})"), Kind::failed);
    EXPECT_EQ(upgrade(name, R"({"Upgrade":"1 or >13.3.0 to upgrade"})"), Kind::other);
  }
  EXPECT_EQ(words<OtaUrlWords>("OTAURL", R"({"OtaUrl":"http://192.0.2.1/x.bin"})").url, "http://192.0.2.1/x.bin");
  words<UnknownCommandWords>("RESULT", R"({"Command":"Unknown"})");
}

TEST(TasmotaMessages, VeryOldFirmwareSaysTheResultBare) {
  EXPECT_EQ(upgrade("UPGRADE", "Successful. Restarting"), Kind::succeeded);
  EXPECT_EQ(upgrade("UPGRADE", "Failed File not Found (404)"), Kind::failed);
  EXPECT_FALSE(parse_words("RESULT", "Successful. Restarting"));
}

TEST(TasmotaMessages, AnImageForOtherHardwareIsNotTriedAgain) {
  EXPECT_FALSE(words<UpgradeWords>("UPGRADE", R"({"Upgrade":"Failed Verify Bin Header Failed"})").may_retry);
  EXPECT_FALSE(words<UpgradeWords>("UPGRADE", R"({"Upgrade":"Failed bin for wrong flash size"})").may_retry);
  EXPECT_TRUE(words<UpgradeWords>("UPGRADE", R"({"Upgrade":"Failed HTTP error: connection lost"})").may_retry);
}

TEST(TasmotaMessages, OpenBekenIsForeign) {
  EXPECT_TRUE(words<FirmwareWords>("STATUS2", R"({"StatusFWR":{"Version":"OpenBK7231N_1.17.1","SDK":"obk"}})").foreign);
  EXPECT_TRUE(words<FirmwareWords>("STATUS2", R"({"StatusFWR":{"Version":"1.17.551","SDK":"obk"}})").foreign);
}

TEST(TasmotaMessages, TheMacComesWithColonsAndAnEthernetAddressCounts) {
  const auto network = words<NetworkWords>(
      "STATUS5",
      R"({"StatusNET":{"IPAddress":"0.0.0.0","Mac":"E0:98:06:80:FF:6D","Ethernet":{"IPAddress":"192.0.2.7"}}})");
  EXPECT_EQ(network.mac->to_string(), "mac:e0980680ff6d");
  EXPECT_EQ(network.address, "192.0.2.7");
}

TEST(TasmotaMessages, NonsenseSaysNothing) {
  const std::string deep = std::string(5000, '[');
  for (const std::string& payload :
       {std::string(), std::string("{"), std::string("[]"), std::string("5"), std::string("{\"StatusFWR\":5}"),
        std::string("{\"StatusFWR\":{\"Version\":7}}"), std::string("{\"OtaUrl\":\"\\u0000\"}"), deep,
        std::string("{\"Upgrade\":[]}"), std::string("{\"x\":\"\xff\"}"), std::string(kMaxMessage + 1, 'x')}) {
    for (const auto* name : {"INFO1", "INFO3", "STATUS2", "STATUS5", "RESULT", "OTAURL", "POWER", ""}) {
      EXPECT_FALSE(parse_words(name, payload)) << name << ' ' << payload.substr(0, 40);
    }
  }
}

TEST(TasmotaMessages, WhatADeviceSaysIsFitToBeShown) {
  const auto failed = words<UpgradeWords>("UPGRADE", "Failed \x1b[2J" + std::string(2000, 'x'));
  EXPECT_EQ(failed.text.find('\x1b'), std::string::npos);
  EXPECT_LT(failed.text.size(), 256U);
}

}  // namespace
}  // namespace homepatch::mqtt::tasmota
