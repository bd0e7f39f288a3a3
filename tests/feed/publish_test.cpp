#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "feed_tool.hpp"
#include "support/raw_http_server.hpp"

namespace homepatch::test {
namespace {

namespace fs = std::filesystem;

class Publish : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(tool.init().status, 0);
    ASSERT_EQ(tool.add(release_toml("1.1.0", 1100)).status, 0);
  }
  FeedTool tool;
};

TEST(Init, KeepsItsKeysEncryptedAndToItself) {
  FeedTool tool;
  const auto run = tool.init();
  ASSERT_EQ(run.status, 0) << run.output;
  for (const auto* name : {"root-1", "root-2", "targets", "snapshot", "timestamp"}) {
    const auto key = std::string("work/keys/") + name + ".pem";
    EXPECT_TRUE(tool.read(key).starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----")) << key;
    struct stat st {};
    ASSERT_EQ(::stat(tool.path(key).c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 0777U, 0600U) << key;
  }
  EXPECT_TRUE(says(run, "Its fingerprint (SHA-256)"));
  EXPECT_EQ(tool.json("work/metadata/1.root.json")["signed"]["expires"], "2027-11-23T10:00:00Z");
  const auto again = tool.init();
  EXPECT_EQ(again.status, 1);
  EXPECT_TRUE(says(again, "holds a feed already")) << again.output;
}

TEST(Init, WithoutAPassphraseSaysItLoudlyAndWorksUnattended) {
  FeedTool tool;
  const auto run = tool.run({"init", tool.path("work"), "--name", "Trial", "--no-passphrase"});
  ASSERT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "WARNING: the keys are NOT protected by a passphrase"));
  ASSERT_EQ(tool.add(release_toml("1.1.0", 1100)).status, 0);
  const auto published = tool.run({"publish", tool.path("out"), "--feed", tool.path("work")});
  EXPECT_EQ(published.status, 0) << published.output;
}

TEST(Init, RefusesWhatHasNoMeaning) {
  FeedTool tool;
  EXPECT_TRUE(says(tool.init({"--root-threshold", "3"}), "--root-threshold must be 1 to 2, the number of root keys"));
  EXPECT_TRUE(says(tool.init({"--vendor", "Acme Inc"}), "must be a domain name in lower case"));
  const auto run = tool.run({"init", tool.path("work"), "--name", "x"});
  EXPECT_EQ(run.status, 4);
  EXPECT_TRUE(says(run, "give --passphrase-file FILE")) << run.output;
  EXPECT_FALSE(fs::exists(tool.path("work")));
}

TEST(Init, AsksForNothingBeforeItKnowsThatItCan) {
  FeedTool tool;
  ASSERT_EQ(tool.init().status, 0);
  const auto taken = tool.run({"init", tool.path("work"), "--name", "x"});
  EXPECT_TRUE(says(taken, "holds a feed already")) << taken.output;
  EXPECT_TRUE(says(tool.run({"init", tool.path("other"), "--name", "x", "--root-days", "-4"}), "--root-days"));
  EXPECT_FALSE(fs::exists(tool.path("other")));
}

TEST(Commands, AMistypedOneIsNamed) {
  FeedTool tool;
  const auto run = tool.run({"pubish", "out"});
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "homepatch-feed: ") && says(run, "pubish")) << run.output;
  EXPECT_TRUE(says(tool.run({}), "say what to do")) << run.output;
}

TEST_F(Publish, NeverPutsTheKeysIntoWhatIsServed) {
  fs::create_directory_symlink(tool.path("."), tool.path("link"));
  for (const auto* folder : {"work", "work/", ".", "work/..", "link"}) {
    const auto run =
        tool.run({"publish", tool.path(folder), "--feed", tool.path("work"), "--passphrase-file", tool.path("pass")});
    EXPECT_EQ(run.status, 1) << folder;
    EXPECT_TRUE(says(run, "holds this feed's work folder with its keys, and must not be served")) << run.output;
  }
  EXPECT_FALSE(fs::exists(tool.path("targets")));
  EXPECT_FALSE(fs::exists(tool.path("work/targets")));
  // Beside the keys, and below them, is fine.
  const auto below = tool.run(
      {"publish", tool.path("work/public"), "--feed", tool.path("work"), "--passphrase-file", tool.path("pass")});
  EXPECT_EQ(below.status, 0) << below.output;
}

