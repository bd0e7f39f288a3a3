#include "protocols/mqtt/dialects/tasmota/topics.hpp"

#include <gtest/gtest.h>

#include "protocols/mqtt/dialects/tasmota/version_text.hpp"

namespace homepatch::mqtt::tasmota {
namespace {

const DeviceId kDevice = DeviceId::from_mac("E0980680FF6D").value();

TopicTemplate usual() {
  TopicTemplate out;
  out.full_topic = "%prefix%/%topic%/";
  out.topic = "tasmota_80FF6D";
  out.hostname = "tasmota-80FF6D-8045";
  return out;
}

bool refused(const TopicTemplate& announced) { return !build_topics(announced, kDevice); }

TEST(TasmotaTopics, AreBuiltFromTheTemplate) {
  const auto topics = build_topics(usual(), kDevice).value();
  EXPECT_EQ(topics.command, "cmnd/tasmota_80FF6D/");
  EXPECT_EQ(topics.status, "stat/tasmota_80FF6D/");
  EXPECT_EQ(topics.telemetry, "tele/tasmota_80FF6D/");
}

TEST(TasmotaTopics, FollowTheOwnersOrderAndTokens) {
  auto own = usual();
  own.full_topic = "house/%topic%/%hostname%/%id%/%prefix%";
  own.prefixes = {"befehl", "stand", "werte"};
  EXPECT_EQ(build_topics(own, kDevice).value().command,
            "house/tasmota_80FF6D/tasmota-80FF6D-8045/E0980680FF6D/befehl/");
}

TEST(TasmotaTopics, RefuseTemplatesThatAreNone) {
  for (const auto* text : {"", "%topic%/", "%prefix%/", "%prefix%/%topic%/%unknown%/", "%prefix%/%topic%/#",
                           "%prefix%/+/%topic%", "/%prefix%/%topic%", "%prefix%//%topic%", "%prefix%/%topic%//",
                           "$SYS/%prefix%/%topic%", "homeassistant/%prefix%/%topic%", "homepatch/%prefix%/%topic%",
                           "tasmota/discovery/%prefix%/%topic%", "%prefix%/\x01/%topic%", "%prefix%/\xff/%topic%"}) {
    auto hostile = usual();
    hostile.full_topic = text;
    EXPECT_TRUE(refused(hostile)) << text;
  }
}

TEST(TasmotaTopics, RefusePartsThatReachElsewhere) {
  for (const std::string& part : {std::string(), std::string("+"), std::string("a/#"), std::string("%prefix%"),
                                  std::string("a\0b", 3), std::string("/x"), std::string(101, 'x')}) {
    auto hostile = usual();
    hostile.topic = part;
    EXPECT_TRUE(refused(hostile)) << part;
    hostile = usual();
    hostile.prefixes[0] = part;
    EXPECT_TRUE(refused(hostile)) << part;
  }
  auto reserved = usual();
  reserved.prefixes[0] = "tasmota";
  reserved.topic = "discovery";
  EXPECT_TRUE(refused(reserved));
}

TEST(TasmotaTopics, RefuseThoseOnWhichOtherDevicesListenToo) {
  for (const std::string topic : {"tasmotas", "tasmotas/x", "sonoffs", "DVES_80FF6D_fb", "DVES_80FF6D_fb/x"}) {
    auto hostile = usual();
    hostile.topic = topic;
    EXPECT_TRUE(refused(hostile)) << topic;
    hostile = usual();
    hostile.prefixes[0] = "cmnd/" + topic;
    EXPECT_TRUE(refused(hostile)) << topic;
  }
  auto harmless = usual();
  harmless.topic = "tasmotas_kitchen";
  EXPECT_FALSE(refused(harmless));
}

TEST(TasmotaTopics, MustBeThree) {
  auto same = usual();
  same.prefixes = {"cmnd", "cmnd", "tele"};
  EXPECT_TRUE(refused(same));
  same.prefixes = {"cmnd", "stat", "stat"};
  EXPECT_TRUE(refused(same));
}

TEST(TasmotaTopics, MustNotBeLong) {
  auto long_one = usual();
  long_one.full_topic = "%prefix%/%topic%/%topic%/%topic%/";
  long_one.topic = std::string(70, 'x');
  EXPECT_TRUE(refused(long_one));
}

TEST(TasmotaTopics, FiltersAreExact) {
  for (const auto& filter : filters(build_topics(usual(), kDevice).value())) {
    EXPECT_EQ(filter.find_first_of("+#"), std::string::npos);
    EXPECT_FALSE(filter.starts_with("cmnd/"));
  }
}

TEST(TasmotaVersionText, NamesVersionAndImage) {
  EXPECT_EQ(parse_version_text("14.2.0(release-tasmota)"), (VersionText{"14.2.0", "tasmota", false}));
  EXPECT_EQ(parse_version_text("11.1.0(tasmota)"), (VersionText{"11.1.0", "tasmota", false}));
  EXPECT_EQ(parse_version_text("8.1.0.3(DE)"), (VersionText{"8.1.0.3", "DE", false}));
  EXPECT_EQ(parse_version_text("13.3.0.1"), (VersionText{"13.3.0.1", "", false}));
}

TEST(TasmotaVersionText, KnowsTheHelpersOnTheWay) {
  EXPECT_TRUE(parse_version_text("14.2.0(minimal)")->intermediate);
  EXPECT_TRUE(parse_version_text("14.2.0(release-minimal)")->intermediate);
  EXPECT_TRUE(parse_version_text("14.2.0(safeboot)")->intermediate);
  EXPECT_FALSE(parse_version_text("14.2.0(lite)")->intermediate);
}

TEST(TasmotaVersionText, RefusesEverythingElse) {
  for (const auto* text : {"", "14", "14.2", "14.2.0.1.5", "14.2.", ".14.2.0", "14..2", "123456.0.0", "v14.2.0",
                           "14.2.0(", "14.2.0()", "14.2.0(a b)", "14.2.0(tasmota", "14.2.0(tasmota)x", "14.2.0(../x)",
                           "OpenBK7231N_1.17.1", "14.2.0(release-)"}) {
    EXPECT_FALSE(parse_version_text(text)) << text;
  }
}

}  // namespace
}  // namespace homepatch::mqtt::tasmota
