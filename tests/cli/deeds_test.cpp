#include "cli_test.hpp"

namespace homepatch::cli {
namespace {

using Deeds = CliTest;

TEST_F(Deeds, AcceptAcceptsAndTheSecondTimeThereIsNothingToDo) {
  const std::string plug = add_plug();
  const Ran first = run({"accept", "porch-plug"});
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_TRUE(has(first.out, "porch-plug is accepted"));
  EXPECT_EQ(daemon.at(plug).at("Standing"), "accepted");
  const Ran second = run({"accept", "porch-plug"});
  EXPECT_EQ(second.status, 2);
  EXPECT_TRUE(has(second.out, "was accepted already"));
  EXPECT_EQ(json({"accept", "porch-plug"}, 2).at("results")[0].at("outcome"), "nothing");
}

TEST_F(Deeds, AllNewMeansTheNewOnesAndOnlyThem) {
  add_lamp();
  add_plug();
  const auto results = json({"accept", "--all-new"}).at("results");
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].at("device"), "mac:a4cf12000001");
  EXPECT_EQ(results[0].at("outcome"), "done");
  EXPECT_EQ(run({"accept", "--all-new"}).status, 2);
  EXPECT_EQ(run({"accept"}).status, 1);
  EXPECT_EQ(run({"accept", "kitchen-lamp", "--all-new"}).status, 1);
}

TEST_F(Deeds, NothingBeginsBeforeAllDevicesAreFound) {
  const std::string plug = add_plug();
  const Ran ran = run({"accept", "porch-plug", "cellar"});
  EXPECT_EQ(ran.status, 3);
  EXPECT_TRUE(has(ran.err, "There is no device 'cellar'."));
  EXPECT_EQ(daemon.at(plug).at("Standing"), "new");
}