TEST_F(Publish, TellsAWrongPassphraseFromNone) {
  const auto wrong = tool.file("wrong", "not the passphrase\n");
  const auto run = tool.run({"publish", tool.path("out"), "--feed", tool.path("work"), "--passphrase-file", wrong});
  EXPECT_EQ(run.status, 4);
  EXPECT_TRUE(says(run, "targets.pem: the passphrase that was given is not this key's")) << run.output;
}

TEST_F(Publish, WritesAFeedThatHomesAccept) {
  const auto run = tool.publish();
  ASSERT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "root 1, targets 1, snapshot 1, timestamp 1; 3 target files")) << run.output;
  for (const auto* name : {"1.root.json", "1.targets.json", "1.snapshot.json", "timestamp.json"}) {
    EXPECT_TRUE(fs::exists(tool.path(std::string("out/metadata/") + name))) << name;
  }
  const auto targets = tool.json("out/metadata/1.targets.json")["signed"]["targets"];
  const std::string digest = targets["acme.example/plug/1.1.0/fw.bin"]["hashes"]["sha256"];
  EXPECT_EQ(tool.read("out/targets/acme.example/plug/1.1.0/" + digest + ".fw.bin"), "the first firmware");
  EXPECT_EQ(tool.json("out/metadata/timestamp.json")["signed"]["expires"], "2026-11-30T10:00:00Z");
  EXPECT_EQ(tool.json("out/metadata/1.snapshot.json")["signed"]["expires"], "2026-12-23T10:00:00Z");
  EXPECT_EQ(tool.json("out/metadata/1.targets.json")["signed"]["expires"], "2027-02-21T10:00:00Z");

  const auto verified = tool.verify();
  EXPECT_EQ(verified.status, 0) << verified.output;
  EXPECT_TRUE(says(verified, "+ 1.1.0, seq 1100")) << verified.output;
  EXPECT_TRUE(says(verified, "1 model(s), 1 image(s), every image fetched and its hash right")) << verified.output;
}

TEST_F(Publish, IsVerifiedOverHttpToo) {
  ASSERT_EQ(tool.publish().status, 0);
  const RawHttpServer server(static_site(files_below(tool.path("out"))));
  const auto run = tool.run({"verify", server.url("/"), "--root", tool.path("work/metadata/1.root.json")});
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "every image fetched and its hash right")) << run.output;
}

TEST_F(Publish, AgainRaisesEveryVersionAndKeepsWhatReadersMayStillRead) {
  ASSERT_EQ(tool.publish().status, 0);
  const auto before = files_below(tool.path("out"));
  tool.file("fw.bin", "the second firmware");
  ASSERT_EQ(tool.add(release_toml("1.2.0", 1200)).status, 0);
  const auto run = tool.publish();
  ASSERT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "+ 1.2.0, seq 1200"));
  EXPECT_FALSE(says(run, "+ 1.1.0")) << "only what is new is shown";
  EXPECT_TRUE(says(run, "targets 2, snapshot 2, timestamp 2"));
  const auto after = files_below(tool.path("out"));
  for (const auto& [name, bytes] : before) {
    if (name == "/metadata/timestamp.json") continue;
    EXPECT_EQ(after.at(name), bytes) << name;
  }
  EXPECT_EQ(tool.verify().status, 0);
}

TEST_F(Publish, AReaderWithAnOldTimestampStillFindsEverything) {
  ASSERT_EQ(tool.publish().status, 0);
  const auto timestamp = tool.read("out/metadata/timestamp.json");
  tool.file("fw.bin", "the second firmware");
  ASSERT_EQ(tool.add(release_toml("1.2.0", 1200)).status, 0);
  ASSERT_EQ(tool.publish().status, 0);
  tool.file("out/metadata/timestamp.json", timestamp);  // as a crash before the last step leaves it
  const auto run = tool.verify();
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_FALSE(says(run, "1.2.0"));
}

