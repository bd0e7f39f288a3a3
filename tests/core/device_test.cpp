#include "core/device.hpp"

#include <gtest/gtest.h>

namespace homepatch {
namespace {

using std::chrono::minutes;

const Time kNow = Time(std::chrono::hours(480'000));

DeviceId id() { return DeviceId::from_mac("e0980680ff6d").value(); }

Announcement live(Time at = kNow) { return Announcement(id(), Family::tasmota, at, true); }
Announcement retained(Time at = kNow) { return Announcement(id(), Family::tasmota, at, false); }

Device device() { return Device(id(), Family::tasmota); }

TEST(Device, IsTheSumOfWhatItSaid) {
  Device lamp = device();
  auto first = live();
  first.name = "kitchen lamp";
  first.facts["chip"] = "ESP8266EX";
  auto second = live(kNow + minutes(1));
  second.version = "14.2.0";
  second.facts["image"] = "tasmota";
  EXPECT_TRUE(merge(lamp, first).described);
  EXPECT_TRUE(merge(lamp, second).described);
  EXPECT_EQ(lamp.name, "kitchen lamp");
  EXPECT_EQ(lamp.version, "14.2.0");
  EXPECT_EQ(lamp.facts, (Facts{{"chip", "ESP8266EX"}, {"image", "tasmota"}}));
  EXPECT_EQ(lamp.standing, Standing::fresh);
}

TEST(Device, WhatAMessageDoesNotSayStaysAsItIs) {
  Device lamp = device();
  auto first = live();
  first.address = "127.0.0.5";
  first.sleepy = true;
  merge(lamp, first);
  merge(lamp, live(kNow + minutes(1)));
  EXPECT_EQ(lamp.address, "127.0.0.5");
  EXPECT_TRUE(lamp.sleepy);
}

TEST(Device, ThatMerelySaysThatItIsThereCausesNoWriteButLastSeen) {
  Device lamp = device();
  auto first = live();
  first.version = "14.2.0";
  merge(lamp, first);
  first.at += minutes(5);
  const auto outcome = merge(lamp, first);
  EXPECT_FALSE(outcome.described);
  EXPECT_FALSE(outcome.condition);
  EXPECT_TRUE(outcome.seen);
  EXPECT_EQ(lamp.last_seen, first.at);
}

TEST(Device, AnotherPlaceIsNoOtherDescriptionButTheFirstIs) {
  Device lamp = device();
  auto said = live();
  said.facts.clear();
  said.facts.emplace(kRemoteFact, "127.0.0.5:4000");
  said.address = "127.0.0.5";
  auto outcome = merge(lamp, said);
  EXPECT_TRUE(outcome.described);
  said.facts.find(kRemoteFact)->second = "127.0.0.6:4001";
  said.address = "127.0.0.6";
  outcome = merge(lamp, said);
  EXPECT_FALSE(outcome.described);
  EXPECT_TRUE(outcome.moved);
  EXPECT_EQ(lamp.address, "127.0.0.6");
  EXPECT_EQ(lamp.facts.find(kRemoteFact)->second, "127.0.0.6:4001");
  EXPECT_FALSE(merge(lamp, said).moved);
}

TEST(Device, ARetainedMessageDescribesItButIsNoSignOfLife) {
  Device lamp = device();
  auto old = retained();
  old.version = "14.2.0";
  old.reachable = true;
  const auto outcome = merge(lamp, old);
  EXPECT_TRUE(outcome.described);
  EXPECT_FALSE(outcome.seen);
  EXPECT_EQ(lamp.version, "14.2.0");
  EXPECT_FALSE(lamp.version_live);
  EXPECT_EQ(lamp.condition, Condition::unknown);
  EXPECT_EQ(lamp.last_seen, Time{});
}

TEST(Device, ARetainedVersionDoesNotReplaceOneThatWasHeardLive) {
  Device lamp = device();
  auto now = live();
  now.version = "14.2.0";
  merge(lamp, now);
  auto old = retained();
  old.version = "13.0.0";
  EXPECT_FALSE(merge(lamp, old).described);
  EXPECT_EQ(lamp.version, "14.2.0");
  now.version = "15.0.0";
  merge(lamp, now);
  EXPECT_EQ(lamp.version, "15.0.0");
}

TEST(Device, AWordOfItsAbsenceMakesItOfflineAndIsNoSightOfIt) {
  Device lamp = device();
  merge(lamp, live());
  EXPECT_EQ(lamp.condition, Condition::online);
  auto will = live(kNow + minutes(2));
  will.reachable = false;
  const auto outcome = merge(lamp, will);
  EXPECT_TRUE(outcome.condition);
  EXPECT_FALSE(outcome.seen);
  EXPECT_EQ(lamp.condition, Condition::offline);
  EXPECT_EQ(lamp.last_seen, kNow);
  merge(lamp, live(kNow + minutes(3)));
  EXPECT_EQ(lamp.condition, Condition::online);
}

TEST(Device, ARetainedWordOfItsAbsenceMakesItOfflineToo) {
  Device lamp = device();
  auto will = retained();
  will.reachable = false;
  EXPECT_TRUE(merge(lamp, will).condition);
  EXPECT_EQ(lamp.condition, Condition::offline);
}

TEST(Device, TheHelperMarkGoesWithTheVersion) {
  Device lamp = device();
  auto helper = live();
  helper.version = "15.0.0";
  helper.intermediate = true;
  merge(lamp, helper);
  EXPECT_TRUE(lamp.intermediate);
  auto silent = live();
  merge(lamp, silent);
  EXPECT_TRUE(lamp.intermediate);
  auto done = live();
  done.version = "15.0.0";
  EXPECT_TRUE(merge(lamp, done).described);
  EXPECT_FALSE(lamp.intermediate);
}

TEST(Device, AnOlderMessageDoesNotMoveLastSeenBack) {
  Device lamp = device();
  merge(lamp, live(kNow));
  EXPECT_FALSE(merge(lamp, live(kNow - minutes(1))).seen);
  EXPECT_EQ(lamp.last_seen, kNow);
}

TEST(Device, CannotBeFilledWithoutEnd) {
  Device lamp = device();
  for (int i = 0; i < 1000; ++i) {
    auto said = live();
    said.facts["key" + std::to_string(i)] = "value";
    merge(lamp, said);
  }
  EXPECT_EQ(lamp.facts.size(), Announcement::kMaxFacts);
  auto said = live();
  said.facts["key0"] = "new";
  EXPECT_TRUE(merge(lamp, said).described);
  EXPECT_EQ(lamp.facts["key0"], "new");
}

TEST(Device, ItsWordsAreReadAsTheyAreWritten) {
  EXPECT_EQ(to_string(Standing::fresh), "new");
  for (const auto standing : {Standing::fresh, Standing::accepted}) {
    EXPECT_EQ(standing_from(to_string(standing)), standing);
  }
  EXPECT_FALSE(standing_from("fresh"));
  EXPECT_EQ(to_string(Condition::unknown), "unknown");
  EXPECT_EQ(to_string(Condition::online), "online");
  EXPECT_EQ(to_string(Condition::offline), "offline");
  for (const auto family : {Family::tasmota, Family::lwm2m}) EXPECT_EQ(family_from(to_string(family)), family);
  EXPECT_FALSE(family_from("Tasmota"));
}

}  // namespace
}  // namespace homepatch
