#include "protocols/feeds/esp_manifest.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace homepatch::feeds {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kAddress = "https://maker.example/lamp/v2/manifest.json?channel=stable";

// As a maker publishes it who serves both the browser's flasher and the devices.
constexpr std::string_view kLamp = R"({
  "name": "Maker Lamp", "version": "2026.8.1", "home_assistant_domain": "esphome", "new_install_prompt_erase": true,
  "builds": [
    {"chipFamily": "ESP32", "parts": [{"path": "lamp.factory.bin", "offset": 0}],
     "ota": {"path": "lamp.ota.bin", "md5": "0123456789ABCDEF0123456789abcdef", "summary": "Fixes\na leak.",
             "release_url": "https://maker.example/notes"}},
    {"chipFamily": "ESP32-S3", "parts": [{"path": "s3.boot.bin", "offset": 0}, {"path": "s3.bin", "offset": 65536}]},
    {"chipFamily": "ESP8266", "ota": {"path": "/old/lamp.bin"}}]})";

Result<EspManifest> read(std::string_view bytes) { return read_esp_manifest(bytes, kAddress); }

std::string error_of(std::string_view bytes) {
  const auto manifest = read(bytes);
  return manifest ? "(read)" : manifest.error().text;
}

std::string with_builds(std::string_view builds) {
  return fmt::format(R"({{"name":"Lamp","version":"1","builds":[{}]}})", builds);
}

