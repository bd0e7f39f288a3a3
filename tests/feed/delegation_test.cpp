// A vendor that signs its own releases in another's feed, from its own work folder, without either seeing the other's
// keys.
#include <gtest/gtest.h>

#include <filesystem>

#include "feed_tool.hpp"
#include "support/raw_http_server.hpp"

namespace homepatch::test {
namespace {

namespace fs = std::filesystem;

// A release of bulb.example/lamp.
std::string lamp_toml(const std::string& version, int seq) {
  auto text = replaced(release_toml(version, seq), "acme.example", "bulb.example");
  text = replaced(text, "id = \"plug\"", "id = \"lamp\"");
  return replaced(text, "ESP8266EX", "ESP32-C3");
}

class Delegation : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(tool.init().status, 0);
    ASSERT_EQ(tool.add(release_toml("1.1.0", 1100)).status, 0);
    const auto run = vendor_init("bulb");
    ASSERT_EQ(run.status, 0) << run.output;
  }

  ToolRun vendor_init(const std::string& folder, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"init", tool.path(folder), "--name", "Bulb", "--vendor", "bulb.example", "--delegated",
                               "--passphrase-file", tool.path("pass")});
    return tool.run(more);
  }

  std::string vendor_key(const std::string& folder = "bulb") {
    for (const auto& entry : fs::directory_iterator(tool.path(folder + "/delegations"))) {
      if (entry.path().extension() == ".pub") return entry.path();
    }
    return "no key";
  }

  ToolRun with(const std::string& folder, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--feed", tool.path(folder)});
    return tool.run(arguments);
  }

  ToolRun vendor_add(const std::string& version, int seq, const std::string& folder = "bulb") {
    return with(folder, {"add", tool.file("lamp.toml", lamp_toml(version, seq)), tool.path("fw.bin")});
  }

  ToolRun vendor_publish(const std::string& folder = "bulb", std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"publish", tool.path(folder + "-out"), "--passphrase-file", tool.path("pass")});
    return with(folder, more);
  }

  ToolRun delegate(const std::string& folder = "bulb") {
    return with("work", {"delegate", "bulb.example", vendor_key(folder)});
  }

  ToolRun include(const std::string& folder = "bulb") {
    return with("work", {"include", "bulb.example", tool.path(folder + "-out")});
  }

  void publish_both() {
    ASSERT_EQ(delegate().status, 0);
    ASSERT_EQ(vendor_add("2.0.0", 2000).status, 0);
    auto run = vendor_publish();
    ASSERT_EQ(run.status, 0) << run.output;
    run = include();
    ASSERT_EQ(run.status, 0) << run.output;
    EXPECT_TRUE(says(run, "bulb.example/lamp  Acme Plug")) << "what homes will see: " << run.output;
    run = tool.publish();
    ASSERT_EQ(run.status, 0) << run.output;
  }

  FeedTool tool;
};

TEST_F(Delegation, HomesReadTheVendorsOwnWordThroughTheFeed) {
  publish_both();
  const auto run = tool.verify();
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "2 model(s), 2 image(s), every image fetched and its hash right")) << run.output;
  const auto targets = tool.json("out/metadata/1.targets.json")["signed"];
  EXPECT_FALSE(targets["targets"].contains("bulb.example/lamp/catalog.json")) << "only the vendor vouches for it";
  const auto& role = targets["delegations"]["roles"][0];
  EXPECT_EQ(role["name"], "bulb.example");
  EXPECT_EQ(role["terminating"], true);
  EXPECT_EQ(role["paths"][0], "bulb.example/*/*");
  EXPECT_TRUE(tool.json("out/metadata/1.snapshot.json")["signed"]["meta"].contains("bulb.example.json"));
}

TEST_F(Delegation, TheSameKeyAgainChangesNothingAndSaysSo) {
  ASSERT_EQ(delegate().status, 0);
  const auto run = delegate();
  EXPECT_EQ(run.status, 0);
  EXPECT_TRUE(says(run, "bulb.example may sign with these keys already; nothing was changed")) << run.output;
}

TEST_F(Delegation, TheVendorsNextReleaseComesWithItsNextRole) {
  publish_both();
  tool.file("fw.bin", "the second firmware");
  ASSERT_EQ(vendor_add("2.1.0", 2100).status, 0);
  ASSERT_EQ(vendor_publish().status, 0);
  EXPECT_EQ(tool.read("bulb-out/metadata/bulb.example.json").find("\"version\": 1,"), std::string::npos);
  ASSERT_EQ(include().status, 0);
  const auto run = tool.publish();
  EXPECT_TRUE(says(run, "+ 2.1.0, seq 2100")) << run.output;
  EXPECT_FALSE(says(run, "+ 2.0.0"));
  EXPECT_EQ(tool.verify().status, 0);
}

