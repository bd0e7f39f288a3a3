// Feeds that homepatch-feed made, read by python-tuf: a client that nobody here wrote.
#include <gtest/gtest.h>

#include <algorithm>

#include "feed_tool.hpp"

namespace homepatch::test {
namespace {

using Words = std::vector<std::string>;

class ForeignClient : public ::testing::Test {
 protected:
  ForeignClient() { tool.set_now(""); }  // this client asks the real clock

  static ToolRun run(Words words) {
    Child child(words);
    const auto status = child.wait();
    return {status.value_or(-1), child.output()};
  }

  FeedTool tool;
};

TEST_F(ForeignClient, PythonTufReadsAFeedThroughARotation) {
  ASSERT_EQ(tool.init().status, 0);
  ASSERT_EQ(tool.add(release_toml("1.1.0", 1100)).status, 0);
  ASSERT_EQ(tool.publish().status, 0);
  ASSERT_EQ(
      tool.run({"rotate", "timestamp", "--feed", tool.path("work"), "--passphrase-file", tool.path("pass")}).status, 0);
  ASSERT_EQ(tool.publish().status, 0);
  const auto client = tool.ask_foreign_client(
      {"acme.example/plug/1.1.0/fw.bin", "acme.example/plug/catalog.json", "_feed/models.json"});
  if (client.status == 77) GTEST_SKIP() << "python tuf is not installed: no foreign client to ask";
  EXPECT_EQ(client.status, 0) << client.output;
  EXPECT_TRUE(says(client, "the first firmware")) << client.output;
}

// The kinds of keys that are never made here: others bring and keep them, openssl plays the HSM.
class ForeignClientKeys : public ForeignClient {
 protected:
  struct Kind {
    Words make, sign;
  };

  void SetUp() override {
    if (run({"openssl", "version"}).status != 0) GTEST_SKIP() << "openssl is not installed: nobody to play the HSM";
  }

  // The file of its public half.
  std::string key(const std::string& name, const Kind& kind) {
    Words make{"openssl", "genpkey", "-out", tool.path(name + ".pem")};
    make.insert(make.end(), kind.make.begin(), kind.make.end());
    auto done = run(make);
    EXPECT_EQ(done.status, 0) << done.output;
    const auto pub = tool.path(name + ".pub");
    done = run({"openssl", "pkey", "-in", tool.path(name + ".pem"), "-pubout", "-out", pub});
    EXPECT_EQ(done.status, 0) << done.output;
    return pub;
  }

  void prepare(const std::string& folder, const std::string& role) {
    const auto done = tool.run({"prepare", role, "--feed", tool.path(folder), "--out", tool.path("bytes")});
    ASSERT_EQ(done.status, 0) << done.output;
  }

  // What was prepared last.
  void sign(const std::string& folder, const std::string& role, const std::string& name, const Kind& kind) {
    Words words{"openssl", "dgst", "-sha256", "-sign", tool.path(name + ".pem"), "-out", tool.path("sig")};
    words.insert(words.end(), kind.sign.begin(), kind.sign.end());
    words.push_back(tool.path("bytes"));
    auto done = run(words);
    ASSERT_EQ(done.status, 0) << done.output;
    done = tool.run({"attach", role, tool.path("sig"), "--key", tool.path(name + ".pub"), "--feed", tool.path(folder)});
    ASSERT_EQ(done.status, 0) << done.output;
  }

  ToolRun with_passphrase(Words words) {
    words.insert(words.end(), {"--passphrase-file", tool.path("pass")});
    return tool.run(words);
  }