TEST_F(Deeds, ATextThatFitsSeveralDevicesIsRefused) {
  add_lamp();
  daemon.add_device("mac:e0980680ff6e");
  const Ran ran = run({"device", "mac:e098"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_TRUE(has(ran.err, "fits 2 devices"));
}

TEST_F(Deeds, UpdateBeginsAndSaysHowToWatch) {
  add_lamp();
  const Ran ran = run({"update", "kitchen-lamp"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_TRUE(has(ran.out, "kitchen-lamp: update 1 to 14.4.0 begins."));
  EXPECT_TRUE(has(ran.out, "homepatchctl watch"));
}

TEST_F(Deeds, UpdateOfAnUpToDateDeviceIsNothingToDo) {
  const std::string lamp = add_lamp();
  daemon.at(lamp)["Target"] = "";
  const Ran ran = run({"update", "kitchen-lamp"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_TRUE(has(ran.out, "It runs the newest release that fits it."));
  EXPECT_EQ(run({"update", "--wait", "kitchen-lamp"}).status, 2);
}

TEST_F(Deeds, CancelTakesAnUpdatesNumberOrItsDevice) {
  const std::string lamp = add_lamp();
  const std::string first = daemon.add_update(lamp, {{"Phase", "transferring"}});
  EXPECT_EQ(run({"cancel", "1"}).status, 0);
  EXPECT_EQ(daemon.at(first).at("Phase"), "cancelled");
  EXPECT_EQ(run({"cancel", "1"}).status, 2);
  const std::string second = daemon.add_update(lamp, {{"Phase", "transferring"}});
  EXPECT_EQ(json({"cancel", "kitchen-lamp"}).at("results")[0].at("update"), 2);
  EXPECT_EQ(daemon.at(second).at("Phase"), "cancelled");
  add_plug();
  EXPECT_EQ(run({"cancel", "porch-plug"}).status, 2);  // never had one
  const Ran unknown = run({"cancel", "77"});
  EXPECT_EQ(unknown.status, 3);
  EXPECT_TRUE(has(unknown.err, "neither an update nor a device '77'"));
}

TEST_F(Deeds, ForgetForgets) {
  const std::string plug = add_plug();
  EXPECT_EQ(run({"forget", "porch-plug"}).status, 0);
  EXPECT_FALSE(daemon.knows(plug));
  EXPECT_EQ(run({"forget", "porch-plug"}).status, 3);
  add_plug();
  add_lamp();
  EXPECT_EQ(run({"forget", "porch-plug", "nobody"}).status, 3);  // and nothing was done to the first
  const auto results = json({"forget", "porch-plug", "kitchen-lamp"}).at("results");
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[1].at("outcome"), "done");
}

TEST_F(Deeds, RefreshPassesOnWhatTheFeedsSaid) {
  daemon.refresh_text = "acme: 2 new releases\nbeta: current";
  EXPECT_EQ(lines_of(run({"refresh"}).out), (std::vector<std::string>{"acme: 2 new releases", "beta: current"}));
  daemon.refusals["Refresh"] = {"org.homepatch1.Error.Unavailable", "No feed could be reached."};
  const Ran ran = run({"refresh"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.err, "homepatchctl: No feed could be reached.\n");
}

TEST_F(Deeds, TheClockIsResetOnlyWhenSomebodyMeansIt) {
  const Ran unasked = run({"reset-clock"});
  EXPECT_EQ(unasked.status, 1);
  EXPECT_TRUE(has(unasked.err, "say --yes"));
  EXPECT_TRUE(daemon.calls().empty());
  EXPECT_TRUE(has(run({"reset-clock", "--yes"}).out, "floors are forgotten"));
  EXPECT_EQ(json({"reset-clock", "--yes"}).at("text"), "the clock's floors are forgotten");
  daemon.refusals["ResetClock"] = {"org.homepatch1.Error.NothingToDo", "There is no floor."};
  EXPECT_EQ(run({"reset-clock", "--yes"}).status, 2);
}

TEST_F(Deeds, ImportSaysWhichOptionsBelongTogether) {
  const std::vector<std::pair<Words, std::string>> wrong{
      {{"import"}, "name the FILE to take in, or with --remove"},
      {{"import", "x", "--remove", "1"}, "name the FILE to take in, or with --remove"},
      {{"import", "x", "--for", "lamp"}, "an image needs both"},
      {{"import", "x", "--version", "1"}, "an image needs both"},
      {{"import", "x", "--for", "lamp", "--version", "1", "--feed", "acme"}, "--feed is for bundles"},
      {{"import", "x", "--yes"}, "are for an image"},
      {{"import", "x", "--sha256", "00"}, "are for an image"},
      {{"import", "/nowhere/x"}, "opening /nowhere/x"}};
  for (const auto& [words, text] : wrong) {
    const Ran ran = run(words);
    EXPECT_NE(ran.status, 0);
    EXPECT_TRUE(has(ran.err, text)) << ran.err;
  }
  EXPECT_TRUE(daemon.calls().empty());
}

TEST_F(Deeds, ErrorsOfTheDaemonBecomeExitStatuses) {
  add_plug();
  daemon.refusals["Accept"] = {"org.homepatch1.Error.NotAuthorised", "Only root may accept devices."};
  const Ran refused = run({"accept", "porch-plug"});
  EXPECT_EQ(refused.status, 4);
  EXPECT_TRUE(has(refused.err, "Only root may accept devices."));
  EXPECT_EQ(json({"accept", "porch-plug"}, 4).at("results")[0].at("code"), "not_authorised");
  daemon.refusals["Accept"] = {"org.homepatch1.Error.Internal", "\x1b[31mboom"};
  const Ran internal = run({"accept", "porch-plug"});
  EXPECT_EQ(internal.status, 1);
  EXPECT_FALSE(has(internal.err, "\x1b"));
}

TEST_F(Deeds, AnErrorWithJsonIsADocumentToo) {
  const auto document = json({"device", "cellar"}, 3);
  EXPECT_EQ(document.at("error").at("code"), "not_found");
}

TEST_F(Deeds, WithoutTheDaemonItSaysHowToStartIt) {
  daemon.stop();
  for (const Words& words : std::vector<Words>{{"devices"}, {"status"}, {"update", "lamp", "--wait"}, {"watch"}}) {
    const Ran ran = run(words);
    EXPECT_EQ(ran.status, 1) << words[0];
    EXPECT_TRUE(has(ran.err, "homepatchd is not running on this bus. Start it with: systemctl start homepatchd"))
        << ran.err;
  }
}

TEST_F(Deeds, WithoutABusItSaysSo) {
  bus.stop();
  const Ran ran = run({"devices"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_TRUE(has(ran.err, "The system bus cannot be reached"));
}

TEST_F(Deeds, ACommandLineThatMeansNothingIsExplained) {
  const Ran none = run({});
  EXPECT_EQ(none.status, 1);
  EXPECT_TRUE(has(none.err, "homepatchctl --help"));
  const Ran unknown = run({"explode"});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_TRUE(has(unknown.err, "explode"));
  EXPECT_EQ(run({"--help"}).status, 0);
  EXPECT_TRUE(
      has(run({"--help"}).out, "Exit status: 0 done, 1 failed, 2 nothing to do, 3 not found, 4 not authorised"));
  EXPECT_TRUE(has(run({"--version"}).out, "homepatchctl 0."));
}

// The bus itself says no, as its policy does to those who are not root.
TEST(DeedsDenied, ACallThatTheBusForbidsIsNotAuthorised) {
  const auto loop = EventLoop::open().value();
  const PrivateBus bus({"org.homepatch1.Device.Accept", "org.freedesktop.DBus.ObjectManager.GetManagedObjects"});
  FakeDaemon daemon(*loop, bus.address());
  daemon.add_device("mac:a4cf12000001", {{"Standing", "new"}});
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"accept", "mac:a4cf12000001"}, {"devices"}}) {
    Child child(*loop, bus.address(), words);
    EXPECT_EQ(child.wait(), 4);
    EXPECT_TRUE(has(child.err(), "You are not allowed to do this. Try it as root")) << child.err();
  }
}

}  // namespace
}  // namespace homepatch::cli
