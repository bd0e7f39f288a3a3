#include "trust/tuf/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/trust/repository.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch::tuf {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

SigningKey new_key() { return SigningKey::generate().value(); }

class ClientTest : public ::testing::Test {
 protected:
  Repository repository;
  Home home{repository};

  void refresh() {
    const auto done = home.refresh(repository);
    ASSERT_TRUE(done) << done.error().text;
  }
  std::string refused() {
    const auto done = home.refresh(repository);
    return done ? "accepted" : done.error().text;
  }
};

TEST_F(ClientTest, AsksInTheOrderOfTheSpecificationAndStoresWhatWasServed) {
  refresh();
  EXPECT_THAT(home.requests, ElementsAre("2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"));
  EXPECT_THAT(home.changes, ElementsAre("store timestamp", "store snapshot", "store targets"));
  EXPECT_EQ(home.stored.at("targets"), repository.files.at("1.targets.json"));
  EXPECT_TRUE(home.client->accepts_new());
  EXPECT_EQ(time_text(*home.client->valid_until()), "2030-01-01T00:00:00Z");
}

TEST_F(ClientTest, AsksOnlyForRootAndTimestampWhenNothingChanged) {
  refresh();
  refresh();
  EXPECT_THAT(home.requests, ElementsAre("2.root.json", "timestamp.json"));
  EXPECT_THAT(home.changes, IsEmpty());
}

TEST_F(ClientTest, AsksForUnversionedNamesWithoutConsistentSnapshots) {
  repository.content("root")["consistent_snapshot"] = false;
  repository.update("root");
  repository.update("targets");
  refresh();
  EXPECT_THAT(home.requests,
              ElementsAre("2.root.json", "3.root.json", "timestamp.json", "snapshot.json", "targets.json"));
}