  // A vendor with one key of each kind, both of which must sign.
  void publish_vendor() {
    const auto ec = key("vendor_ec", p256);
    const auto pss = key("vendor_pss", rsa);
    auto done = with_passphrase({"init", tool.path("bulb"), "--name", "Bulb", "--vendor", "bulb.example", "--delegated",
                                 "--targets-key", ec, "--targets-key", pss, "--targets-threshold", "2"});
    ASSERT_EQ(done.status, 0) << done.output;
    auto toml = replaced(release_toml("2.0.0", 2000), "acme.example", "bulb.example");
    toml = tool.file("bulb.toml", replaced(toml, "ESP8266EX", "ESP32-C3"));
    tool.file("fw.bin", "the vendor's firmware");
    ASSERT_EQ(tool.run({"add", toml, tool.path("fw.bin"), "--feed", tool.path("bulb")}).status, 0);
    prepare("bulb", "bulb.example");
    sign("bulb", "bulb.example", "vendor_ec", p256);
    sign("bulb", "bulb.example", "vendor_pss", rsa);
    done = with_passphrase({"publish", tool.path("bulb-out"), "--feed", tool.path("bulb")});
    ASSERT_EQ(done.status, 0) << done.output;
    done = tool.run({"delegate", "bulb.example", ec, pss, "--threshold", "2", "--feed", tool.path("work")});
    ASSERT_EQ(done.status, 0) << done.output;
    done = tool.run({"include", "bulb.example", tool.path("bulb-out"), "--feed", tool.path("work")});
    ASSERT_EQ(done.status, 0) << done.output;
  }

  // Of the keys of a role, sorted.
  static Words kinds(const nlohmann::json& content, const nlohmann::json& role) {
    Words out;
    for (const auto& id : role["keyids"]) out.push_back(content["keys"][id.get<std::string>()]["keytype"]);
    std::ranges::sort(out);
    return out;
  }

  const Kind p256{{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"}, {}};
  const Kind rsa{{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"},
                 {"-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"}};
};

TEST_F(ForeignClientKeys, PythonTufReadsAVendorsTargetsBelowEcdsaAndRsaKeys) {
  const auto root = key("root", p256);
  const auto next_root = key("next_root", rsa);
  ASSERT_EQ(tool.init({"--root-key", root, "--targets-key", key("targets_pss", rsa), "--targets-key",
                       key("targets_ec", p256), "--targets-threshold", "2"})
                .status,
            0);
  prepare("work", "root");
  sign("work", "root", "root", p256);
  ASSERT_EQ(tool.add(release_toml("1.1.0", 1100)).status, 0);
  publish_vendor();
  prepare("work", "targets");
  sign("work", "targets", "targets_pss", rsa);
  sign("work", "targets", "targets_ec", p256);
  auto done = tool.publish();
  ASSERT_EQ(done.status, 0) << done.output;

  // A root of the other kind takes over.
  done = with_passphrase({"rotate", "root", "--key", next_root, "--prepare", "--feed", tool.path("work")});
  ASSERT_EQ(done.status, 0) << done.output;
  prepare("work", "root");
  sign("work", "root", "root", p256);
  sign("work", "root", "next_root", rsa);
  done = tool.publish();
  ASSERT_EQ(done.status, 0) << done.output;
  const Words both{"ecdsa", "rsa"};
  const auto root_content = tool.json("out/metadata/2.root.json")["signed"];
  EXPECT_EQ(kinds(root_content, root_content["roles"]["root"]), Words{"rsa"});
  EXPECT_EQ(kinds(root_content, root_content["roles"]["targets"]), both);
  const auto delegations = tool.json("out/metadata/1.targets.json")["signed"]["delegations"];
  EXPECT_EQ(kinds(delegations, delegations["roles"][0]), both);
  for (const auto& role : {root_content["roles"]["targets"], delegations["roles"][0]}) EXPECT_EQ(role["threshold"], 2);

  const auto client = tool.ask_foreign_client({"acme.example/plug/1.1.0/fw.bin", "bulb.example/plug/2.0.0/fw.bin",
                                               "bulb.example/plug/catalog.json", "_feed/models.json"});
  if (client.status == 77) GTEST_SKIP() << "python tuf is not installed: no foreign client to ask";
  EXPECT_EQ(client.status, 0) << client.output;
  EXPECT_TRUE(says(client, "the first firmware")) << client.output;
  EXPECT_TRUE(says(client, "the vendor's firmware")) << client.output;
}

}  // namespace
}  // namespace homepatch::test