TEST_F(Delegation, NothingIsTakenInWithoutADelegationOrFromAnotherKey) {
  ASSERT_EQ(vendor_add("2.0.0", 2000).status, 0);
  ASSERT_EQ(vendor_publish().status, 0);
  auto run = include();
  EXPECT_EQ(run.status, 4);
  EXPECT_TRUE(says(run, "nothing is delegated to bulb.example")) << run.output;
  ASSERT_EQ(vendor_init("other").status, 0);
  ASSERT_EQ(delegate("other").status, 0);
  run = include();
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "signed by 0 of its keys, but 1 must sign")) << run.output;
  run = tool.publish();
  EXPECT_EQ(run.status, 0);
  EXPECT_TRUE(says(run, "nothing of bulb.example is taken in yet")) << run.output;
  EXPECT_EQ(tool.verify().status, 0);
}

TEST_F(Delegation, AVendorsFilesThatWereChangedOnTheWayAreRefused) {
  ASSERT_EQ(delegate().status, 0);
  ASSERT_EQ(vendor_add("2.0.0", 2000).status, 0);
  ASSERT_EQ(vendor_publish().status, 0);
  for (const auto& [name, bytes] : files_below(tool.path("bulb-out"))) {
    auto changed = bytes;
    changed[changed.size() / 2] ^= 1;
    tool.file("bulb-out" + name, changed);
    EXPECT_NE(include().status, 0) << name;
    tool.file("bulb-out" + name, bytes);
  }
  EXPECT_EQ(include().status, 0);
}

TEST_F(Delegation, AVendorsRoleDoesNotGoBack) {
  publish_both();
  fs::copy(tool.path("bulb-out"), tool.path("old-out"), fs::copy_options::recursive);
  ASSERT_EQ(vendor_publish().status, 0);
  ASSERT_EQ(include().status, 0);
  const auto run = include("old");
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "it has version 1, and this feed knows version 2 of bulb.example")) << run.output;
}

TEST_F(Delegation, AVendorsModelsAreItsOwnOrTheFeeds) {
  ASSERT_EQ(vendor_init("acme", {"--vendor", "acme.example"}).status, 1) << "--vendor once";
  ASSERT_EQ(delegate().status, 0);
  auto run = with("work", {"add", tool.file("lamp.toml", lamp_toml("2.0.0", 2000)), tool.path("fw.bin")});
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "vendor.id: signs its own releases in this feed")) << run.output;
  run = with("work", {"delegate", "acme.example", vendor_key()});
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "this feed publishes acme.example/plug/catalog.json itself")) << run.output;
  run = with("bulb", {"add", tool.file("plug.toml", release_toml("1.0.0", 1)), tool.path("fw.bin")});
  EXPECT_TRUE(says(run, "this feed takes releases of bulb.example only")) << run.output;
  run = with("bulb", {"refresh", tool.path("out")});
  EXPECT_TRUE(says(run, "is the folder of the delegated vendor bulb.example")) << run.output;
}

// A home that knew the delegation must take the snapshot that comes after its end.
TEST_F(Delegation, AfterRevokeHomesGoOnAndTheVendorIsGone) {
  publish_both();
  tool.set_now("");  // homepatch-tuf asks the real clock; what is signed from here on is fresh to it
  ASSERT_EQ(tool.publish().status, 0);
  const auto refresh = [&] {
    const RawHttpServer server(static_site(files_below(tool.path("out"))));
    Child client(
        {HOMEPATCH_TUF, "--metadata-dir", tool.path("home"), "--metadata-url", server.url("/metadata"), "refresh"});
    const auto status = client.wait();
    return ToolRun{status.value_or(-1), client.output()};
  };
  Child begin({HOMEPATCH_TUF, "--metadata-dir", tool.path("home"), "init", tool.path("out/metadata/1.root.json")});
  ASSERT_EQ(begin.wait(), 0) << begin.output();
  auto run = refresh();
  ASSERT_EQ(run.status, 0) << run.output;

  ASSERT_EQ(with("work", {"revoke", "bulb.example"}).status, 0);
  EXPECT_EQ(with("work", {"revoke", "bulb.example"}).status, 3);
  run = tool.publish();
  ASSERT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "- bulb.example/")) << run.output;
  EXPECT_TRUE(says(run, "gone. Homes forget its releases")) << run.output;
  EXPECT_TRUE(says(run, "- bulb.example may no longer sign in this feed")) << run.output;
  run = tool.verify();
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "1 model(s), 1 image(s)")) << run.output;
  run = refresh();
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_EQ(include().status, 4);
}

