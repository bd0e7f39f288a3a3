// Keys that never come to the work folder: what is to be signed goes out, openssl plays the HSM, the signature comes
// in.
#include <gtest/gtest.h>

#include <filesystem>

#include "feed_tool.hpp"

namespace homepatch::test {
namespace {

namespace fs = std::filesystem;

class OfflineKeys : public ::testing::Test {
 protected:
  void SetUp() override {
    Child there({"openssl", "version"});
    if (there.wait() != 0) GTEST_SKIP() << "openssl is not installed: nobody to play the HSM";
  }

  void openssl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "openssl");
    Child child(arguments);
    ASSERT_EQ(child.wait(), 0) << child.output();
  }

  // NAME.pem stays with its owner, NAME.pub is given away.
  std::string key(const std::string& name, const std::vector<std::string>& kind = {"-algorithm", "ed25519"}) {
    std::vector<std::string> arguments{"genpkey", "-out", tool.path(name + ".pem")};
    arguments.insert(arguments.end(), kind.begin(), kind.end());
    openssl(arguments);
    openssl({"pkey", "-in", tool.path(name + ".pem"), "-pubout", "-out", tool.path(name + ".pub")});
    return tool.path(name + ".pub");
  }

  ToolRun prepare(const std::string& role, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"prepare", role, "--feed", tool.path("work"), "--out", tool.path("bytes")});
    return tool.run(more);
  }

  std::string sign(const std::string& name) {
    openssl({"pkeyutl", "-sign", "-rawin", "-inkey", tool.path(name + ".pem"), "-in", tool.path("bytes"), "-out",
             tool.path(name + ".sig")});
    return tool.path(name + ".sig");
  }

  ToolRun attach(const std::string& role, const std::string& signature, const std::string& key) {
    return tool.run({"attach", role, signature, "--key", key, "--feed", tool.path("work")});
  }

  ToolRun with_passphrase(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--feed", tool.path("work"), "--passphrase-file", tool.path("pass")});
    return tool.run(arguments);
  }

  FeedTool tool;
};

TEST_F(OfflineKeys, ReleasesAreSignedWithATargetsKeyThatIsNeverHere) {
  const auto pub = key("hsm");
  ASSERT_EQ(tool.init({"--targets-key", pub}).status, 0);
  EXPECT_FALSE(fs::exists(tool.path("work/keys/targets.pem")));
  ASSERT_EQ(tool.add(release_toml("1.1.0", 1100)).status, 0);
  auto run = tool.publish();
  EXPECT_EQ(run.status, 3);
  EXPECT_TRUE(says(run, "have it signed where its key is (homepatch-feed prepare targets)")) << run.output;

  run = prepare("targets");
  ASSERT_EQ(run.status, 0) << run.output;
  for (const auto* text : {"targets version 1 of the feed \"Acme patches\", valid until 2027-02-21T10:00:00Z",
                           "What homes will see:", "+ 1.1.0, seq 1100", "catalogs of 1 model(s)",
                           "root version 1 asks for 1 signature(s) of these keys; 0 there",
                           "openssl pkeyutl -sign -rawin -inkey KEY.pem"}) {
    EXPECT_TRUE(says(run, text)) << text << "\n" << run.output;
    EXPECT_NE(tool.read("bytes.txt").find(text), std::string::npos) << text;
  }
  run = attach("targets", sign("hsm"), pub);
  ASSERT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "1 of the 1 signature(s) that root version 1 asks for")) << run.output;
  run = tool.publish();
  ASSERT_EQ(run.status, 0) << run.output;
  run = tool.verify();
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_FALSE(fs::exists(tool.path("work/metadata/pending/targets.json")));
}

TEST_F(OfflineKeys, WhatDidNotChangeNeedsNoSignatureAgain) {
  const auto pub = key("hsm");
  ASSERT_EQ(tool.init({"--targets-key", pub}).status, 0);
  ASSERT_EQ(tool.add(release_toml("1.1.0", 1100)).status, 0);
  prepare("targets");
  ASSERT_EQ(attach("targets", sign("hsm"), pub).status, 0);
  ASSERT_EQ(tool.publish().status, 0);
  tool.set_now("2026-12-20T10:00:00Z");
  const auto run = tool.publish();
  ASSERT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "targets 1, snapshot 2, timestamp 2")) << run.output;
  EXPECT_EQ(tool.verify().status, 0);
}

