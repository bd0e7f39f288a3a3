#include <fmt/format.h>

#include <csignal>

#include "cli_test.hpp"

namespace homepatch::cli {
namespace {

class Progress : public CliTest {
 protected:
  // From the middle of the transfer to the end.
  void finish(const std::string& path) {
    daemon.change(path, {{"Phase", "installing"}, {"Reason", "owner_asked"}});
    daemon.change(path, {{"Phase", "confirming"}});
    daemon.change(path, {{"Phase", "confirmed"},
                         {"Reason", "proven"},
                         {"ReasonText", "The device itself proved the new version and stayed well."}});
  }

  const std::string update = FakeDaemon::update_path(1);
};

TEST_F(Progress, WaitEndsWithTheProofAndStatusZero) {
  add_lamp();
  Child child(*loop, bus.address(), {"update", "--wait", "kitchen-lamp"});
  ASSERT_TRUE(child.says("kitchen-lamp: waiting 14.4.0: its turn comes")) << child.out() << child.err();
  daemon.change(update, {{"Phase", "transferring"}, {"Reason", "owner_asked"}});
  for (std::uint64_t done = 0; done <= 1000; done += 25) daemon.progress(1, done * 1024, 1000 * 1024);
  ASSERT_TRUE(child.says("100 %"));
  finish(update);
  EXPECT_EQ(child.wait(), 0) << child.err();
  EXPECT_TRUE(has(child.out(), "kitchen-lamp runs 14.4.0 (it had 14.3.0). The device itself proved the new version"));
  EXPECT_FALSE(has(child.out(), "\x1b"));
}

TEST_F(Progress, OnAPipeThereIsOneLineForEachPhaseAndEachTenth) {
  add_lamp();
  Child child(*loop, bus.address(), {"update", "--wait", "kitchen-lamp"});
  ASSERT_TRUE(child.says("waiting 14.4.0"));
  daemon.change(update, {{"Phase", "transferring"}, {"Reason", "owner_asked"}});
  for (std::uint64_t done = 1; done <= 1000; ++done) daemon.progress(1, done, 1000);
  finish(update);
  ASSERT_EQ(child.wait(), 0);
  std::size_t transferring = 0;
  for (const auto& line : lines_of(child.out())) transferring += has(line, ": transferring") ? 1 : 0;
  EXPECT_LE(transferring, 12U) << child.out();
  EXPECT_GE(transferring, 11U) << child.out();
  EXPECT_TRUE(has(child.out(), ": transferring 14.4.0: 40 % (400 B of 1000 B)")) << child.out();
  EXPECT_TRUE(has(child.out(), ": installing 14.4.0"));
  EXPECT_TRUE(has(child.out(), ": confirming 14.4.0"));
}

TEST_F(Progress, WhatWasFetchedIsNotTakenForTransferred) {
  add_lamp();
  Child child(*loop, bus.address(), {"update", "--wait", "kitchen-lamp"});
  ASSERT_TRUE(child.says("waiting 14.4.0"));
  daemon.change(update, {{"Phase", "fetching"}, {"Reason", "owner_asked"}});
  daemon.progress(1, 1000, 1000);
  ASSERT_TRUE(child.says("fetching 14.4.0: 100 %"));
  daemon.change(update, {{"Phase", "transferring"}});
  ASSERT_TRUE(child.says("transferring 14.4.0: 0 %")) << child.out();
  finish(update);
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(Progress, AFailureEndsWithItsReasonAndStatusOne) {
  add_lamp();
  Child child(*loop, bus.address(), {"update", "--wait", "kitchen-lamp"});
  ASSERT_TRUE(child.says("waiting 14.4.0"));
  daemon.change(update, {{"Phase", "failed"},
                         {"Reason", "transfer_refused"},
                         {"ReasonText", "The device refused the image."},
                         {"Detail", "not enough space\x1b[2J"}});
  EXPECT_EQ(child.wait(), 1);
  EXPECT_TRUE(has(child.out(),
                  "failed: kitchen-lamp was not updated to 14.4.0. The device refused the image. "
                  "(not enough space"))
      << child.out();
  EXPECT_FALSE(has(child.out(), "\x1b"));
}

TEST_F(Progress, SeveralDevicesAreWatchedTogetherAndOneFailureIsAFailure) {
  add_lamp();
  const std::string plug = add_plug();
  daemon.at(plug)["Target"] = "1.1";
  Child child(*loop, bus.address(), {"update", "--wait", "kitchen-lamp", "porch-plug", "mac:e098"});
  ASSERT_TRUE(child.says("porch-plug: waiting 1.1"));
  finish(update);
  ASSERT_TRUE(child.says("kitchen-lamp runs 14.4.0"));
  daemon.change(FakeDaemon::update_path(2), {{"Phase", "lost"}, {"Reason", "never_returned"}});
  EXPECT_EQ(child.wait(), 1);
  EXPECT_TRUE(has(child.out(), "porch-plug did not come back after it was given 1.1."));
}

TEST_F(Progress, WaitJsonIsOneDocumentAtTheEnd) {
  add_lamp();
  Child child(*loop, bus.address(), {"update", "--wait", "--json", "kitchen-lamp"});
  ASSERT_TRUE(loop->run_until([&] { return daemon.knows(update); }, Child::kLimit));
  finish(update);
  EXPECT_EQ(child.wait(), 0) << child.err();
  const auto document = nlohmann::json::parse(child.out(), nullptr, false);
  ASSERT_FALSE(document.is_discarded()) << child.out();
  EXPECT_EQ(document.at("results")[0].at("update"), 1);
  EXPECT_EQ(document.at("updates")[0].at("phase"), "confirmed");
  EXPECT_EQ(document.at("updates")[0].at("created"), "2025-10-09T08:53:20Z");
  EXPECT_EQ(document.at("interrupted"), false);
}

TEST_F(Progress, WaitJoinsAnUpdateThatIsUnderWayAlready) {
  const std::string lamp = add_lamp();
  daemon.add_update(lamp, {{"Phase", "transferring"}});
  daemon.refusals["Update"] = {"org.homepatch1.Error.Busy", "An update of kitchen-lamp is under way."};
  EXPECT_EQ(run({"update", "kitchen-lamp"}).status, 2);
  Child child(*loop, bus.address(), {"update", "--wait", "kitchen-lamp"});
  ASSERT_TRUE(child.says("update 1 to 14.4.0 is under way already"));
  finish(update);
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(Progress, WaitSurvivesTheDaemonsRestart) {
  add_lamp();
  Child child(*loop, bus.address(), {"update", "--wait", "kitchen-lamp"});
  ASSERT_TRUE(child.says("waiting 14.4.0"));
  daemon.stop();
  ASSERT_TRUE(child.says("homepatchd is away. Waiting for it to come back"));
  daemon.at(update).update({{"Phase", "installing"}, {"Reason", "owner_asked"}});  // nobody hears this: it is away
  daemon.start();
  ASSERT_TRUE(child.says("kitchen-lamp: installing 14.4.0")) << child.out();
  finish(update);
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(Progress, AnUpdateThatEndedWhileTheDaemonWasAwayIsNotMissed) {
  add_lamp();
  Child child(*loop, bus.address(), {"update", "--wait", "kitchen-lamp"});
  ASSERT_TRUE(child.says("waiting 14.4.0"));
  daemon.stop();
  ASSERT_TRUE(child.says("homepatchd is away"));
  daemon.at(update).update({{"Phase", "confirmed"}, {"Reason", "proven"}});
  daemon.start();
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(Progress, AnUpdateThatTheDaemonForgotEndsTheWaiting) {
  add_lamp();
  Child child(*loop, bus.address(), {"update", "--wait", "kitchen-lamp"});
  ASSERT_TRUE(child.says("waiting 14.4.0"));
  daemon.remove(update);
  EXPECT_EQ(child.wait(), 1);
  EXPECT_TRUE(has(child.err(), "no longer knows the update"));
}

TEST_F(Progress, WhenTheBusGoesAwayTheWaitingEnds) {
  add_lamp();
  Child child(*loop, bus.address(), {"update", "--wait", "kitchen-lamp"});
  ASSERT_TRUE(child.says("waiting 14.4.0"));
  bus.stop();
  EXPECT_EQ(child.wait(), 1);
  EXPECT_TRUE(has(child.err(), "The system bus went away. The updates go on")) << child.err();
}

TEST_F(Progress, CtrlCOnATerminalStopsTheWatchingAndNotTheUpdate) {
  add_lamp();
  Child child(*loop, bus.address(), {"update", "--wait", "kitchen-lamp"}, {.columns = 80});
  ASSERT_TRUE(child.says("its turn comes"));
  child.press_ctrl_c();
  EXPECT_EQ(child.wait(), 130);
  EXPECT_TRUE(has(child.out(),
                  "Stopped watching; the update goes on. Watch again: homepatchctl watch; stop one: "
                  "homepatchctl cancel 1"))
      << child.out();
  EXPECT_EQ(daemon.at(update).at("Phase"), "waiting");
}

TEST_F(Progress, OnATerminalTheBarIsRedrawnInPlaceAndFits) {
  add_lamp();
  int number = 0;
  for (const unsigned short columns : std::initializer_list<unsigned short>{40, 60, 80, 132}) {
    const std::string path = FakeDaemon::update_path(++number);
    Child child(*loop, bus.address(), {"update", "--wait", "kitchen-lamp"},
                {.columns = columns, .environment = {{"NO_COLOR", "1"}}});
    ASSERT_TRUE(child.says("waiting")) << child.out();
    daemon.change(path, {{"Phase", "transferring"}, {"Reason", "owner_asked"}});
    daemon.progress(daemon.at(path).at("Id"), 430 * 1024, 1000 * 1024);
    ASSERT_TRUE(child.says(" 43 %")) << child.out();
    const TinyTerminal during(child.out());
    ASSERT_GE(during.lines.size(), 2U);
    EXPECT_EQ(has(during.lines[during.lines.size() - 2], "█"), columns >= 60) << child.out();
    finish(path);
    EXPECT_EQ(child.wait(), 0);
    const TinyTerminal terminal(child.out());
    EXPECT_GT(terminal.climbs, 0U);
    EXPECT_EQ(terminal.foreign, 0U);
    // What is left: the sentence of the beginning and that of the end, no half-drawn bars.
    ASSERT_EQ(terminal.lines.size(), 3U) << child.out();
    EXPECT_TRUE(has(terminal.lines[0], "begins."));
    EXPECT_TRUE(has(terminal.lines[1], "kitchen-lamp runs 14.4.0"));
    for (const auto& line : lines_of(child.out())) {
      if (has(line, "%") || has(line, "waiting")) {
        const TinyTerminal one(line);
        EXPECT_LE(display_width(one.lines[0]), columns);
      }
    }
  }
}

TEST_F(Progress, WithoutUtf8TheBarIsDrawnInAscii) {
  const std::string lamp = add_lamp();
  daemon.add_update(lamp, {{"Phase", "transferring"}, {"Done", 43}, {"Total", 100}});
  Child child(*loop, bus.address(), {"watch"}, {.columns = 100, .environment = {{"LC_ALL", "C"}}});
  ASSERT_TRUE(child.says("####")) << child.out();
  EXPECT_FALSE(has(child.out(), "█"));
  child.press_ctrl_c();
  EXPECT_EQ(child.wait(), 0);
}

TEST_F(Progress, WatchShowsWhatComesUntilCtrlC) {
  const std::string lamp = add_lamp();
  daemon.add_update(lamp, {{"Phase", "failed"}});  // long over: not watched
  Child child(*loop, bus.address(), {"watch"}, {.columns = 100});
  ASSERT_TRUE(child.says("No update is under way. Waiting for one")) << child.out();
  const std::string second = daemon.add_update(lamp, {{"Phase", "fetching"}});
  ASSERT_TRUE(child.says("fetching")) << child.out();
  finish(second);
  ASSERT_TRUE(child.says("kitchen-lamp runs 14.4.0")) << child.out();
  child.press_ctrl_c();
  EXPECT_EQ(child.wait(), 0);
  EXPECT_FALSE(has(child.out(), "was not updated"));
}

TEST_F(Progress, WatchJsonIsADocumentALine) {
  const std::string lamp = add_lamp();
  daemon.add_update(lamp, {{"Phase", "fetching"}});
  Child child(*loop, bus.address(), {"watch", "--json"});
  ASSERT_TRUE(child.says("fetching"));
  finish(update);
  ASSERT_TRUE(child.says("confirmed"));
  child.send(SIGTERM);
  EXPECT_EQ(child.wait(), 0);
  for (const auto& line : lines_of(child.out())) {
    const auto document = nlohmann::json::parse(line, nullptr, false);
    ASSERT_FALSE(document.is_discarded()) << line;
    EXPECT_EQ(document.at("update").at("id"), 1);
  }
}

TEST_F(Progress, MoreUpdatesThanTheScreenHasRowsAreCounted) {
  for (int i = 0; i < 30; ++i) {
    const std::string path = daemon.add_device(fmt::format("mac:a4cf{:08x}", i), {{"Target", "2"}});
    daemon.add_update(path, {{"Phase", "fetching"}});
  }
  Child child(*loop, bus.address(), {"watch"}, {.columns = 80, .rows = 10});
  ASSERT_TRUE(child.says("and 23 more")) << child.out();
  child.press_ctrl_c();
  EXPECT_EQ(child.wait(), 0);
  EXPECT_LE(TinyTerminal(child.out()).lines.size(), 10U);
}

}  // namespace
}  // namespace homepatch::cli
