#include <fmt/format.h>

#include "cli_test.hpp"

namespace homepatch::cli {
namespace {

using Lists = CliTest;

// Blanks between columns collapsed, so that a sentence of the test does not hang on widths.
std::string squeezed(const std::string& line) {
  std::string out;
  for (const char c : line) {
    if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
  }
  return out;
}

TEST_F(Lists, DevicesShowWhatTheAdministratorNeedsToSee) {
  add_lamp();
  add_plug();
  const Ran ran = run({"devices"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const auto lines = lines_of(ran.out);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(squeezed(lines[0]), "NAME ID MODEL INSTALLED TARGET STATE SUPPORT UNTIL SEEN");
  EXPECT_EQ(squeezed(lines[1]),
            "kitchen-lamp mac:e0980680ff6d Lamp 2 14.3.0 14.4.0 update available: ask 2099-12-31 3 min ago");
  EXPECT_EQ(squeezed(lines[2]),
            "porch-plug mac:a4cf12000001 Plug 1.0 new: accept it first 2020-01-31, over offline, 3 d ago");
}

TEST_F(Lists, ADeviceInTheMiddleOfItsUpdateShowsHowFarItIs) {
  const std::string lamp = add_lamp();
  daemon.add_update(lamp, {{"Phase", "transferring"}, {"Done", 43}, {"Total", 100}});
  EXPECT_TRUE(has(run({"devices"}).out, "updating 43 %"));
}

TEST_F(Lists, EmptyListsSayWhatToDoNextAndAreNoFailure) {
  const Ran devices = run({"devices"});
  EXPECT_EQ(devices.status, 0);
  EXPECT_TRUE(has(devices.out, "No devices yet. homepatch listens on coap 127.0.0.1:5683, http 127.0.0.1:8080"));
  EXPECT_TRUE(has(run({"releases"}).out, "homepatchctl refresh"));
  EXPECT_TRUE(has(run({"updates"}).out, "homepatchctl plan"));
  EXPECT_TRUE(has(run({"plan"}).out, "homepatchctl devices"));
  EXPECT_EQ(json({"devices"}), nlohmann::json::parse(R"({"devices": []})"));
}

TEST_F(Lists, JsonOfADeviceHasItsStableKeys) {
  const std::string lamp = add_lamp();
  const std::string update = daemon.add_update(lamp);
  const auto list = json({"devices"}).at("devices");
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(json({"device", "kitchen-lamp"}).at("device"), list[0]);
  EXPECT_EQ(list[0].at("id"), "mac:e0980680ff6d");
  EXPECT_EQ(list[0].at("installed"), "14.3.0");
  EXPECT_EQ(list[0].at("target"), "14.4.0");
  EXPECT_EQ(list[0].at("first_seen"), "2025-10-09T08:53:20Z");
  EXPECT_EQ(list[0].at("last_update"), 1);
  EXPECT_EQ(list[0].at("sleeps"), false);
  daemon.at(lamp)["LastUpdate"] = "/";
  daemon.at(lamp)["FirstSeen"] = 0;
  const auto device = json({"device", "kitchen-lamp"}).at("device");
  EXPECT_TRUE(device.at("last_update").is_null());
  EXPECT_TRUE(device.at("first_seen").is_null());
}

TEST_F(Lists, ReleasesShowWhatTheyProtectAgainst) {
  daemon.add_release({{"Vendor", "acme"}, {"Model", "lamp2"}, {"Version", "14.3.0"}, {"Seq", 1}, {"Kind", "feature"}});
  daemon.add_release({{"Vendor", "acme"},
                      {"Model", "lamp2"},
                      {"Version", "14.4.0"},
                      {"Seq", 2},
                      {"Kind", "security"},
                      {"Severity", "high"},
                      {"Cves", {"CVE-2025-1", "CVE-2025-2"}},
                      {"Date", "2025-10-01"},
                      {"Images", 1},
                      {"Bytes", 650'000},
                      {"Cached", true},
                      {"Provenance", "signed_feed"},
                      {"Feed", "acme"}});
  const auto lines = lines_of(run({"releases"}).out);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(
      squeezed(lines[1]),
      "acme lamp2 14.4.0 security high CVE-2025-1 CVE-2025-2 2025-10-01 635 KiB yes signed_feed acme");  // newest first
  EXPECT_EQ(json({"releases"}).at("releases")[0].at("cves"), (nlohmann::json{"CVE-2025-1", "CVE-2025-2"}));
}

TEST_F(Lists, AllOfOneReleaseIsShownByItsIdOrVersion) {
  daemon.add_release({{"Vendor", "acme"}, {"Model", "lamp2"}, {"Id", "r1"}, {"Version", "14.3.0"}, {"Seq", 1}});
  daemon.add_release({{"Vendor", "acme"},
                      {"Model", "lamp2"},
                      {"Id", "r2"},
                      {"Version", "14.4.0"},
                      {"Seq", 2},
                      {"Kind", "security"},
                      {"Severity", "high"},
                      {"Emergency", true},
                      {"Cves", {"CVE-2025-1"}},
                      {"UserAction", "Switch the lamp on first"},
                      {"AdvisoryUrl", "https://acme.example/a1"},
                      {"SecurityContact", "https://acme.example/security.txt"},
                      {"Provenance", "signed_feed"},
                      {"SignedBy", "targets (2 keys)"},
                      {"VerifiedBy", "gateway and device"},
                      {"EndOfLife", true},
                      {"EndOfLifeAdvice", "Bring it to a collection point"},
                      {"SupportEnd", "2099-12-31"}});
  for (const auto* wanted : {"r2", "14.4.0"}) {
    const Ran ran = run({"releases", wanted}, {.environment = {{"COLUMNS", "400"}}});
    ASSERT_EQ(ran.status, 0) << ran.err;
    for (const auto* part :
         {"an emergency, security, severity: high", "CVE-2025-1", "Switch the lamp on first", "https://acme.example/a1",
          "Its publisher signed it, and the signature was current when it was fetched. Signed by targets (2 keys). The "
          "gateway verifies the image, and so does the device. (signed_feed)",
          "Its maker publishes nothing more for it", "Its maker advises: Bring it to a collection point",
          "https://acme.example/security.txt"}) {
      EXPECT_TRUE(has(ran.out, part)) << part << "\n" << ran.out;
    }
    EXPECT_FALSE(has(ran.out, "14.3.0"));
    EXPECT_FALSE(has(ran.out, "2099"));
  }
  EXPECT_EQ(json({"releases", "r2"}).at("releases").size(), 1U);
  EXPECT_EQ(json({"releases", "r2"}).at("releases")[0].at("user_action"), "Switch the lamp on first");
  EXPECT_EQ(run({"releases", "r3"}).status, 3);
}

TEST_F(Lists, AModelWhoseMakerStoppedIsNotCalledPatchedWhateverItsSupportSays) {
  const std::string lamp = add_lamp();
  daemon.at(lamp).update(
      {{"EndOfLife", true}, {"EndOfLifeSince", "2026-01-31"}, {"EndOfLifeAdvice", "Bring it to a collection point"}});
  for (const auto* command : {"explain", "device"}) {
    const Ran ran = run({command, "kitchen-lamp"}, {.environment = {{"COLUMNS", "400"}}});
    EXPECT_TRUE(has(ran.out,
                    "Its maker publishes nothing more for it (end of life: 2026-01-31): think of replacing it, or of "
                    "keeping it off the network. Its maker advises: Bring it to a collection point"))
        << ran.out;
    EXPECT_FALSE(has(ran.out, "2099-12-31")) << command;
  }
  EXPECT_TRUE(has(run({"devices"}).out, "end of life: 2026-01-31"));
  EXPECT_EQ(json({"device", "kitchen-lamp"}).at("device").at("end_of_life"), true);
  EXPECT_EQ(json({"explain", "kitchen-lamp"}).at("explanation").at("end_of_life"), true);
}

TEST_F(Lists, WhatTheMakerAsksOfTheOwnerIsSaidBeforeTheUpdate) {
  const std::string lamp = add_lamp();
  daemon.at(lamp)["UserAction"] = "Switch the lamp on first";
  const Ran explained = run({"explain", "kitchen-lamp"}, {.environment = {{"COLUMNS", "400"}}});
  EXPECT_LT(explained.out.find("Its maker asks you: Switch the lamp on first"), explained.out.find("Update it now:"));
  const Ran updated = run({"update", "kitchen-lamp"}, {.environment = {{"COLUMNS", "400"}}});
  EXPECT_LT(updated.out.find("Its maker asks you: Switch the lamp on first"), updated.out.find("begins."))
      << updated.out;
  EXPECT_EQ(json({"explain", "kitchen-lamp"}).at("explanation").at("user_action"), "Switch the lamp on first");
}

TEST_F(Lists, WhatOnlyHandsCanInstallIsNotSuggestedToTheDaemon) {
  const std::string lamp = add_lamp();
  daemon.at(lamp)["Reason"] = "by_hand_only";
  EXPECT_FALSE(has(run({"explain", "kitchen-lamp"}).out, "homepatchctl update"));
}

TEST_F(Lists, ThePlanSaysPerDeviceWhatWouldHappen) {
  const std::string lamp = add_lamp();
  add_plug();
  daemon.explanations[lamp] = {{"path", {"14.3.5", "14.4.0"}},
                               {"severity", "high"},
                               {"protects", {"CVE-2025-1"}},
                               {"provenance", "signed_feed"}};
  const auto lines = lines_of(run({"plan"}).out);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(squeezed(lines[1]),
            "kitchen-lamp 14.3.0 14.3.5 > 14.4.0 update available: ask high CVE-2025-1 owner_decides signed_feed");
  EXPECT_TRUE(has(lines[2], "new: accept it first"));
  EXPECT_EQ(json({"plan"}).at("plan")[0].at("path"), (nlohmann::json{"14.3.5", "14.4.0"}));
}

TEST_F(Lists, UpdatesUnderWayComeFirst) {
  const std::string lamp = add_lamp();
  const std::string plug = add_plug();
  daemon.add_update(lamp, {{"Phase", "failed"}, {"Reason", "never_returned"}, {"Created", 1'760'000'500'000}});
  daemon.add_update(plug, {{"Phase", "installing"}, {"ToVersion", "1.1"}, {"AskedBy", "policy"}, {"Attempts", 1}});
  const auto lines = lines_of(run({"updates"}).out);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_TRUE(has(squeezed(lines[1]), "2 porch-plug 1.0 1.1 installing"));
  EXPECT_TRUE(has(lines[2], "failed: did not come back"));
  EXPECT_EQ(json({"updates"}).at("updates")[1].at("reason"), "never_returned");
}

TEST_F(Lists, ExplainTellsWhyInSentencesAndEndsWithTheCommand) {
  const std::string lamp = add_lamp();
  daemon.explanations[lamp] = {
      {"path", {"14.3.5", "14.4.0"}}, {"kind", "security"}, {"severity", "high"}, {"protects", {"CVE-2025-1"}}};
  const Ran ran = run({"explain", "kitchen-lamp"}, {.environment = {{"COLUMNS", "400"}}});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_TRUE(has(ran.out, "It is a Lamp 2 of Acme, hardware ESP8266, found over tasmota at 192.168.1.20; last heard"));
  EXPECT_TRUE(has(ran.out, "It runs 14.3.0."));
  EXPECT_TRUE(
      has(ran.out, "14.4.0 is there for it, and you are asked. Your policy asks before updating. (owner_decides)"));
  EXPECT_TRUE(has(ran.out, "14.3.0, then 14.3.5, then 14.4.0"));
  EXPECT_TRUE(has(ran.out, "14.4.0 (security release, severity: high) protects against CVE-2025-1."));
  EXPECT_TRUE(has(ran.out, "Its maker patches it until 2099-12-31 (guaranteed)."));
  EXPECT_TRUE(has(ran.out, "Update it now: homepatchctl update --wait mac:e0980680ff6d"));
}

TEST_F(Lists, ExplainOfANewDeviceOutOfSupportSaysBoth) {
  add_plug();
  const Ran ran = run({"explain", "porch-plug"}, {.environment = {{"COLUMNS", "400"}}});
  EXPECT_TRUE(has(ran.out, "Its maker stopped patching it on 2020-01-31"));
  EXPECT_TRUE(has(ran.out, "Accept it: homepatchctl accept mac:a4cf12000001"));
}

TEST_F(Lists, ExplainNamesNoTargetWhereThereIsNone) {
  const std::string plug = daemon.add_device(
      "mac:a4cf12000001",
      {{"Name", "plug"}, {"Verdict", "wait"}, {"Reason", "update_running"}, {"ReasonText", "An update is under way."}});
  daemon.add_update(plug, {{"Phase", "confirming"}, {"ToVersion", "1.2.0"}});
  const Ran ran = run({"explain", "plug"}, {.environment = {{"COLUMNS", "400"}}});
  EXPECT_TRUE(has(ran.out, "\nAn update is under way. (update_running)")) << ran.out;
  EXPECT_FALSE(has(ran.out, "updated to unknown")) << ran.out;
}

TEST_F(Lists, ExplainNamesTheFeedThatCouldNotBeAsked) {
  daemon.add_device("mac:a4cf12000001", {{"Name", "plug"}, {"Reason", "feed_not_asked"}});
  const auto feed = [](const char* name, int refreshed) {
    return nlohmann::json{{"name", name}, {"state", refreshed == 0 ? "failing" : "current"}, {"refreshed", refreshed}};
  };
  daemon.manager()["Feeds"] = {feed("acme", 0), feed("other", 1)};
  const Child::Where wide{.environment = {{"COLUMNS", "400"}}};
  EXPECT_TRUE(has(run({"explain", "plug"}, wide).out, "Never reached so far: acme. See"));
  daemon.manager()["Feeds"] = {feed("other", 1)};
  EXPECT_FALSE(has(run({"explain", "plug"}, wide).out, "Never reached"));
}

TEST_F(Lists, StatusSaysWhatToDoWhereSomethingIsWrong) {
  const Ran well = run({"status"}, {.environment = {{"COLUMNS", "400"}}});
  EXPECT_TRUE(has(well.out, "Broker     connected: 127.0.0.1:1883"));
  EXPECT_TRUE(has(well.out, "name the makers' feeds, each under [[feed]], in /etc/homepatch/homepatchd.toml"));
  daemon.manager().update({{"Broker", "connecting"},
                           {"ClockTrusted", false},
                           {"DevicesRefused", 17},
                           {"CacheBytes", 95'000'000},
                           {"CacheQuota", 100'000'000},
                           {"Feeds", {{{"name", "acme"}, {"url", "https://acme.example"}, {"state", "failing"}}}}});
  const std::string bad = run({"status"}, {.environment = {{"COLUMNS", "400"}}}).out;
  EXPECT_TRUE(has(bad, "Look whether the broker runs"));
  EXPECT_TRUE(has(bad, "timedatectl status"));
  EXPECT_FALSE(has(bad, "reset-clock"));
  EXPECT_TRUE(has(bad, "17 more refused"));
  EXPECT_TRUE(has(bad, "raise quota_mib"));
  EXPECT_TRUE(has(bad, "Look whether https://acme.example can be reached"));
  EXPECT_EQ(json({"status"}).at("status").at("feeds")[0].at("state"), "failing");
}

TEST_F(Lists, StatusNamesTheFloorOfAClockThatIsBelowItAndTheCommand) {
  daemon.manager().update({{"ClockTrusted", false}, {"ClockBelowFloor", true}, {"ClockFloor", 4'070'908'800'000}});
  const Ran ran = run({"status"}, {.environment = {{"COLUMNS", "400"}, {"TZ", "UTC"}}});
  EXPECT_TRUE(has(ran.out, "It must show at least 2099-01-01 00:00")) << ran.out;
  EXPECT_TRUE(has(ran.out, "homepatchctl reset-clock"));
  const auto status = json({"status"}).at("status");
  EXPECT_EQ(status.at("clock_floor"), "2099-01-01T00:00:00Z");
  EXPECT_EQ(status.at("clock_below_floor"), true);
  daemon.manager()["ClockTrusted"] = true;
  EXPECT_TRUE(has(run({"status"}).out, "not trusted for every feed"));
}

TEST_F(Lists, ATableFitsTheTerminalAndAPipeIsNeverCut) {
  add_lamp();
  daemon.add_device("mac:a4cf12000002", {{"Name", std::string(60, 'x')}, {"Model", "灯灯灯灯灯灯灯灯灯灯灯灯"}});
  for (const unsigned short columns : std::initializer_list<unsigned short>{40, 60, 80, 100, 132}) {
    const Ran ran = run({"devices"}, {.columns = columns, .environment = {{"NO_COLOR", "1"}}});
    for (const auto& line : lines_of(ran.out)) EXPECT_LE(display_width(line), columns) << line;
    EXPECT_TRUE(has(ran.out, "…"));
    EXPECT_TRUE(has(ran.out, "update available: ask") || columns == 40) << ran.out;
  }
  const Ran piped = run({"devices"}, {.environment = {{"COLUMNS", "40"}}});
  EXPECT_TRUE(has(piped.out, std::string(60, 'x')));
}

TEST_F(Lists, EachTableFitsANarrowTerminal) {
  const std::string lamp = add_lamp();
  daemon.add_update(lamp, {{"Phase", "transferring"}, {"Done", 43}, {"Total", 100}});
  daemon.add_release({{"Vendor", "acme"}, {"Model", "lamp2"}, {"Version", "14.4.0"}, {"Seq", 2}, {"Kind", "security"}});
  for (const char* list : {"devices", "plan", "releases", "updates"}) {
    for (const unsigned short columns : std::initializer_list<unsigned short>{20, 40, 60}) {
      const Ran ran = run({list}, {.columns = columns, .environment = {{"NO_COLOR", "1"}}});
      const auto lines = lines_of(ran.out);
      EXPECT_GE(lines.size(), 2U) << list << ran.err;
      for (const auto& line : lines) EXPECT_LE(display_width(line), columns) << list << ": " << line;
    }
  }
}

TEST_F(Lists, NoLabelRunsIntoWhatItLabels) {
  add_lamp();
  const Ran ran = run({"device", "kitchen-lamp"});
  EXPECT_TRUE(has(ran.out, "Can be patched ")) << ran.out;
}

TEST_F(Lists, NothingTrailsALineWhoseLastCellsAreEmpty) {
  daemon.add_device("mac:a4cf12000001", {{"Name", "plug"}});
  for (const char* list : {"devices", "plan"}) {
    const Ran ran = run({list}, {.columns = 60, .environment = {{"NO_COLOR", "1"}}});
    for (const auto& line : lines_of(ran.out)) EXPECT_FALSE(line.ends_with(' ')) << "'" << line << "'";
  }
}

TEST_F(Lists, AMistakeOnTheCommandLineIsADocumentToo) {
  EXPECT_EQ(json({"device"}, 1)["error"]["code"], "invalid_argument");
  EXPECT_EQ(json({"devices", "--bogus"}, 1)["error"]["text"], "The following argument was not expected: --bogus");
  EXPECT_EQ(run({"device"}).out, "");
}

TEST_F(Lists, ColumnsAlignByWhatIsSeenNotByBytes) {
  daemon.add_device("mac:a4cf12000001", {{"Name", "灯"}, {"Model", "one"}});
  daemon.add_device("mac:a4cf12000002", {{"Name", "Küche"}, {"Model", "two"}});
  const auto lines = lines_of(run({"devices"}).out);
  ASSERT_EQ(lines.size(), 3U);
  const auto column_of = [](const std::string& line, const char* text) {
    return display_width(std::string_view(line).substr(0, line.find(text)));
  };
  EXPECT_EQ(column_of(lines[1], "two"), column_of(lines[0], "MODEL"));
  EXPECT_EQ(column_of(lines[2], "one"), column_of(lines[0], "MODEL"));
}

TEST_F(Lists, NothingThatADeviceSaysSteersTheTerminal) {
  const std::string nasty =
      "lamp\x1b[2J\x1b]0;owned\x07\xc2\x9b"
      "31m\r\n\x7f\xe2\x80\xae";
  const std::string path = daemon.add_device(
      "mac:a4cf12000001",
      {{"Name", nasty},           {"Model", nasty},           {"Manufacturer", nasty},    {"Hardware", nasty},
       {"Version", nasty},        {"Address", nasty},         {"Target", nasty},          {"ReasonText", nasty},
       {"Reason", nasty},         {"Verdict", "ask"},         {"SupportEnd", nasty},      {"Method", nasty},
       {"AdviceAfterEnd", nasty}, {"EndOfLifeAdvice", nasty}, {"SecurityContact", nasty}, {"SignedBy", nasty},
       {"Provenance", nasty},     {"UserAction", nasty},      {"AdvisoryUrl", nasty},     {"Catalog", nasty},
       {"Condition", nasty}});
  daemon.explanations[path] = {{"path", {nasty, nasty}}, {"protects", {nasty}},   {"severity", nasty},
                               {"summary", nasty},       {"advisory_url", nasty}, {"signed_by", nasty}};
  daemon.add_update(path, {{"Phase", "failed"}, {"Detail", nasty}, {"ReasonText", nasty}, {"AskedBy", nasty}});
  daemon.add_release({{"Vendor", nasty},
                      {"Model", nasty},
                      {"Version", nasty},
                      {"Cves", {nasty}},
                      {"Id", "r1"},
                      {"UserAction", nasty},
                      {"Summary", nasty},
                      {"AdvisoryUrl", nasty},
                      {"SignedBy", nasty}});
  daemon.manager().update({{"BrokerText", nasty}, {"Version", nasty}, {"Listening", {nasty}}});
  daemon.refresh_text = nasty;
  const std::vector<Words> all{{"devices"},        {"device", "mac:a4"}, {"explain", "mac:a4"},
                               {"plan"},           {"updates"},          {"releases"},
                               {"releases", "r1"}, {"status"},           {"refresh"}};
  for (const Words& words : all) {
    const Ran ran = run(words, {.columns = 100});
    EXPECT_EQ(ran.status, 0) << ran.out;
    const TinyTerminal terminal(ran.out);
    EXPECT_EQ(terminal.foreign, 0U) << words[0];
    EXPECT_FALSE(has(ran.out, "\xc2\x9b")) << words[0];
    EXPECT_FALSE(has(ran.out, "\xe2\x80\xae")) << words[0];
    json(words);  // looks at every byte itself
  }
  EXPECT_EQ(json({"devices"}).at("devices")[0].at("name"), nasty);
}

TEST_F(Lists, ColourOnlyWhereItIsWelcome) {
  add_lamp();
  const auto colours = [&](const Child::Where& where) { return TinyTerminal(run({"devices"}, where).out).coloured; };
  EXPECT_GT(colours({.columns = 100}), 0U);
  EXPECT_EQ(colours({}), 0U);
  EXPECT_EQ(colours({.columns = 100, .environment = {{"NO_COLOR", "1"}}}), 0U);
  EXPECT_EQ(colours({.columns = 100, .environment = {{"TERM", "dumb"}}}), 0U);
}

TEST_F(Lists, AThousandDevicesAreReadWithOneCall) {
  for (int i = 0; i < 1000; ++i) {
    daemon.add_device(fmt::format("mac:a4cf{:08x}", i), {{"Name", fmt::format("device-{}", i)}, {"Version", "1.0"}});
  }
  const Ran ran = run({"devices"});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(lines_of(ran.out).size(), 1001U);
  EXPECT_TRUE(daemon.calls().empty());  // GetManagedObjects is answered by sd-bus; nothing else was asked
}

}  // namespace
}  // namespace homepatch::cli
