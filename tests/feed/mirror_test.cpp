// Community feeds made from upstreams that sign nothing: what passes upstream's own checks is taken in, and nothing
// else.
#include <gtest/gtest.h>

#include <filesystem>

#include "feed_tool.hpp"
#include "support/raw_http_server.hpp"
#include "trust/hash.hpp"

namespace homepatch::test {
namespace {

namespace fs = std::filesystem;

// An ESP32 application image without anything in it. `chip` is the id in its header: 0 esp32, 5 esp32-c3.
std::string esp32_image(char chip) {
  std::string image(304, '\0');
  image[0] = '\xE9';
  image[1] = 1;  // one segment,
  image[12] = chip;
  image[29] = 1;  // of 256 bytes, which are the description
  image.replace(32, 4, "\x32\x54\xCD\xAB");
  image.replace(48, 3, "3.2");
  return image;
}

class Mirror : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(tool.init({"--vendor", "patches.example"}).status, 0); }

  ToolRun mirror(const std::string& kind, const std::string& source, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"mirror", kind, tool.path(source), tool.path("work"), "--support-end", "2028-12-31"});
    return tool.run(more);
  }

  nlohmann::json catalog(const std::string& model) {
    return tool.json("work/models/patches.example/" + model + "/catalog.json");
  }

  void expect_publishable(const std::string& seen) {
    auto run = tool.publish();
    EXPECT_EQ(run.status, 0) << run.output;
    run = tool.verify();
    EXPECT_EQ(run.status, 0) << run.output;
    EXPECT_TRUE(says(run, seen)) << run.output;
  }

  FeedTool tool;
};

class MirrorTasmota : public Mirror {
 protected:
  void SetUp() override {
    Mirror::SetUp();
    fs::create_directories(tool.path("release-15.0.1"));
    put("tasmota.bin.gz", "\x1f\x8b packed tasmota");
    put("tasmota.bin", "\xE9 plain tasmota");
    put("tasmota-minimal.bin.gz", "\x1f\x8b packed minimal");
    put("tasmota-sensors.bin.gz", "\x1f\x8b packed sensors");
    put("tasmota32c3.bin", esp32_image(5));
    put("tasmota32.factory.bin", "a full-flash image");
    put("tasmota32-odd.bin", esp32_image(0));
    write_sums();
  }

  void put(const std::string& name, const std::string& bytes) {
    tool.file("release-15.0.1/" + name, bytes);
    sums[name] = sha256(bytes).hex();
  }
  void write_sums() {
    std::string text = "# from the release page\n";
    for (const auto& [name, sum] : sums) text += sum + "  " + name + "\n";
    tool.file("release-15.0.1/SHA256SUMS", text);
  }

  std::map<std::string, std::string> sums;
};

TEST_F(MirrorTasmota, TakesTheReleaseOfEveryBuildThatDevicesAreRecognisedBy) {
  const auto run = mirror("tasmota", "release-15.0.1", {"--also", "14.2.0"});
  ASSERT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "left out: tasmota32-odd.bin: no device is recognised by this file's name")) << run.output;
  EXPECT_TRUE(says(run, "3 release(s) taken in, 0 known already, 1 left out, 0 refused")) << run.output;
  const auto plain = catalog("tasmota");
  const auto& release = plain["releases"][1];
  EXPECT_EQ(plain["releases"][0]["version"], "14.2.0");
  EXPECT_EQ(release["version"], "15.0.1");
  EXPECT_EQ(release["kind"], "mixed");
  EXPECT_EQ(release["requires"]["from_seq_min"], 9'001'000'000);
  EXPECT_EQ(release["images"][0]["target"], "patches.example/tasmota/15.0.1/tasmota.bin.gz");
  EXPECT_EQ(release["images"][1]["component"], "minimal");
  EXPECT_EQ(plain["model"]["match"]["tasmota"][0], (nlohmann::json{{"chip", "ESP8266EX"}, {"image", "tasmota"}}));
  EXPECT_EQ(plain["support"]["end"], "2028-12-31");
  EXPECT_EQ(plain["updatability"]["method"], "confirm") << "upstream's word alone installs nothing";
  EXPECT_EQ(catalog("tasmota32c3")["model"]["match"]["tasmota"],
            (nlohmann::json{{{"chip", "ESP32-C3"}, {"image", "tasmota32"}}}));
  EXPECT_EQ(catalog("tasmota-sensors")["model"]["match"]["tasmota"][0]["image"], "sensors");
  expect_publishable("3 model(s), 5 image(s)");
}