TEST(EspManifest, GivesTheImagesForOverTheAirAndOnlyThose) {
  const auto manifest = read(kLamp);
  ASSERT_TRUE(manifest) << manifest.error().text;
  EXPECT_EQ(manifest->name, "Maker Lamp");
  EXPECT_EQ(manifest->version, "2026.8.1");
  ASSERT_EQ(manifest->builds.size(), 2U);
  const auto* esp32 = build_for(*manifest, "ESP32");
  ASSERT_NE(esp32, nullptr);
  EXPECT_EQ(esp32->url, "https://maker.example/lamp/v2/lamp.ota.bin");
  EXPECT_EQ(esp32->md5, "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(esp32->summary, "Fixes\uFFFDa leak.");
  EXPECT_EQ(esp32->release_url, "https://maker.example/notes");
  const auto* old = build_for(*manifest, "ESP8266");
  ASSERT_NE(old, nullptr);
  EXPECT_EQ(old->url, "https://maker.example/old/lamp.bin");
  EXPECT_EQ(old->md5, "");
  EXPECT_EQ(build_for(*manifest, "ESP32-S3"), nullptr);
  EXPECT_EQ(build_for(*manifest, "esp32"), nullptr);
  EXPECT_EQ(manifest->parts, 3U);
  EXPECT_EQ(manifest->without_ota, 1U);
  EXPECT_EQ(manifest->left_out, 0U);
}

TEST(EspManifest, AMalformedBuildIsLeftOutAndTheOthersLive) {
  const std::pair<const char*, const char*> refusals[] = {
      {"7", "builds[1]: must be an object"},
      {"{}", "builds[1].chipFamily: is missing"},
      {R"({"chipFamily":1})", "builds[1].chipFamily: must be a text"},
      {R"({"chipFamily":"X","ota":"x.bin"})", "builds[1].ota: must be an object"},
      {R"({"chipFamily":"X","ota":{}})", "builds[1].ota.path: is missing"},
      {R"({"chipFamily":"X","ota":{"path":"x y.bin"}})", "builds[1].ota.path: the address \"x y.bin\""},
      {R"({"chipFamily":"X","ota":{"path":"x.bin","md5":"12"}})", "builds[1].ota.md5: must be 32 hexadecimal digits"},
      {R"({"chipFamily":"X","ota":{"path":"x.bin","md5":7}})", "builds[1].ota.md5: must be a text"},
      {R"({"chipFamily":"A","ota":{"path":"other.bin"}})", "builds[1].chipFamily: A had a build before"},
  };
  for (const auto& [build, reason] : refusals) {
    const auto manifest = read(with_builds(fmt::format(
        R"({{"chipFamily":"A","ota":{{"path":"a.bin"}}}},{},{{"chipFamily":"B","ota":{{"path":"b.bin"}}}})", build)));
    ASSERT_TRUE(manifest) << manifest.error().text;
    EXPECT_EQ(manifest->builds.size(), 2U) << build;
    EXPECT_EQ(manifest->left_out, 1U) << build;
    ASSERT_EQ(manifest->complaints.size(), 1U) << build;
    EXPECT_THAT(manifest->complaints[0], HasSubstr(reason));
  }
}

TEST(EspManifest, TheFirstBuildOfAChipFamilyCountsEvenWithoutAnImage) {
  const auto manifest = read(with_builds(R"({"chipFamily":"A"},{"chipFamily":"A","ota":{"path":"a.bin"}})")).value();
  EXPECT_EQ(build_for(manifest, "A"), nullptr);
  EXPECT_EQ(manifest.without_ota, 1U);
  EXPECT_EQ(manifest.left_out, 1U);
}

TEST(EspManifest, RefusesWhatIsNoManifest) {
  std::string many = R"({"chipFamily":"A"})";
  for (std::size_t i = 0; i < kMaxEspBuilds; ++i) many += R"(,{"chipFamily":"A"})";
  const std::pair<std::string, const char*> refusals[] = {
      {"", "not valid JSON"},
      {"[]", "must be a JSON object"},
      {R"({"builds":[{}]})", "version: is missing"},
      {R"({"version":2026.8,"builds":[{}]})", "version: must be a text"},
      {R"({"version":"1"})", "builds: must be an array of 1 to 64 builds"},
      {with_builds(""), "builds: must be an array of 1 to 64 builds"},
      {with_builds(many), "builds: must be an array of 1 to 64 builds"},
      {std::string(kMaxEspManifestBytes + 1, ' '), "the limit is 262144"},
  };
  for (const auto& [bytes, reason] : refusals) {
    EXPECT_THAT(error_of(bytes), HasSubstr(reason));
    EXPECT_THAT(error_of(bytes), HasSubstr("the manifest https://maker.example/lamp/v2/manifest.json"));
  }
  for (const auto* address : {"", "manifest.json", "file:///etc/passwd", "https://a b/"}) {
    EXPECT_FALSE(read_esp_manifest(kLamp, address)) << address;
  }
}

TEST(EspManifest, ResolvesPathsAgainstItsOwnAddress) {
  const std::pair<const char*, const char*> meanings[] = {
      {"a.bin", "https://maker.example/lamp/v2/a.bin"},
      {"./a.bin", "https://maker.example/lamp/v2/a.bin"},
      {"../v1/a.bin", "https://maker.example/lamp/v1/a.bin"},
      {"../../../../a.bin", "https://maker.example/a.bin"},
      {"x/../a.bin?b=../c#d", "https://maker.example/lamp/v2/a.bin?b=../c"},
      {"/a.bin", "https://maker.example/a.bin"},
      {"/x/./../a.bin", "https://maker.example/a.bin"},
      {"..", "https://maker.example/lamp/"},
      {"a:b", ""},
      {"x/a:b", "https://maker.example/lamp/v2/x/a:b"},
      {"http://cdn.example/a.bin", "http://cdn.example/a.bin"},
      {"ftp://cdn.example/a.bin", ""},
      {"//cdn.example/a.bin", ""},
      {"a\\b", ""},
      {"a\nb", ""},
      {"\xC3\xA4", ""},
      {"", ""},
      {"#x", ""},
  };
  for (const auto& [path, meaning] : meanings) {
    EXPECT_EQ(resolve_esp_path(kAddress, path).value_or(""), meaning) << path;
  }
  EXPECT_EQ(resolve_esp_path("http://maker.example:8080", "a.bin").value(), "http://maker.example:8080/a.bin");
  EXPECT_FALSE(resolve_esp_path(kAddress, std::string(kMaxEspUrl - 10, 'a')));
}

TEST(EspManifest, AnImageOfAnotherChipOrOfTheWholeFlashContradicts) {
  EspBuild build{.chip_family = "ESP32-S3"};
  ImageHeader header{.format = ImageFormat::esp_app, .chip = "esp32-s3"};
  EXPECT_EQ(contradiction(build, header), std::nullopt);
  EXPECT_THAT(contradiction(build, std::nullopt).value(), HasSubstr("the file is no application image for ESP32-S3"));
  header.chip = "esp32";
  EXPECT_EQ(contradiction(build, header),
            "the manifest says that the image is for ESP32-S3, the file's own header says esp32");
  header.format = ImageFormat::mcuboot;
  EXPECT_TRUE(contradiction(build, header));
  build.chip_family = "ESP8266";
  EXPECT_EQ(contradiction(build, std::nullopt), std::nullopt);
}

TEST(EspManifest, IsSearchedByNameVersionAndChip) {
  EspManifest manifest;
  manifest.name = "Acme Lamp";
  manifest.version = "2026.8.1";
  manifest.builds = {{.chip_family = "ESP32"}, {.chip_family = "ESP32-S3"}, {.chip_family = "ESP8266"}};
  EXPECT_EQ(find_builds(manifest, "acme").size(), 3U);
  EXPECT_EQ(find_builds(manifest, "LAMP 2026.8 s3"), std::vector<const EspBuild*>{&manifest.builds[1]});
  EXPECT_TRUE(find_builds(manifest, "acme nothing").empty());
  EXPECT_TRUE(find_builds(manifest, " ").empty());
}

}  // namespace
}  // namespace homepatch::feeds