TEST_F(Publish, NamesWhatIsTornInAFeed) {
  ASSERT_EQ(tool.publish().status, 0);
  auto torn = files_below(tool.path("out"));
  const auto image =
      std::find_if(torn.begin(), torn.end(), [](const auto& file) { return file.first.ends_with("fw.bin"); });
  ASSERT_NE(image, torn.end());
  tool.file("out" + image->first, "another firmware!!");
  auto run = tool.verify();
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "acme.example/plug/1.1.0/fw.bin: ")) << run.output;
  fs::remove(tool.path("out" + image->first));
  EXPECT_EQ(tool.verify().status, 3);
  tool.file("out" + image->first, image->second);
  EXPECT_EQ(tool.verify().status, 0);
  tool.file("out/metadata/1.targets.json", replaced(torn["/metadata/1.targets.json"], "fw.bin", "xx.bin"));
  run = tool.verify();
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "targets")) << run.output;
}

TEST_F(Publish, AFeedThatHasExpiredIsSaidToHave) {
  ASSERT_EQ(tool.publish().status, 0);
  tool.set_now("2026-12-01T00:00:00Z");
  const auto run = tool.verify();
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "expired on 2026-11-30T10:00:00Z")) << run.output;
}

TEST_F(Publish, RefusesAFolderThatIsAnothersOrAhead) {
  FeedTool other;
  ASSERT_EQ(other.init().status, 0);
  ASSERT_EQ(tool.publish().status, 0);
  auto run =
      other.run({"publish", tool.path("out"), "--feed", other.path("work"), "--passphrase-file", other.path("pass")});
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "another feed is published in")) << run.output;

  fs::copy(tool.path("work"), tool.path("old"), fs::copy_options::recursive);
  ASSERT_EQ(tool.publish().status, 0);
  run = tool.run({"publish", tool.path("out"), "--feed", tool.path("old"), "--passphrase-file", tool.path("pass")});
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "holds timestamp version 2, which is newer than this work folder's 1")) << run.output;
}

TEST_F(Publish, NeedsThePassphraseAndTheKeys) {
  auto run = tool.run({"publish", tool.path("out"), "--feed", tool.path("work")});
  EXPECT_EQ(run.status, 4);
  EXPECT_TRUE(says(run, "give --passphrase-file FILE")) << run.output;
  fs::remove(tool.path("work/keys/snapshot.pem"));
  run = tool.publish();
  EXPECT_EQ(run.status, 3);
  EXPECT_TRUE(says(run, "no key of the role snapshot lies in")) << run.output;
  EXPECT_FALSE(fs::exists(tool.path("out")));
}

TEST_F(Publish, ADamagedImageIsNotPublished) {
  const auto images = files_below(tool.path("work/images"));
  ASSERT_EQ(images.size(), 1U);
  tool.file("work/images" + images.begin()->first, "the first fIrmware");
  const auto run = tool.publish();
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "is damaged: put an intact copy in its place")) << run.output;
  EXPECT_FALSE(fs::exists(tool.path("out/metadata/timestamp.json")));
}

TEST_F(Publish, TwoModelsMustNotClaimTheSameDevices) {
  const auto run = tool.add(replaced(release_toml("1.1.0", 1100), "id = \"plug\"", "id = \"lamp\""));
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "both claim tasmota devices with")) << run.output;
  // As an older tool or a hand left it.
  fs::create_directories(tool.path("work/models/acme.example/lamp"));
  tool.file("work/models/acme.example/lamp/catalog.json",
            replaced(replaced(tool.read("work/models/acme.example/plug/catalog.json"), "\"id\": \"plug\"",
                              "\"id\": \"lamp\""),
                     "acme.example/plug/1.1.0", "acme.example/lamp/1.1.0"));
  const auto published = tool.publish();
  EXPECT_EQ(published.status, 1);
  EXPECT_TRUE(says(published, "both claim tasmota devices with")) << published.output;
}

// A release.toml of another LwM2M model, recognised with these lines.
std::string lwm2m_model(const std::string& id, const std::string& more) {
  return replaced(replaced(release_toml("1.1.0", 1100), "id = \"plug\"", "id = \"" + id + "\""),
                  "[[match.tasmota]]\nchip = \"ESP8266EX\"\nimage = \"tasmota\"",
                  "[[match.lwm2m]]\nmanufacturer = \"Acme\"\nmodel = \"Lamp\"" + more);
}

