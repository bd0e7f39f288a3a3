#include <gtest/gtest.h>

#include <filesystem>

#include "feed_tool.hpp"
#include "support/raw_http_server.hpp"
#include "trust/hash.hpp"
#include "zigbee_file.hpp"

namespace homepatch::test {
namespace {

using nlohmann::json;

class MirrorZigbee : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(tool.init({"--vendor", "patches.example"}).status, 0); }

  json& entry(unsigned code, unsigned type, unsigned version, const std::string& image) {
    const auto name = std::to_string(type) + "-" + std::to_string(version) + ".ota";
    std::filesystem::create_directories(tool.path("upstream/images/Maker"));
    tool.file("upstream/images/Maker/" + name, image);
    index.push_back({{"fileName", name},
                     {"fileVersion", version},
                     {"fileSize", image.size()},
                     {"url", "https://upstream.example/master/images/Maker/" + name},
                     {"imageType", type},
                     {"manufacturerCode", code},
                     {"sha512", sha512_hex(image)},
                     {"otaHeaderString", "Lamp"}});
    return index.back();
  }

  ToolRun mirror(std::vector<std::string> more = {}) {
    tool.file("upstream/index.json", index.dump());
    more.insert(more.begin(),
                {"mirror", "zigbee", tool.path("upstream"), tool.path("work"), "--support-end", "2028-12-31"});
    return tool.run(more);
  }

  json catalog(const std::string& model) { return tool.json("work/models/patches.example/" + model + "/catalog.json"); }

  json index = json::array();
  FeedTool tool;
};

TEST_F(MirrorZigbee, TakesEveryVersionOfAModelInItsOrder) {
  entry(0x117C, 0x5AE1, 30, zigbee_file(0x117C, 0x5AE1, 30))["minFileVersion"] = 20;
  entry(0x117C, 0x5AE1, 20, zigbee_file(0x117C, 0x5AE1, 20));
  entry(0x1166, 0x0530, 421803653, "IKEA puts a container in front " + zigbee_file(0x1166, 0x0530, 421803653));
  auto run = mirror();
  ASSERT_EQ(run.status, 0) << run.output;
  const auto made = catalog("zigbee-117c-5ae1");
  EXPECT_EQ(made["model"]["match"]["zigbee"], (json{{{"manufacturer_code", "4476"}, {"image_type", "23265"}}}));
  EXPECT_EQ(made["releases"][0]["version"], "20");
  EXPECT_EQ(made["releases"][1]["seq"], 30);
  EXPECT_EQ(made["releases"][1]["requires"]["from_seq_min"], 20);
  EXPECT_EQ(made["releases"][1]["images"][0]["format"], "zigbee-ota");
  EXPECT_TRUE(says(mirror(), "0 release(s) taken in, 3 known already, 0 left out, 0 refused"));
  ASSERT_EQ(tool.publish().status, 0);
  run = tool.verify();
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "2 model(s), 3 image(s)")) << run.output;
}

TEST_F(MirrorZigbee, AnImageThatItsOwnHeaderContradictsIsRefused) {
  entry(0x1001, 1, 5, zigbee_file(0x1002, 1, 5));
  entry(0x1001, 2, 5, zigbee_file(0x1001, 3, 5));
  entry(0x1001, 4, 5, zigbee_file(0x1001, 4, 6));
  entry(0x1001, 5, 5, "no image at all");
  entry(0x1001, 6, 5, zigbee_file(0x1001, 6, 5));
  entry(0x1001, 7, 5, zigbee_file(0x1001, 7, 5))["otaHeaderString"] = "Plug";
  entry(0x1001, 8, 5, zigbee_file(0x1001, 8, 5, for_one_device(0x1234)));
  const auto run = mirror();
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "the index says manufacturer code 4097, the file's own header 4098")) << run.output;
  EXPECT_TRUE(says(run, "the index says image type 2, the file's own header 3")) << run.output;
  EXPECT_TRUE(says(run, "the index says version 5, the file's own header 6")) << run.output;
  EXPECT_TRUE(says(run, "the index says header string \"Plug\", the file's own header \"Lamp\"")) << run.output;
  EXPECT_TRUE(says(run, "the file's own header is for the one device 0000000000001234")) << run.output;
  EXPECT_TRUE(says(run, "1 release(s) taken in, 0 known already, 0 left out, 6 refused")) << run.output;
}