TEST_F(OfflineKeys, SignShowsFirstWhatHomesWillSee) {
  ASSERT_EQ(tool.init().status, 0);
  ASSERT_EQ(tool.add(release_toml("1.1.0", 1100)).status, 0);
  ASSERT_EQ(prepare("targets").status, 0);
  auto run = with_passphrase({"sign", "targets"});
  ASSERT_EQ(run.status, 0) << run.output;
  for (const auto* text : {"targets version 1 of the feed", "catalogs of 1 model(s)", "+ 1.1.0, seq 1100"}) {
    EXPECT_TRUE(says(run, text)) << text << "\n" << run.output;
  }
  ASSERT_EQ(tool.add(release_toml("1.2.0", 1200)).status, 0);
  run = with_passphrase({"sign", "targets"});
  EXPECT_TRUE(says(run, "It is not what this folder would publish now")) << run.output;
}

TEST_F(OfflineKeys, AWrongSignatureAndAStrangersKeyAreRefused) {
  const auto pub = key("hsm");
  key("stranger");
  ASSERT_EQ(tool.init({"--targets-key", pub}).status, 0);
  ASSERT_EQ(tool.add(release_toml("1.1.0", 1100)).status, 0);
  EXPECT_EQ(attach("targets", tool.file("none.sig", "x"), pub).status, 3) << "nothing is prepared yet";
  prepare("targets");
  auto run = attach("targets", sign("stranger"), tool.path("stranger.pub"));
  EXPECT_EQ(run.status, 4);
  EXPECT_TRUE(says(run, "may not sign targets; these may: ")) << run.output;
  run = attach("targets", tool.path("stranger.sig"), pub);
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "the signature was not taken: it is not this key's signature of the prepared bytes"))
      << run.output;
  EXPECT_EQ(tool.publish().status, 3);
  run = tool.run({"init", tool.path("other"), "--name", "x", "--targets-key", tool.path("hsm.pem"), "--passphrase-file",
                  tool.path("pass")});
  EXPECT_TRUE(says(run, "this is a private key, which stays where it is")) << run.output;
}