TEST_F(MirrorTasmota, TheNextReleaseComesBesideTheLast) {
  ASSERT_EQ(mirror("tasmota", "release-15.0.1", {"--only", "tasmota"}).status, 0);
  auto run = mirror("tasmota", "release-15.0.1", {"--only", "tasmota"});
  EXPECT_EQ(run.status, 0);
  EXPECT_TRUE(says(run, "0 release(s) taken in, 1 known already")) << run.output;
  run = mirror("tasmota", "release-15.0.1", {"--only", "tasmota", "--release", "15.1.0", "--automatic"});
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_EQ(catalog("tasmota")["releases"].size(), 2U);
  EXPECT_EQ(catalog("tasmota")["updatability"]["method"], "auto");
  run = mirror("tasmota", "release-15.0.1", {"--only", "tasmota", "--release", "15.0.9"});
  EXPECT_TRUE(says(run, "older than what is mirrored already")) << run.output;
}

TEST_F(MirrorTasmota, WithoutUpstreamsHashNothingIsTaken) {
  sums.erase("tasmota-sensors.bin.gz");
  sums["tasmota.bin.gz"][0] = sums["tasmota.bin.gz"][0] == '0' ? '1' : '0';
  write_sums();
  auto run = mirror("tasmota", "release-15.0.1");
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "upstream gives no SHA-256 for tasmota-sensors.bin.gz: without one it is not taken"))
      << run.output;
  EXPECT_TRUE(says(run, "the SHA-256 of tasmota.bin.gz is not upstream's")) << run.output;
  EXPECT_TRUE(says(run, "1 release(s) taken in, 0 known already, 1 left out, 2 refused")) << run.output;
  EXPECT_FALSE(fs::exists(tool.path("work/models/patches.example/tasmota")));
  fs::remove(tool.path("release-15.0.1/SHA256SUMS"));
  run = mirror("tasmota", "release-15.0.1");
  EXPECT_EQ(run.status, 3);
  EXPECT_TRUE(says(run, "it must hold the SHA-256 that Tasmota's release page shows for each file")) << run.output;
}

TEST_F(MirrorTasmota, AnImageOfAnotherChipOrWithoutItsHelperIsRefused) {
  put("tasmota32c3.bin", esp32_image(0));
  put("tasmota-sensors.bin.gz", "no image");
  write_sums();
  fs::remove(tool.path("release-15.0.1/tasmota-minimal.bin.gz"));
  const auto run = mirror("tasmota", "release-15.0.1");
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "tasmota32c3.bin: is for esp32, but its name says esp32-c3")) << run.output;
  EXPECT_TRUE(says(run, "does not begin as ESP8266 images do")) << run.output;
  EXPECT_TRUE(says(run, "tasmota-minimal.bin.gz must lie beside it")) << run.output;
}

TEST_F(MirrorTasmota, AReleaseThatHomesMayRunIsNeverChanged) {
  ASSERT_EQ(mirror("tasmota", "release-15.0.1").status, 0);
  put("tasmota.bin.gz", "\x1f\x8b another one");
  write_sums();
  const auto run = mirror("tasmota", "release-15.0.1");
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "upstream offers another image as 15.0.1 than the one that is mirrored already")) << run.output;
  EXPECT_TRUE(says(run, "2 known already"));
}