TEST_F(Publish, AModelOfAllHardwareClaimsThatOfAModelOfOne) {
  ASSERT_EQ(tool.add(lwm2m_model("lamp-a", "\nhw = \"A\"")).status, 0);
  ASSERT_EQ(tool.add(lwm2m_model("lamp-b", "\nhw = \"B\"")).status, 0);
  const auto run = tool.add(lwm2m_model("lamp", ""));
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "homes would find two models for one device and update neither. Name the hardware in both"))
      << run.output;
}

// The release of acme.example/MODEL that needs another model first.
std::string needing(const std::string& id, const std::string& chip, const std::string& other, int seq) {
  return replaced(
      replaced(replaced(release_toml("2.0.0", 2000), "id = \"plug\"", "id = \"" + id + "\""), "ESP8266EX", chip),
      "[support]",
      "[requires]\ncomponents = [{vendor = \"acme.example\", model = \"" + other +
          "\", seq_min = " + std::to_string(seq) + "}]\n[support]");
}

TEST_F(Publish, AConditionThatNoHomeCanMeetIsRefused) {
  ASSERT_EQ(tool.add(needing("lamp", "ESP32-C3", "hub", 2000)).status, 0);
  auto run = tool.publish();
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(
      says(run, "acme.example/lamp 2.0.0 requires the model acme.example/hub, which this feed does not publish"))
      << run.output;
  fs::remove_all(tool.path("work/models/acme.example/lamp"));
  ASSERT_EQ(tool.add(needing("lamp", "ESP32-C3", "plug", 1101)).status, 0);
  run = tool.publish();
  EXPECT_TRUE(says(run, "requires acme.example/plug at seq 1101 or later, but its newest release has seq 1100"))
      << run.output;
  ASSERT_EQ(tool.add(needing("plug", "ESP8266EX", "lamp", 2000)).status, 0);
  run = tool.publish();
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "which itself waits for it: no home could ever install either")) << run.output;
  fs::remove_all(tool.path("work/models/acme.example/lamp"));
  ASSERT_EQ(tool.add(needing("lamp", "ESP32-C3", "plug", 1100)).status, 0);
  run = tool.publish();
  EXPECT_EQ(run.status, 0) << "lamp 2000 comes after plug 1100, and plug 2000 after that\n" << run.output;
}

TEST_F(Publish, WhatHomesLoseIsShownBeforeItIsSigned) {
  ASSERT_EQ(tool.publish().status, 0);
  EXPECT_TRUE(says(tool.publish(), "Nothing changes for homes but the signatures' dates."));
  ASSERT_EQ(tool.run({"deny", tool.path("fw.bin"), "--reason", "bricks", "--feed", tool.path("work")}).status, 0);
  auto run = tool.publish();
  ASSERT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "What homes will see")) << run.output;
  EXPECT_TRUE(says(run, "- taken back: acme.example/plug 1.1.0, SHA-256 ")) << run.output;
  ASSERT_EQ(tool.run({"deny", tool.path("fw.bin"), "--lift", "--feed", tool.path("work")}).status, 0);
  EXPECT_TRUE(says(tool.publish(), "+ may be installed again: acme.example/plug 1.1.0"));

  tool.file("fw.bin", "the second firmware");
  auto next = replaced(replaced(release_toml("1.2.0", 1200), "2031-05-31", "2029-05-31"), "ESP8266EX", "ESP8285");
  ASSERT_EQ(tool.add(replaced(next, "Acme Plug", "Acme Socket")).status, 0);
  run = tool.publish();
  ASSERT_EQ(run.status, 0) << run.output;
  for (const auto* text :
       {"- no longer recognised as tasmota chip=ESP8266EX image=tasmota", "+ newly recognised as tasmota chip=ESP8285",
        "- support ends sooner: 2029-05-31, it was 2031-05-31", "~ model.name: \"Acme Socket\", it was \"Acme Plug\"",
        "+ 1.2.0, seq 1200"}) {
    EXPECT_TRUE(says(run, text)) << text << "\n" << run.output;
  }

  ASSERT_EQ(tool.run({"eol", "acme.example/plug", "--feed", tool.path("work")}).status, 0);
  EXPECT_TRUE(says(tool.publish(), "- nothing more will be published for it"));
  fs::remove_all(tool.path("work/models/acme.example/plug"));
  run = tool.publish();
  ASSERT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "- acme.example/plug: gone. Homes forget its releases")) << run.output;
}