TEST_F(OfflineKeys, TwoOfTwoMustSignTheVerySameBytes) {
  const auto anna = key("anna");
  const auto bert = key("bert", {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"});
  ASSERT_EQ(tool.init({"--targets-key", anna, "--targets-key", bert, "--targets-threshold", "2"}).status, 0);
  ASSERT_EQ(tool.add(release_toml("1.1.0", 1100)).status, 0);
  prepare("targets");
  auto run = attach("targets", sign("anna"), anna);
  EXPECT_TRUE(says(run, "1 of the 2 signature(s)")) << run.output;
  run = tool.publish();
  EXPECT_EQ(run.status, 3);
  EXPECT_TRUE(says(run, "what was prepared of targets has 1 of the 2 signatures that it needs")) << run.output;

  const auto bytes = tool.read("bytes");
  tool.set_now("2026-11-24T10:00:00Z");
  run = prepare("targets");
  EXPECT_EQ(tool.read("bytes"), bytes);
  EXPECT_TRUE(says(run, "openssl dgst -sha256 -sign KEY.pem")) << run.output;
  openssl({"dgst", "-sha256", "-sign", tool.path("bert.pem"), "-out", tool.path("bert.sig"), tool.path("bytes")});
  ASSERT_EQ(attach("targets", tool.path("bert.sig"), bert).status, 0);
  ASSERT_EQ(tool.publish().status, 0);
  EXPECT_EQ(tool.verify().status, 0);
}

TEST_F(OfflineKeys, WhatWasAddedAfterwardsIsNotPublishedUnderTheOldSignature) {
  const auto pub = key("hsm");
  ASSERT_EQ(tool.init({"--targets-key", pub}).status, 0);
  ASSERT_EQ(tool.add(release_toml("1.1.0", 1100)).status, 0);
  prepare("targets");
  ASSERT_EQ(attach("targets", sign("hsm"), pub).status, 0);
  ASSERT_EQ(tool.add(release_toml("1.2.0", 1200)).status, 0);
  const auto run = tool.publish();
  EXPECT_EQ(run.status, 3);
  EXPECT_TRUE(says(run, "what was prepared of targets is not what is to be published now")) << run.output;
  EXPECT_FALSE(fs::exists(tool.path("out")));
}

TEST_F(OfflineKeys, EveryRoleCanBeSignedElsewhere) {
  const auto pub = key("hsm");
  ASSERT_EQ(tool.init({"--root-key", pub, "--targets-key", pub, "--snapshot-key", pub, "--timestamp-key", pub}).status,
            0);
  ASSERT_EQ(tool.add(release_toml("1.1.0", 1100)).status, 0);
  auto run = tool.publish();
  EXPECT_EQ(run.status, 4);
  EXPECT_TRUE(says(run, "the feed's first root still awaits signatures")) << run.output;
  for (const auto* role : {"root", "targets", "snapshot", "timestamp"}) {
    run = prepare(role);
    ASSERT_EQ(run.status, 0) << role << run.output;
    run = attach(role, sign("hsm"), pub);
    ASSERT_EQ(run.status, 0) << role << run.output;
  }
  run = tool.publish();
  ASSERT_EQ(run.status, 0) << run.output;
  EXPECT_EQ(tool.verify().status, 0);

  tool.set_now("2026-11-28T10:00:00Z");
  EXPECT_TRUE(says(prepare("timestamp"), "timestamp version 2")) << "a refresh is prepared just so";
  ASSERT_EQ(attach("timestamp", sign("hsm"), pub).status, 0);
  run = with_passphrase({"refresh", tool.path("out")});
  ASSERT_EQ(run.status, 0) << run.output;
  EXPECT_EQ(tool.verify().status, 0);
}

TEST_F(OfflineKeys, ASnapshotIsPreparedForTargetsThatWereSignedHere) {
  const auto pub = key("hsm");
  ASSERT_EQ(tool.init({"--snapshot-key", pub}).status, 0);
  ASSERT_EQ(tool.add(release_toml("1.1.0", 1100)).status, 0);
  EXPECT_EQ(prepare("snapshot").status, 3) << "targets come first";
  EXPECT_EQ(tool.publish().status, 3);
  ASSERT_EQ(prepare("snapshot").status, 0);
  ASSERT_EQ(attach("snapshot", sign("hsm"), pub).status, 0);
  tool.set_now("2026-11-24T10:00:00Z");
  ASSERT_EQ(tool.publish().status, 0);
  EXPECT_EQ(tool.verify().status, 0);
}

TEST_F(OfflineKeys, ARootIsRotatedToAKeyThatIsNeverHereAndHomesFollow) {
  ASSERT_EQ(tool.init().status, 0);
  ASSERT_EQ(tool.add(release_toml("1.1.0", 1100)).status, 0);
  ASSERT_EQ(tool.publish().status, 0);
  const auto pub = key("hsm");
  auto run = with_passphrase({"rotate", "root", "--key", pub});
  EXPECT_EQ(run.status, 4);
  EXPECT_TRUE(says(run, "0 of the 1 signature(s) that the new root itself asks for")) << run.output;
  run = with_passphrase({"rotate", "root", "--key", pub, "--prepare"});
  ASSERT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "1 of the 1 signature(s) that root version 1 asks for")) << run.output;
  EXPECT_TRUE(says(with_passphrase({"rotate", "root", "--prepare"}), "root version 2 awaits signatures already"));
  EXPECT_TRUE(says(prepare("root"), "From now on root is signed by 1 of: "));
  run = attach("root", sign("hsm"), pub);
  ASSERT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "root 2 is the feed's root now")) << run.output;
  ASSERT_EQ(tool.publish().status, 0);
  EXPECT_EQ(tool.verify().status, 0);

  // From here on the old keys are worth nothing.
  run = with_passphrase({"rotate", "root"});
  EXPECT_EQ(run.status, 4) << run.output;
  ASSERT_EQ(with_passphrase({"rotate", "targets", "--prepare"}).status, 0);
  prepare("root");
  ASSERT_EQ(attach("root", sign("hsm"), pub).status, 0);
  ASSERT_EQ(tool.publish().status, 0);
  EXPECT_EQ(tool.verify().status, 0);
}

TEST_F(OfflineKeys, TheSecondOfTwoPeopleSignsWithAKeyThatSheBrings) {
  ASSERT_EQ(tool.init({"--root-threshold", "2"}).status, 0);
  fs::rename(tool.path("work/keys/root-2.pem"), tool.path("hers.pem"));
  auto run = with_passphrase({"rotate", "root"});
  EXPECT_EQ(run.status, 4);
  EXPECT_TRUE(says(run, "1 of the 2 signature(s) that root version 1 asks for")) << run.output;
  ASSERT_EQ(with_passphrase({"rotate", "root", "--prepare"}).status, 0);
  fs::rename(tool.path("work/keys/root-1.pem"), tool.path("his.pem"));
  fs::rename(tool.path("hers.pem"), tool.path("work/keys/root-2.pem"));
  run = with_passphrase({"sign", "root"});
  ASSERT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "root version 2 of the feed \"Acme patches\", valid until ")) << run.output;
  EXPECT_TRUE(says(run, "From now on targets is signed by 1 of: ")) << run.output;
  EXPECT_TRUE(says(run, "root 2 is the feed's root now")) << run.output;
}

}  // namespace
}  // namespace homepatch::test