TEST_F(ClientTest, StatesTheLimitOfEachFile) {
  repository.with_hashes = true;
  repository.update("targets");
  const auto read = [this](std::string_view role) -> Result<std::string> {
    if (role == "root") return home.stored["root"];
    return fail(Errc::not_found, "");
  };
  auto client = Client::open(read, home.clock).value();
  const auto limit = [&] { return std::get<Fetch>(client.next().value()).limit; };
  EXPECT_EQ(limit(), 512'000U);
  client.missing();
  EXPECT_EQ(limit(), 16'384U);
  client.received(repository.files.at("timestamp.json"));
  ASSERT_TRUE(std::holds_alternative<Store>(client.next().value()));
  EXPECT_EQ(limit(), repository.files.at("2.snapshot.json").size());
}

TEST_F(ClientTest, RepeatsAFetchUntilItIsAnswered) {
  home.stored["root"] = repository.files.at("1.root.json");
  auto client =
      Client::open([this](std::string_view) -> Result<std::string> { return home.stored["root"]; }, home.clock).value();
  EXPECT_EQ(std::get<Fetch>(client.next().value()).path, "2.root.json");
  EXPECT_EQ(std::get<Fetch>(client.next().value()).path, "2.root.json");
}

TEST_F(ClientTest, MakesNoRequestWithARootThatDoesNotVerify) {
  home.stored["root"] = repository.files.at("timestamp.json");
  EXPECT_THAT(refused(), HasSubstr("the trusted root: _type: this file says that it is timestamp, not root"));
  auto unsigned_root = nlohmann::json::parse(repository.files.at("1.root.json"));
  unsigned_root["signatures"] = nlohmann::json::array();
  home.stored["root"] = unsigned_root.dump();
  EXPECT_THAT(refused(), HasSubstr("the trusted root: signed by 0 of its keys, but 1 must sign"));
  home.stored.erase("root");
  EXPECT_THAT(refused(), HasSubstr("reading the trusted root: nothing stored"));
  EXPECT_THAT(home.requests, IsEmpty());
}

TEST_F(ClientTest, FollowsTheRootsOneByOne) {
  repository.update("root");
  repository.update("root");
  refresh();
  EXPECT_THAT(home.requests, ElementsAre("2.root.json", "3.root.json", "4.root.json", "timestamp.json",
                                         "1.snapshot.json", "1.targets.json"));
  EXPECT_THAT(home.changes,
              ElementsAre("store root", "store root", "store timestamp", "store snapshot", "store targets"));
  EXPECT_EQ(home.stored.at("root"), repository.files.at("3.root.json"));
}

TEST_F(ClientTest, GoesThroughAnExpiredRootToTheNextOne) {
  repository.content("root")["expires"] = Repository::expiry(2020);
  repository.update("root");
  repository.content("root")["expires"] = Repository::expiry(2030);
  repository.update("root");
  refresh();
  EXPECT_EQ(home.version("root"), 3);
}

TEST_F(ClientTest, TakesNoMoreRootsInACycleThanTheLimit) {
  home.limits.root_rotations = 2;
  for (int i = 0; i < 4; ++i) repository.update("root");
  refresh();
  EXPECT_EQ(home.version("root"), 3);
  refresh();
  EXPECT_EQ(home.version("root"), 5);
}

TEST_F(ClientTest, ARootRotationNeedsTheOldAndTheNewKeys) {
  const auto old_key = repository.signers("root").front();
  const auto next_key = new_key();
  repository.set_keys("root", {next_key});
  repository.content("root")["version"] = 2;

  repository.signers("root") = {next_key};
  repository.publish("root");
  EXPECT_THAT(refused(), HasSubstr("root: by the keys of the root before it: signed by 0"));
  repository.signers("root") = {old_key};
  repository.publish("root");
  EXPECT_THAT(refused(), HasSubstr("root: by its own keys: signed by 0"));
  EXPECT_EQ(home.version("root"), 1);

  repository.signers("root") = {old_key, next_key};
  repository.publish("root");
  refresh();
  EXPECT_EQ(home.version("root"), 2);
}

TEST_F(ClientTest, ARootRotationNeedsBothThresholds) {
  const std::vector<SigningKey> keys{new_key(), new_key(), new_key()};
  const auto first = repository.signers("root").front();
  repository.set_keys("root", keys, 2);
  repository.signers("root") = {first, keys[0], keys[2]};
  repository.update("root");
  refresh();
  ASSERT_EQ(home.version("root"), 2);

  repository.set_keys("root", keys, 1);  // the threshold goes down: the old one still counts
  repository.signers("root") = {keys[0]};
  repository.update("root");
  EXPECT_THAT(refused(), HasSubstr("root: by the keys of the root before it: signed by 1 of its keys, but 2"));
  EXPECT_EQ(home.version("root"), 2);
}

TEST_F(ClientTest, KeepsTheTimestampOfAnEqualVersionWhateverTheNewOneSays) {
  refresh();
  const auto kept = home.stored.at("timestamp");
  repository.content("timestamp")["meta"]["snapshot.json"]["version"] = 100;
  repository.publish("timestamp");
  refresh();
  EXPECT_EQ(home.stored.at("timestamp"), kept);
  EXPECT_THAT(home.requests, ElementsAre("2.root.json", "timestamp.json"));
}

TEST_F(ClientTest, AnEqualVersionDoesNotProlongTheTimestampThatIsKept) {
  repository.content("timestamp")["expires"] = "2026-01-08T00:00:00Z";
  repository.update("timestamp");
  refresh();
  repository.content("timestamp")["expires"] = Repository::expiry();
  repository.publish("timestamp");
  home.clock.now = parse_time("2026-01-19T00:00:00Z").value();
  EXPECT_THAT(refused(), HasSubstr("timestamp: expired on 2026-01-08T00:00:00Z"));
}

TEST_F(ClientTest, StoredMetadataThatExpiredStillCountsAgainstRollback) {
  repository.content("timestamp")["expires"] = "2026-01-08T00:00:00Z";
  repository.update("targets");
  refresh();
  home.clock.now = parse_time("2026-01-19T00:00:00Z").value();
  EXPECT_THAT(refused(), HasSubstr("timestamp: expired on 2026-01-08T00:00:00Z, and here it is 2026-01-19T00:00:00Z"));

  repository.content("timestamp")["expires"] = Repository::expiry();
  repository.content("timestamp")["version"] = 1;
  repository.publish("timestamp");
  EXPECT_THAT(refused(), HasSubstr("timestamp: rolled back: it gives version 1, but version 2 was seen before"));

  repository.content("timestamp")["version"] = 3;
  repository.publish("timestamp");
  refresh();
}

TEST_F(ClientTest, AnErrorEndsTheCycleAndIsRepeated) {
  repository.files.erase("timestamp.json");
  ASSERT_FALSE(home.refresh(repository));
  const auto again = home.client->next();
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::unavailable);
  EXPECT_THAT(again.error().text, HasSubstr("timestamp: the server does not have it"));
  EXPECT_FALSE(home.client->accepts_new());
}

TEST_F(ClientTest, RolesAcceptedBeforeTheFailingOneStayAccepted) {
  repository.update("targets");
  repository.files.erase("2.targets.json");
  EXPECT_THAT(refused(), HasSubstr("targets: the server does not have it"));
  EXPECT_EQ(home.version("snapshot"), 2);
  EXPECT_EQ(home.version("targets"), 0);
  repository.publish("targets");
  refresh();
  EXPECT_THAT(home.requests, ElementsAre("2.root.json", "timestamp.json", "2.targets.json"));
}

TEST_F(ClientTest, RecoversFromAFastForwardedTimestampWhenItsKeyIsRevoked) {
  repository.content("timestamp")["version"] = 99'999;
  repository.publish("timestamp");
  refresh();
  repository.set_keys("timestamp", {new_key()});
  repository.update("root");
  repository.content("timestamp")["version"] = 1;
  repository.publish("timestamp");
  refresh();
  EXPECT_EQ(home.version("timestamp"), 1);
  EXPECT_EQ(home.changes.front(), "remove timestamp") << "before the root: a crash in between must not leave it";
  EXPECT_EQ(home.changes[2], "store root");
}

TEST_F(ClientTest, RecoversWhenOneOfTwoTimestampKeysIsRevoked) {
  const auto good = new_key();
  repository.set_keys("timestamp", {good, new_key()});
  repository.update("root");
  repository.signers("timestamp") = {good};
  repository.content("timestamp")["version"] = 99'999;
  repository.publish("timestamp");
  refresh();
  repository.set_keys("timestamp", {good, new_key()});  // the stored timestamp still verifies with the good one
  repository.update("root");
  repository.content("timestamp")["version"] = 1;
  repository.publish("timestamp");
  refresh();
  EXPECT_EQ(home.version("timestamp"), 1);
}

TEST_F(ClientTest, RecoversFromAFastForwardedSnapshotWhenItsKeyIsRevoked) {
  repository.content("snapshot")["version"] = 99'999;
  repository.update("targets");
  refresh();
  repository.set_keys("snapshot", {new_key()});
  repository.update("root");
  repository.content("snapshot")["version"] = 1;
  repository.content("targets")["version"] = 1;
  repository.update("targets");
  refresh();
  EXPECT_EQ(home.version("snapshot"), 2);
  EXPECT_EQ(home.version("targets"), 2);
}

TEST_F(ClientTest, KeepsWhatIsStoredWhenKeysAreOnlyAdded) {
  repository.update("timestamp");
  refresh();
  repository.set_keys("timestamp", {repository.signers("timestamp").front(), new_key()});
  repository.update("root");
  repository.content("timestamp")["version"] = 1;
  repository.publish("timestamp");
  EXPECT_THAT(refused(), HasSubstr("timestamp: rolled back"));
  EXPECT_EQ(home.version("timestamp"), 2);
}

TEST_F(ClientTest, WhatIsStoredButDamagedIsFetchedAnew) {
  refresh();
  for (const auto* role : {"timestamp", "snapshot", "targets"}) home.stored[role] = "{";
  refresh();
  EXPECT_EQ(home.stored.at("targets"), repository.files.at("1.targets.json"));
  EXPECT_THAT(home.requests, ElementsAre("2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"));
}

TEST_F(ClientTest, WhatIsStoredButCannotBeReadEndsTheCycle) {
  const auto read = [this](std::string_view role) -> Result<std::string> {
    if (role == "root") return home.stored["root"];
    return fail(Errc::io, "Input/output error");
  };
  auto client = Client::open(read, home.clock).value();
  ASSERT_TRUE(client.next());
  client.missing();
  const auto step = client.next();
  ASSERT_FALSE(step) << "without the stored timestamp a rollback would not be seen";
  EXPECT_EQ(step.error().text, "reading what is stored of timestamp: Input/output error");
}

TEST_F(ClientTest, AStoredSnapshotCountsAgainstRollbackEvenWhenItsHashIsNoLongerNamed) {
  repository.with_hashes = true;
  repository.update("targets");
  repository.update("targets");
  refresh();
  repository.content("targets")["version"] = 1;
  repository.update("targets");  // targets 2 after 3, in a snapshot that is signed and listed well
  EXPECT_THAT(refused(), HasSubstr("snapshot: rolled back: it gives targets.json version 2, but version 3 was seen"));
  EXPECT_EQ(home.version("snapshot"), 3);
}

TEST_F(ClientTest, ASnapshotMustKeepListingWhatItListed) {
  repository.delegate("targets", "vendor", {"*"});
  repository.update("vendor");
  repository.update("targets");
  refresh();
  repository.content("snapshot")["meta"].erase("vendor.json");
  repository.update("targets");
  EXPECT_THAT(refused(), HasSubstr("snapshot: it no longer lists vendor.json, which was seen before"));
}

// Section 5.5.5 speaks of targets metadata; old repositories list their root as well.
TEST_F(ClientTest, ASnapshotMayStopListingTheRoot) {
  repository.content("snapshot")["meta"]["root.json"] = {{"version", 1}};
  repository.update("targets");
  refresh();
  repository.content("snapshot")["meta"].erase("root.json");
  repository.update("targets");
  refresh();
  EXPECT_EQ(home.version("targets"), 3);
}

TEST_F(ClientTest, ARootThatAsksForMoreSignaturesDoesNotBringThePastBack) {
  const auto one = new_key();
  const auto two = new_key();
  for (const std::string role : {"timestamp", "snapshot"}) {
    repository.set_keys(role, {one, two}, 1);
    repository.signers(role) = {one};
  }
  repository.update("root");
  for (int i = 0; i < 3; ++i) repository.update("targets");
  refresh();

  for (const std::string role : {"timestamp", "snapshot"}) repository.set_keys(role, {one, two}, 2);
  repository.update("root");
  const auto seen = home.version("timestamp");
  repository.content("timestamp")["version"] = 1;
  repository.publish("timestamp");
  EXPECT_THAT(refused(), HasSubstr("timestamp: rolled back: it gives version 1, but version"));
  repository.content("timestamp")["version"] = seen;
  repository.content("targets")["version"] = 1;
  repository.update("targets");
  EXPECT_THAT(refused(), HasSubstr("snapshot: rolled back: it gives targets.json version 2, but version 4"));
  repository.content("targets")["version"] = 4;
  repository.update("targets");
  refresh();
  EXPECT_EQ(home.version("targets"), 5);
}

TEST_F(ClientTest, AVersionThatNoneCanFollowIsRefused) {
  constexpr auto last = std::numeric_limits<std::int64_t>::max();
  repository.content("root")["version"] = last;
  repository.publish("root");
  home.stored["root"] = repository.files.at(metadata_file_name("root", last));
  EXPECT_THAT(refused(), HasSubstr("version"));
  EXPECT_THAT(home.requests, IsEmpty());
}

TEST_F(ClientTest, CarriesFieldsThatItDoesNotKnow) {
  repository.content("root")["x-custom"] = "value";
  repository.content("root")["roles"]["root"]["x-note"] = {{"a", 1}};
  auto& keys = repository.content("root")["keys"];
  keys.begin().value()["x-owner"] = "@somebody";
  repository.content("root")["roles"]["mirrors"] = {{"keyids", nlohmann::json::array()}, {"threshold", 1}};
  repository.content("targets")["x"] = {{"y", {1, 2, nullptr}}};
  repository.update("root");
  repository.update("targets");
  refresh();
  EXPECT_EQ(home.version("root"), 2);
}

TEST_F(ClientTest, ReadsSpecificationVersionsOfTwoAndThreePartsOfMajorOne) {
  for (const auto* version : {"1.0", "1.0.34", "1.99.0", "1.0.0-beta.1", "1.0.34+build"}) {
    repository.content("timestamp")["spec_version"] = version;
    repository.update("timestamp");
    EXPECT_TRUE(home.refresh(repository)) << version;
  }
  for (const auto* version : {"2.0.0", "1", "1.", "1..0", "1.0.0.0", "x", "", "1.0-beta", "10.0"}) {
    repository.content("timestamp")["spec_version"] = version;
    repository.update("timestamp");
    EXPECT_THAT(refused(), HasSubstr("timestamp: spec_version: this client reads TUF 1")) << version;
  }
}

// Time without a clock battery.

TEST_F(ClientTest, WithAnUntrustedClockItRefreshesButAcceptsNothingNew) {
  home.clock = {parse_time("2025-06-01T00:00:00Z").value(), Expiry::clock_not_trusted};
  repository.update("targets");
  refresh();
  EXPECT_EQ(home.version("targets"), 2);
  EXPECT_FALSE(home.client->accepts_new());
}

TEST_F(ClientTest, WithAnUntrustedClockRollbackIsStillRefused) {
  repository.update("timestamp");
  refresh();
  home.clock.expiry = Expiry::clock_not_trusted;
  repository.content("timestamp")["version"] = 1;
  repository.publish("timestamp");
  EXPECT_THAT(refused(), HasSubstr("timestamp: rolled back"));
}

TEST_F(ClientTest, WithAnUntrustedClockWhatExpiredBeforeTheFloorIsRefused) {
  home.clock = {parse_time("2026-01-01T00:00:00Z").value(), Expiry::clock_not_trusted};
  repository.content("timestamp")["expires"] = Repository::expiry(2020);
  repository.update("timestamp");
  EXPECT_THAT(refused(),
              HasSubstr("timestamp: expired on 2020-01-01T00:00:00Z, before the earliest time that it can be "
                        "here (2026-01-01T00:00:00Z)"));
}

TEST_F(ClientTest, WhatWasTakenInWithoutAClockIsJudgedWhenThereIsOne) {
  repository.content("snapshot")["expires"] = "2026-03-01T00:00:00Z";
  repository.update("targets");
  home.clock.expiry = Expiry::clock_not_trusted;
  refresh();
  home.clock = {parse_time("2026-04-01T00:00:00Z").value(), Expiry::judge};
  EXPECT_THAT(refused(), HasSubstr("snapshot: expired on 2026-03-01T00:00:00Z"));
  EXPECT_FALSE(home.client->accepts_new());
}

struct Moment {
  const char* what;
  const char* now;
  bool accepted;
};

class ClientClock : public ::testing::TestWithParam<Moment> {};

TEST_P(ClientClock, JudgesExpiryByTheTimeItWasGiven) {
  Repository repository;
  Home home(repository);
  home.clock.now = parse_time(GetParam().now).value();
  EXPECT_EQ(home.refresh(repository).has_value(), GetParam().accepted) << GetParam().what;
}

INSTANTIATE_TEST_SUITE_P(Moments, ClientClock,
                         ::testing::Values(Moment{"1970", "1970-01-01T00:00:00Z", true},
                                           Moment{"a second before expiry", "2029-12-31T23:59:59Z", true},
                                           Moment{"at expiry", "2030-01-01T00:00:00Z", false},
                                           Moment{"ten years ahead", "2036-01-01T00:00:00Z", false}));

TEST_F(ClientTest, AFeedDatedFarAheadIsNoErrorAndMovesNoClock) {
  for (const auto* role : {"targets", "snapshot", "timestamp"}) {
    repository.content(role)["expires"] = Repository::expiry(2099);
  }
  repository.update("targets");
  refresh();
  EXPECT_EQ(time_text(*home.client->valid_until()), "2030-01-01T00:00:00Z") << "the root still expires first";
}

}  // namespace
}  // namespace homepatch::tuf