TEST_F(Publish, WhatMustRunElsewhereFirstIsShown) {
  const auto lamp =
      replaced(replaced(release_toml("2.0.0", 2000), "id = \"plug\"", "id = \"lamp\""), "ESP8266EX", "ESP32-C3");
  const auto run = tool.add(replaced(lamp, "[support]",
                                     "[requires]\ncomponents = [{vendor = \"acme.example\", model = \"plug\", "
                                     "seq_min = 1100}]\n[support]"));
  ASSERT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "once every acme.example/plug of the home runs seq 1100 or later")) << run.output;
}

TEST_F(Publish, RefreshRenewsTheTimestampAlone) {
  ASSERT_EQ(tool.publish().status, 0);
  const auto before = files_below(tool.path("out"));
  tool.set_now("2026-11-29T10:00:00Z");
  auto run =
      tool.run({"refresh", tool.path("out"), "--feed", tool.path("work"), "--passphrase-file", tool.path("pass")});
  ASSERT_EQ(run.status, 0) << run.output;
  const auto after = files_below(tool.path("out"));
  EXPECT_EQ(after.size(), before.size());
  EXPECT_EQ(tool.json("out/metadata/timestamp.json")["signed"]["version"], 2);
  tool.set_now("2026-12-05T10:00:00Z");
  EXPECT_EQ(tool.verify().status, 0);
  tool.set_now("2026-12-20T10:00:00Z");
  run = tool.run({"refresh", tool.path("out"), "--feed", tool.path("work"), "--passphrase-file", tool.path("pass")});
  EXPECT_TRUE(says(run, "the signed snapshot is valid until 2026-12-23T10:00:00Z only; run homepatch-feed publish"))
      << run.output;
  tool.set_now("2026-12-24T10:00:00Z");
  run = tool.run({"refresh", tool.path("out"), "--feed", tool.path("work"), "--passphrase-file", tool.path("pass")});
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "the signed snapshot expired at 2026-12-23T10:00:00Z: run homepatch-feed publish"))
      << run.output;
}

TEST_F(Publish, RefreshDoesNotSignWithAKeyThatHomesCannotKnowYet) {
  ASSERT_EQ(tool.publish().status, 0);
  ASSERT_EQ(
      tool.run({"rotate", "timestamp", "--feed", tool.path("work"), "--passphrase-file", tool.path("pass")}).status, 0);
  const auto run =
      tool.run({"refresh", tool.path("out"), "--feed", tool.path("work"), "--passphrase-file", tool.path("pass")});
  EXPECT_EQ(run.status, 3);
  EXPECT_TRUE(says(run, "2.root.json is missing: this feed's present state is not published")) << run.output;
  EXPECT_EQ(tool.verify().status, 0);
}

TEST_F(Publish, OnlineKeysMayHaveAPassphraseOfTheirOwn) {
  FeedTool feed;
  feed.file("online", "cron knows this\n");
  ASSERT_EQ(feed.init({"--online-passphrase-file", feed.path("online")}).status, 0);
  ASSERT_EQ(feed.add(release_toml("1.1.0", 1100)).status, 0);
  ASSERT_EQ(feed.publish({"--passphrase-file", feed.path("online")}).status, 0);
  const auto refreshed =
      feed.run({"refresh", feed.path("out"), "--feed", feed.path("work"), "--passphrase-file", feed.path("online")});
  EXPECT_EQ(refreshed.status, 0) << refreshed.output;
  EXPECT_EQ(
      feed.run({"publish", feed.path("out"), "--feed", feed.path("work"), "--passphrase-file", feed.path("online")})
          .status,
      4);
}

