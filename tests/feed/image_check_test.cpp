// What an image says of itself against the release that it is to be published as.
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "feed_tool.hpp"
#include "tests/trust/image_vectors.hpp"
#include "zigbee_file.hpp"

namespace homepatch::test {
namespace {

std::string bytes_of(std::string_view hex) {
  const auto bytes = from_hex(hex).value();
  return {bytes.begin(), bytes.end()};
}

std::string for_chip(const std::string& version, const std::string& chip) {
  return replaced(release_toml(version, 1100), "ESP8266EX", chip);
}

class ImageCheck : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(tool.init().status, 0);
    tool.file("fw.bin", bytes_of(vectors::kEspApp));  // ESP32-S3, 2.1.0-rc1
  }
  FeedTool tool;
};

TEST_F(ImageCheck, TheHeaderIsReadAndGivesTheFormatWhereNoneIsStated) {
  const auto run = tool.add(for_chip("2.1.0-rc1", "ESP32-S3"));
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, ", esp-app, SHA-256")) << run.output;
}

TEST_F(ImageCheck, AnotherVersionIsRefusedAlsoWhereNoFormatIsStated) {
  const auto run = tool.add(for_chip("1.0.0", "ESP32-S3"));
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run,
                   "line 1: version: is 1.0.0, but the header of fw.bin says 2.1.0-rc1; if homes are to take it as "
                   "it is, say format = \"raw\" under [[image]]"))
      << run.output;
}

TEST_F(ImageCheck, TheOnlyWayRoundIsToSayRaw) {
  auto run = tool.add(for_chip("1.0.0", "ESP32-S3") + "[[image]]\nfile = \"fw.bin\"\nformat = \"swu\"\n");
  EXPECT_TRUE(says(run, "image[0].format: fw.bin begins as esp-app images do")) << run.output;
  run = tool.add(for_chip("1.0.0", "ESP32-C3") + "[[image]]\nfile = \"fw.bin\"\nformat = \"raw\"\n");
  EXPECT_EQ(run.status, 0) << run.output;
}

TEST_F(ImageCheck, AnImageForAnotherChipIsRefused) {
  auto run = tool.add(for_chip("2.1.0-rc1", "ESP32-D0WD-V3"));
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "fw.bin is for the chip esp32-s3, but would go to devices with esp32;")) << run.output;
  const auto both = for_chip("2.1.0-rc1", "ESP32-S3") + "[[match.tasmota]]\nchip = \"ESP32-C3\"\nimage = \"b\"\n";
  EXPECT_TRUE(says(tool.add(both), "would go to devices with esp32-c3"));
  // Of one hardware revision only, it may be the one with that chip.
  tool.file("b.bin", "of the other");
  run = tool.add(both + "[[image]]\nfile = \"fw.bin\"\nhw = [\"A\"]\n[[image]]\nfile = \"b.bin\"\nhw = [\"B\"]\n",
                 {"fw.bin", "b.bin"});
  EXPECT_EQ(run.status, 0) << run.output;
}

TEST_F(ImageCheck, WhatArduinosLibrariesWroteSaysNothingOfTheProgram) {
  auto image = bytes_of(vectors::kEspApp);
  const std::string name = "arduino-lib-builder";
  image.replace(80, name.size() + 1, name + '\0');
  image[23] = 0;  // without a hash of its own bytes
  tool.file("fw.bin", image);
  const auto run = tool.add(for_chip("1.0.0", "ESP32-S3"));
  EXPECT_EQ(run.status, 0) << run.output;
}

TEST_F(ImageCheck, ADamagedImageIsRefused) {
  auto image = bytes_of(vectors::kEspApp);
  image.back() = static_cast<char>(image.back() ^ 1);
  tool.file("fw.bin", image);
  const auto run = tool.add(for_chip("2.1.0-rc1", "ESP32-S3"));
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "it is damaged; if homes are to take it as it is")) << run.output;
}

TEST_F(ImageCheck, AZigbeeImageMustBeTheOneThatTheModelIsRecognisedBy) {
  const auto toml = [](const std::string& version, const std::string& type) {
    return replaced(release_toml(version, 7), "[[match.tasmota]]\nchip = \"ESP8266EX\"\nimage = \"tasmota\"",
                    "[[match.zigbee]]\nmanufacturer_code = \"4097\"\nimage_type = \"" + type + "\"");
  };
  tool.file("fw.bin", zigbee_file(4097, 3, 7));
  auto run = tool.add(toml("7", "4"));
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "names manufacturer code 4097 and image type 3, but no [[match.zigbee]] does")) << run.output;
  EXPECT_TRUE(says(tool.add(toml("8", "3")), "version: is 8, but the header of fw.bin says 7"));
  run = tool.add(toml("7", "3"));
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, ", zigbee-ota, SHA-256")) << run.output;
}

}  // namespace
}  // namespace homepatch::test