TEST_F(MirrorZigbee, WithoutAHashOrWithAnotherNothingIsTaken) {
  entry(0x1001, 1, 5, zigbee_file(0x1001, 1, 5)).erase("sha512");
  entry(0x1001, 2, 5, zigbee_file(0x1001, 2, 5))["sha512"] = sha512_hex("another");
  const auto run = mirror();
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "the index gives no SHA-512: without one it is not taken")) << run.output;
  EXPECT_TRUE(says(run, "the image's SHA-512 is not the one in the index")) << run.output;
  EXPECT_TRUE(says(run, "2 refused"));
  EXPECT_FALSE(std::filesystem::exists(tool.path("work/models/patches.example")));
}

TEST_F(MirrorZigbee, WhatCouldReachADeviceThatItIsNotForIsLeftOut) {
  entry(0x1001, 1, 5, zigbee_file(0x1001, 1, 5))["modelId"] = "lamp";
  entry(0x1001, 1, 6, zigbee_file(0x1001, 1, 6));
  entry(0x1001, 2, 5, zigbee_file(0x1001, 2, 5))["manufacturerName"] = {"_TZ3000_abc"};
  entry(0x1001, 3, 5, zigbee_file(0x1001, 3, 5))["hardwareVersionMax"] = 2;
  entry(0x1001, 4, 5, zigbee_file(0x1001, 4, 5, for_hardware(0, 2)));
  entry(0xFFFF, 5, 5, zigbee_file(0xFFFF, 5, 5));
  const auto run = mirror();
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "the index tells its devices apart by more than manufacturer code and image type"));
  EXPECT_TRUE(says(run, "its own header is for the hardware versions 0 to 2 only")) << run.output;
  EXPECT_TRUE(says(run, "0 release(s) taken in, 0 known already, 6 left out, 0 refused")) << run.output;
}

TEST_F(MirrorZigbee, FetchesWhatIsNotBesideOnlyWhenItIsAllowed) {
  const auto image = zigbee_file(0x1001, 1, 5);
  const RawHttpServer server(static_site({{"/images/Maker/a.ota", image}}));
  auto& made = entry(0x1001, 1, 5, image);
  made["fileName"] = "a.ota";
  made["url"] = server.url("/images/Maker/a.ota");
  EXPECT_TRUE(says(mirror(), "put it there, or let --download fetch it"));
  EXPECT_TRUE(server.requests().empty());
  const auto run = mirror({"--download", "--only", "1001:0001"});
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "1 release(s) taken in")) << run.output;
}

TEST_F(MirrorZigbee, WhatOnlyNamesAndTheIndexHasNotIsSaid) {
  entry(0x1001, 1, 5, zigbee_file(0x1001, 1, 5));
  const auto run = mirror({"--only", "1001:0009"});
  EXPECT_EQ(run.status, 3);
  EXPECT_TRUE(says(run, "holds nothing that --only names (1001:0009)")) << run.output;
}

TEST_F(MirrorZigbee, AFileIsFoundUnderTheNameThatItsAddressEncodes) {
  auto& made = entry(0x1001, 1, 5, zigbee_file(0x1001, 1, 5));
  tool.file("upstream/images/Maker/lamp 60%.ota", zigbee_file(0x1001, 1, 5));
  made["fileName"] = "lamp 60%.ota";
  made["url"] = "https://upstream.example/master/images/Maker/lamp%2060%25.ota";
  const auto run = mirror();
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_EQ(catalog("zigbee-1001-0001")["releases"][0]["images"][0]["target"],
            "patches.example/zigbee-1001-0001/5/zigbee-1001-0001-5.ota");
}

TEST_F(MirrorZigbee, AnIndexChoosesNoFileOutsideOfItsFolder) {
  tool.file("secret.ota", zigbee_file(0x1001, 1, 5));
  auto& made = entry(0x1001, 1, 5, zigbee_file(0x1001, 1, 5));
  made["fileName"] = "../secret.ota";
  made["url"] = "https://upstream.example/images/../../secret.ota";
  EXPECT_TRUE(says(mirror(), "put it there, or let --download fetch it"));
}

}  // namespace
}  // namespace homepatch::test