TEST_F(Publish, HomesFollowEveryRotationFromTheirFirstRoot) {
  ASSERT_EQ(tool.publish().status, 0);
  for (const auto* role : {"targets", "snapshot", "timestamp", "root"}) {
    std::vector<std::string> arguments{"rotate",          role,        "--feed", tool.path("work"), "--passphrase-file",
                                       tool.path("pass"), "--new-keys"};
    const auto run = tool.run(arguments);
    ASSERT_EQ(run.status, 0) << role << "\n" << run.output;
    ASSERT_EQ(tool.publish().status, 0) << role;
    const auto verified = tool.verify();
    EXPECT_EQ(verified.status, 0) << role << "\n" << verified.output;
  }
  EXPECT_TRUE(fs::exists(tool.path("out/metadata/5.root.json")));
  const auto first = tool.json("out/metadata/1.root.json")["signed"]["roles"];
  const auto last = tool.json("out/metadata/5.root.json")["signed"]["roles"];
  for (const auto* role : {"root", "targets", "snapshot", "timestamp"}) {
    EXPECT_NE(first[role]["keyids"], last[role]["keyids"]) << role;
  }
}

TEST_F(Publish, ARootIsRenewedWithOneOfItsTwoKeys) {
  ASSERT_EQ(tool.publish().status, 0);
  fs::remove(tool.path("work/keys/root-1.pem"));
  tool.set_now("2027-11-01T10:00:00Z");
  auto run = tool.run({"rotate", "root", "--feed", tool.path("work"), "--passphrase-file", tool.path("pass")});
  ASSERT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "Root 2 is signed, valid until 2028-10-31T10:00:00Z")) << run.output;
  ASSERT_EQ(tool.publish().status, 0);
  EXPECT_EQ(tool.verify().status, 0);
  fs::remove(tool.path("work/keys/root-2.pem"));
  run = tool.run({"rotate", "root", "--feed", tool.path("work"), "--passphrase-file", tool.path("pass")});
  EXPECT_EQ(run.status, 3);
  EXPECT_TRUE(says(run, "no key of the role root lies in")) << run.output;
}

TEST_F(Publish, AnExpiredRootMustBeRenewedFirst) {
  tool.set_now("2027-12-01T10:00:00Z");
  const auto run = tool.publish();
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "the signed root expired at 2027-11-23T10:00:00Z: sign a new one with homepatch-feed rotate"))
      << run.output;
}

TEST_F(Publish, EndOfLifeIsSeenByHomes) {
  auto run = tool.run({"eol", "acme.example/plug", "--advice", "Recycle it.", "--feed", tool.path("work")});
  ASSERT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "nothing more will be published; \"Recycle it.\"")) << run.output;
  run = tool.publish({"--targets-days", "3650", "--snapshot-days", "3650", "--timestamp-days", "3650"});
  ASSERT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "the root ends first")) << run.output;
  EXPECT_EQ(tool.json("work/published/acme.example/plug/catalog.json")["eol"]["since"], "2026-11-23");
  EXPECT_TRUE(says(tool.verify(), "end of life: nothing more will be published"));
  ASSERT_EQ(tool.run({"eol", "acme.example/plug", "--advice", "Sell it.", "--feed", tool.path("work")}).status, 0);
  run = tool.publish({"--timestamp-days", "3650"});
  EXPECT_TRUE(says(run, "~ eol.advice.en: \"Sell it.\", it was \"Recycle it.\"")) << run.output;
  EXPECT_EQ(tool.json("out/metadata/timestamp.json")["signed"]["expires"], "2036-11-20T10:00:00Z");
  EXPECT_EQ(tool.run({"eol", "acme.example/other", "--feed", tool.path("work")}).status, 3);
  EXPECT_EQ(tool.run({"eol", "acme", "--feed", tool.path("work")}).status, 1);
  // A later refresh would take the long validity back.
  run = tool.run({"refresh", tool.path("out"), "--feed", tool.path("work"), "--passphrase-file", tool.path("pass")});
  EXPECT_TRUE(says(run, "the timestamp before was valid longer, until 2036-11-20T10:00:00Z")) << run.output;
  run = tool.run({"eol", "acme.example/plug", "--advice", "\xff", "--feed", tool.path("work")});
  EXPECT_TRUE(says(run, "--advice must be one line of at most 2000 bytes of UTF-8")) << run.output;
}

}  // namespace
}  // namespace homepatch::test