TEST_F(MirrorTasmota, AsksForWhatOnlyAPersonCanSay) {
  auto run = tool.run({"mirror", "tasmota", tool.path("release-15.0.1"), tool.path("work")});
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "--support-end")) << run.output;
  run = tool.run({"mirror", "tasmota", tool.path("release-15.0.1"), tool.path("work"), "--support-end", "one day"});
  EXPECT_TRUE(says(run, "must be a day such as 2031-05-31")) << run.output;
  FeedTool other;
  ASSERT_EQ(other.init().status, 0);
  run = tool.run({"mirror", "tasmota", tool.path("release-15.0.1"), other.path("work"), "--support-end", "2028-12-31"});
  EXPECT_TRUE(says(run, "names no vendor: a mirror publishes under a domain of its own")) << run.output;
  fs::rename(tool.path("release-15.0.1"), tool.path("downloads"));
  EXPECT_TRUE(says(mirror("tasmota", "downloads"), "say which release the folder holds, such as --release 15.0.1"));
  run = mirror("tasmota", "downloads", {"--release", "15.0.1", "--dry-run"});
  EXPECT_TRUE(says(run, "3 release(s) would be taken in (--dry-run)")) << run.output;
  EXPECT_FALSE(fs::exists(tool.path("work/models/patches.example")));
}

class MirrorShelly : public Mirror {
 protected:
  static constexpr const char* kImage = "a Shelly bundle";

  void document(const std::string& url, const std::string& version = "1.4.4") {
    fs::create_directories(tool.path("shelly"));
    tool.file("shelly/Plus1PM.json",
              nlohmann::json{{"stable", {{"version", version}, {"build_id", "20260101-1/x"}, {"url", url}}}}.dump());
  }
};

TEST_F(MirrorShelly, TakesTheStableReleaseOfAnApp) {
  const auto hash = sha256(kImage).hex();
  document("https://fwcdn.shelly.example/gen2/Plus1PM/" + hash);
  tool.file("shelly/" + hash, kImage);
  const auto run = mirror("shelly", "shelly");
  ASSERT_EQ(run.status, 0) << run.output;
  const auto made = catalog("plus1pm");
  EXPECT_EQ(made["model"]["match"]["shelly"][0]["app"], "Plus1PM");
  EXPECT_EQ(made["releases"][0]["version"], "1.3.3") << "the stepping stone is listed";
  EXPECT_EQ(made["releases"][1]["version"], "1.4.4");
  EXPECT_EQ(made["releases"][1]["requires"]["from_seq_min"], made["releases"][0]["seq"]);
  expect_publishable("1 model(s), 1 image(s)");
}

TEST_F(MirrorShelly, FetchesAnImageOnlyWhenItIsAllowedAndChecksIt) {
  const auto hash = sha256(kImage).hex();
  const RawHttpServer server(static_site({{"/gen2/" + hash, kImage}, {"/bad/" + hash, "a Shelly bundlE"}}));
  document(server.url("/gen2/" + hash));
  auto run = mirror("shelly", "shelly");
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "put it there, or let --download fetch it")) << run.output;
  EXPECT_TRUE(server.requests().empty());
  run = mirror("shelly", "shelly", {"--download"});
  EXPECT_EQ(run.status, 0) << run.output;
  document(server.url("/bad/" + hash), "1.5.0");
  run = mirror("shelly", "shelly", {"--download"});
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "which its address names")) << run.output;
}

TEST_F(MirrorShelly, WithoutAHashInTheAddressNothingIsTaken) {
  document("https://fwcdn.shelly.example/gen2/Plus1PM.zip");
  auto run = mirror("shelly", "shelly");
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "does not end in the file's SHA-256: without a hash it is not taken")) << run.output;
  tool.file("shelly/Plus1PM.json", R"({"isok":true,"data":{"SHSW-1":{"url":"http://x/y.zip","version":"1"}}})");
  run = mirror("shelly", "shelly");
  EXPECT_TRUE(says(run, "the index of Gen1 devices, which gives no hash of its files")) << run.output;
  const auto hash = sha256(kImage).hex();
  document("https://x.example/" + hash, "1.7.99-g4prod3");
  tool.file("shelly/" + hash, kImage);
  run = mirror("shelly", "shelly");
  EXPECT_TRUE(says(run, "the version '1.7.99-g4prod3' has no place in the order of releases")) << run.output;
}

}  // namespace
}  // namespace homepatch::test