TEST_F(Delegation, AnExpiredVendorDoesNotHoldUpTheOthers) {
  ASSERT_EQ(delegate().status, 0);
  ASSERT_EQ(vendor_add("2.0.0", 2000).status, 0);
  ASSERT_EQ(vendor_publish("bulb", {"--targets-days", "1"}).status, 0);
  ASSERT_EQ(include().status, 0);
  tool.set_now("2026-11-25T10:00:00Z");
  auto run = tool.publish();
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "what bulb.example signed expired at 2026-11-24T10:00:00Z: its models are left out"))
      << run.output;
  EXPECT_TRUE(says(tool.verify(), "1 model(s)"));
  run = include();
  EXPECT_TRUE(says(run, "it expired at 2026-11-24T10:00:00Z")) << run.output;
}

TEST_F(Delegation, AVendorChangesItsKeyAndAnotherTakesOver) {
  publish_both();
  auto run = with("bulb", {"rotate", "bulb.example", "--passphrase-file", tool.path("pass")});
  ASSERT_EQ(run.status, 0) << run.output;
  const auto holder = tool.json("bulb/delegations/bulb.example.json");
  ASSERT_EQ(holder["keys"].size(), 1U);
  ASSERT_EQ(vendor_publish().status, 0);
  EXPECT_EQ(include().status, 1) << "the feed does not know the new key yet";
  const auto id = run.output.find("delegate bulb.example ") + std::string("delegate bulb.example ").size();
  const auto pub = run.output.substr(id, run.output.find(" --feed", id) - id);
  ASSERT_EQ(with("work", {"delegate", "bulb.example", pub}).status, 0);
  ASSERT_EQ(include().status, 0);
  ASSERT_EQ(tool.publish().status, 0);
  EXPECT_EQ(tool.verify().status, 0);

  ASSERT_EQ(vendor_init("heirs", {"--first-version", "3"}).status, 0);
  ASSERT_EQ(vendor_add("2.0.0", 2000, "heirs").status, 0);
  ASSERT_EQ(vendor_publish("heirs").status, 0);
  ASSERT_EQ(delegate("heirs").status, 0);
  run = include("heirs");
  ASSERT_EQ(run.status, 0) << run.output;
  ASSERT_EQ(tool.publish().status, 0);
  EXPECT_EQ(tool.verify().status, 0);
}

TEST_F(Delegation, AVendorsKeyMayBeElsewhereToo) {
  Child make({"openssl", "genpkey", "-algorithm", "ed25519", "-out", tool.path("hsm.pem")});
  if (make.wait() != 0) GTEST_SKIP() << "openssl is not installed: nobody to play the HSM";
  Child give({"openssl", "pkey", "-in", tool.path("hsm.pem"), "-pubout", "-out", tool.path("hsm.pub")});
  ASSERT_EQ(give.wait(), 0);
  ASSERT_EQ(vendor_init("far", {"--targets-key", tool.path("hsm.pub")}).status, 0);
  ASSERT_EQ(vendor_add("2.0.0", 2000, "far").status, 0);
  ASSERT_EQ(with("far", {"prepare", "bulb.example", "--out", tool.path("bytes")}).status, 0);
  EXPECT_EQ(with("far", {"prepare", "targets"}).status, 1);
  Child sign({"openssl", "pkeyutl", "-sign", "-rawin", "-inkey", tool.path("hsm.pem"), "-in", tool.path("bytes"),
              "-out", tool.path("sig")});
  ASSERT_EQ(sign.wait(), 0);
  auto run = with("far", {"attach", "bulb.example", tool.path("sig"), "--key", tool.path("hsm.pub")});
  ASSERT_EQ(run.status, 0) << run.output;
  ASSERT_EQ(vendor_publish("far").status, 0);
  ASSERT_EQ(with("work", {"delegate", "bulb.example", tool.path("hsm.pub")}).status, 0);
  run = include("far");
  EXPECT_EQ(run.status, 0) << run.output;
}

TEST_F(Delegation, PythonTufReadsTheVendorsTargets) {
  tool.set_now("");  // this client asks the real clock
  ASSERT_EQ(delegate().status, 0);
  ASSERT_EQ(vendor_add("2.0.0", 2000).status, 0);
  ASSERT_EQ(vendor_publish().status, 0);
  ASSERT_EQ(include().status, 0);
  ASSERT_EQ(tool.publish().status, 0);
  const auto seen = tool.ask_foreign_client(
      {"bulb.example/lamp/2.0.0/fw.bin", "bulb.example/lamp/catalog.json", "acme.example/plug/catalog.json"});
  if (seen.status == 77) GTEST_SKIP() << "python tuf is not installed: no foreign client to ask";
  EXPECT_EQ(seen.status, 0) << seen.output;
  EXPECT_TRUE(says(seen, "the first firmware")) << seen.output;
}

}  // namespace
}  // namespace homepatch::test
