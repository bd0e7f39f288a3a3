#include <gtest/gtest.h>

#include "sim/address.hpp"
#include "sim/fault.hpp"
#include "sim/gunzip.hpp"
#include "sim/tasmota/ota_url.hpp"
#include "sim/tasmota/tasmota_messages.hpp"
#include "sim/voice.hpp"

namespace homepatch::sim {
namespace {

TEST(OtaUrl, TheMinimalImagesNameFollowsTheFirmwaresRule) {
  EXPECT_EQ(minimal_url("http://h/tasmota.bin"), "http://h/tasmota-minimal.bin");
  EXPECT_EQ(minimal_url("http://h/tasmota-DE.bin.gz"), "http://h/tasmota-minimal.bin.gz");
  EXPECT_EQ(minimal_url("http://h/ard-uino/mybuild.bin"), "http://h/ard-uino/mybuild-minimal.bin");
  EXPECT_EQ(minimal_url("http://h/1.2/a-b-c.ino.bin"), "http://h/1.2/a-b-minimal.ino.bin");
  EXPECT_EQ(minimal_url("http://h/tasmota"), "http://h/tasmota-minimal");
}

TEST(OtaUrl, VersionsAreComparedNumberByNumber) {
  EXPECT_TRUE(is_newer_version("14.10.0", "14.2.0"));
  EXPECT_TRUE(is_newer_version("14.2.0.1", "14.2.0"));
  EXPECT_FALSE(is_newer_version("14.2.0", "14.2.0"));
  EXPECT_FALSE(is_newer_version("banana", "14.2.0"));
}

TEST(TasmotaTopics, AreBuiltFromWhatTheOwnerChose) {
  TasmotaSettings settings;
  settings.topic = "lamp_{mac6}_{index}";
  settings.full_topic = "house/%topic%/%prefix%/";
  const TasmotaMessages messages(settings, {7, 0xA0B1C2000001, 0x7F010001, {}});
  EXPECT_EQ(messages.cmnd("Status"), "house/lamp_000001_7/cmnd/Status");
  EXPECT_EQ(messages.tele("LWT"), "house/lamp_000001_7/tele/LWT");
  EXPECT_EQ(messages.discovery("config"), "tasmota/discovery/A0B1C2000001/config");
  EXPECT_EQ(messages.colon_mac(), "A0:B1:C2:00:00:01");
}

TEST(Fault, BefallsAllDevicesOrOne) {
  const auto faults = parse_faults({"lie", "hang@2"}, 3).value();
  EXPECT_TRUE(faults[0].has(Fault::lie));
  EXPECT_FALSE(faults[1].has(Fault::hang));
  EXPECT_TRUE(faults[2].has(Fault::hang));
}

TEST(Fault, ThatIsNoneOrOfNoDeviceIsRefused) {
  for (const auto* const wish : {"banana", "lie@3", "lie@", "lie@x", "", "@1"}) {
    EXPECT_FALSE(parse_faults({wish}, 3)) << wish;
  }
  EXPECT_NE(parse_faults({"banana"}, 1).error().text.find("drop-midway"), std::string::npos);
}

TEST(Fault, IsSpentOnce) {
  Faults faults;
  faults.add(Fault::fail_once);
  EXPECT_TRUE(faults.spend(Fault::fail_once));
  EXPECT_FALSE(faults.spend(Fault::fail_once));
}

TEST(Address, DevicesLiveOnLoopbackOnly) {
  EXPECT_EQ(address_text(parse_loopback("127.1.0.1", 1000).value() + 999), "127.1.3.232");
  for (const auto* const text : {"0.0.0.0", "192.168.1.1", "127.0.0", "::1", "", "127.255.255.255"}) {
    EXPECT_FALSE(parse_loopback(text, 2)) << text;
  }
}

TEST(Address, ABrokerIsAHostAndAPort) {
  EXPECT_EQ(parse_host_port("localhost:1883")->port, 1883);
  for (const auto* const text : {"localhost", "localhost:", ":1883", "localhost:0", "localhost:99999", "h:1x"}) {
    EXPECT_FALSE(parse_host_port(text)) << text;
  }
  EXPECT_FALSE(parse_peer("localhost:5683"));
}

TEST(Voice, ForeignTextCannotBreakALine) {
  EXPECT_EQ(in_quotes("a b"), "\"a b\"");
  EXPECT_EQ(in_quotes("a\"\nb").find('\n'), std::string::npos);
}

TEST(Gunzip, RefusesWhatIsDamaged) {
  EXPECT_FALSE(gunzip("\x1f\x8b\x08 nothing of use", 100));
  EXPECT_FALSE(gunzip("", 100));
}

}  // namespace
}  // namespace homepatch::sim
