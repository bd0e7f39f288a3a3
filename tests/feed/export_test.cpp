#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/unique_fd.hpp"
#include "feed_tool.hpp"
#include "protocols/feeds/bundle_reader.hpp"

namespace homepatch::test {
namespace {

namespace fs = std::filesystem;

// Field `offset` of a tar header, an octal number.
std::size_t octal(const std::string& tar, std::size_t at) { return std::stoul(tar.substr(at, 12), nullptr, 8); }

// The entries of a plain tar without long names, in order, read by nothing of ours.
std::vector<std::pair<std::string, std::string>> entries_of(const std::string& tar) {
  std::vector<std::pair<std::string, std::string>> out;
  for (std::size_t at = 0; at + 512 <= tar.size() && tar[at] != '\0';) {
    EXPECT_EQ(octal(tar, at + 136), 0U) << "no time";
    EXPECT_EQ(std::stoul(tar.substr(at + 108, 7), nullptr, 8), 0U) << "no owner";
    std::string name = tar.c_str() + at;
    name = name.substr(0, 100);
    if (const std::string prefix = tar.c_str() + at + 345; !prefix.empty()) name = prefix.substr(0, 155) + "/" + name;
    const auto size = octal(tar, at + 124);
    out.emplace_back(name, tar.substr(at + 512, size));
    at += 512 + (size + 511) / 512 * 512;
  }
  return out;
}

class Export : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(tool.init().status, 0);
    ASSERT_EQ(tool.add(release_toml("1.1.0", 1100)).status, 0);
    ASSERT_EQ(tool.add(replaced(replaced(release_toml("1.1.0", 1100), "id = \"plug\"", "id = \"lamp\""), "ESP8266EX",
                                "ESP32-C3"))
                  .status,
              0);
    ASSERT_EQ(tool.publish().status, 0);
  }

  ToolRun bundle(const std::string& file, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"export", tool.path(file), "--feed", tool.path("work")});
    return tool.run(more);
  }

  std::vector<std::string> names(const std::string& file) {
    std::vector<std::string> out;
    for (const auto& [name, bytes] : entries_of(tool.read(file))) out.push_back(name);
    return out;
  }

  FeedTool tool;
};

TEST_F(Export, HoldsWhatWasPublishedUnderTheSameNamesImagesLast) {
  ASSERT_EQ(
      tool.run({"rotate", "timestamp", "--feed", tool.path("work"), "--passphrase-file", tool.path("pass")}).status, 0);
  ASSERT_EQ(tool.publish().status, 0);
  const auto run = bundle("feed.tar");
  ASSERT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "2 model(s), 2 image(s), signed by the feed itself and valid until 2026-11-30")) << run.output;
  const auto entries = entries_of(tool.read("feed.tar"));
  ASSERT_EQ(entries.size(), 11U);
  EXPECT_EQ(entries[0].first, "homepatch-bundle.json");
  EXPECT_EQ(nlohmann::json::parse(entries[0].second),
            (nlohmann::json{{"homepatch_bundle", 1}, {"feed", "Acme patches"}}));
  EXPECT_EQ(entries[1].first, "metadata/1.root.json");
  EXPECT_EQ(entries[2].first, "metadata/2.root.json");
  for (std::size_t i = 1; i < entries.size(); ++i) {
    EXPECT_EQ(entries[i].second, tool.read("out/" + entries[i].first)) << entries[i].first;
  }
  EXPECT_TRUE(entries[9].first.ends_with("fw.bin"));
  EXPECT_TRUE(entries[10].first.ends_with("fw.bin"));
}

TEST_F(Export, IsTheSameEveryTimeByteForByte) {
  ASSERT_EQ(bundle("one.tar").status, 0);
  tool.set_now("2026-11-25T10:00:00Z");
  ASSERT_EQ(bundle("two.tar").status, 0);
  EXPECT_EQ(tool.read("one.tar"), tool.read("two.tar"));
}

TEST_F(Export, IsReadByTarAndVerifiedLikeAPublishedFolder) {
  fs::create_directory(tool.path("unpacked"));
  tool.file("a-" + std::string(110, 'n') + ".bin", "an image with a long name");
  ASSERT_EQ(tool.add(release_toml("1.2.0", 1200), {"a-" + std::string(110, 'n') + ".bin"}).status, 0);
  ASSERT_EQ(tool.publish().status, 0);
  ASSERT_EQ(bundle("feed.tar").status, 0);
  ASSERT_EQ(bundle("again.tar").status, 0);
  EXPECT_EQ(tool.read("feed.tar"), tool.read("again.tar"));
  Child tar({"tar", "-xf", tool.path("feed.tar"), "-C", tool.path("unpacked")});
  ASSERT_EQ(tar.wait(), 0) << tar.output();
  const auto run = tool.run({"verify", tool.path("unpacked"), "--root", tool.path("work/metadata/1.root.json")});
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "2 model(s), 3 image(s), every image fetched and its hash right")) << run.output;
}

TEST_F(Export, IsWhatGatewaysReadAsABundle) {
  ASSERT_EQ(bundle("feed.tar").status, 0);
  const UniqueFd fd(::open(tool.path("feed.tar").c_str(), O_RDONLY | O_CLOEXEC));
  const auto read = feeds::read_bundle(fd.get());
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->feed, "Acme patches");
  EXPECT_EQ(read->documents.size(), 7U);
  EXPECT_EQ(read->images.size(), 2U);
}

TEST_F(Export, TakesOnlyTheModelsThatAreNamed) {
  const auto run = bundle("lamp.tar", {"--model", "acme.example/lamp"});
  ASSERT_EQ(run.status, 0) << run.output;
  const auto inside = names("lamp.tar");
  EXPECT_EQ(inside.size(), 8U) << "head, 4 of metadata, the list of models, a catalog, an image";
  for (const auto& name : inside) EXPECT_EQ(name.find("/plug/"), std::string::npos) << name;
  EXPECT_EQ(bundle("none.tar", {"--model", "acme.example/kettle"}).status, 3);
  EXPECT_FALSE(fs::exists(tool.path("none.tar")));
}

TEST_F(Export, OneModelBringsWhatIsTakenBackAndNotTheImagesThatAre) {
  tool.file("bad.bin", "the firmware that bricks");
  const auto lamp =
      replaced(replaced(release_toml("1.2.0", 1200), "id = \"plug\"", "id = \"lamp\""), "ESP8266EX", "ESP32-C3");
  ASSERT_EQ(tool.add(lamp, {"bad.bin"}).status, 0);
  ASSERT_EQ(tool.run({"deny", tool.path("bad.bin"), "--reason", "bricks", "--feed", tool.path("work")}).status, 0);
  ASSERT_EQ(tool.publish().status, 0);
  const auto run = bundle("lamp.tar", {"--model", "acme.example/lamp"});
  ASSERT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "1 model(s), 1 image(s)")) << run.output;
  std::string inside;
  for (const auto& name : names("lamp.tar")) inside += name + "\n";
  EXPECT_NE(inside.find(".deny.json"), std::string::npos) << inside;
  EXPECT_NE(inside.find(".fw.bin"), std::string::npos) << inside;
  EXPECT_EQ(inside.find(".bad.bin"), std::string::npos) << inside;

  const auto verified = tool.verify();
  EXPECT_EQ(verified.status, 0) << verified.output;
  EXPECT_TRUE(says(verified, "taken back: acme.example/lamp 1.2.0, SHA-256 ")) << verified.output;
  EXPECT_TRUE(says(verified, ": bricks")) << verified.output;
}

TEST_F(Export, RefusesWhatHasExpiredOrIsDamaged) {
  tool.set_now("2026-12-01T10:00:00Z");
  auto run = bundle("feed.tar");
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "homes would refuse this feed, nothing was exported")) << run.output;
  EXPECT_TRUE(says(run, "expired on 2026-11-30T10:00:00Z")) << run.output;
  tool.set_now("2026-11-24T10:00:00Z");
  for (const auto& image : fs::directory_iterator(tool.path("work/images"))) {
    tool.file("work/images/" + image.path().filename().string(), "the first fIrmware");
  }
  run = bundle("feed.tar");
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "is damaged: put an intact copy in its place")) << run.output;
  EXPECT_FALSE(fs::exists(tool.path("feed.tar")));
  EXPECT_FALSE(fs::exists(tool.path("feed.tar.part")));
}

TEST_F(Export, ReplacesABundleAndNothingElse) {
  ASSERT_EQ(bundle("a.tar").status, 0);
  EXPECT_EQ(bundle("a.tar").status, 0);
  for (const auto* kept : {"work/keys/root-1.pem", "work/feed.toml", "fw.bin"}) {
    const auto before = tool.read(kept);
    const auto run = bundle(kept);
    EXPECT_EQ(run.status, 1);
    EXPECT_TRUE(says(run, "exists and is no bundle; name another file")) << run.output;
    EXPECT_EQ(tool.read(kept), before) << kept;
  }
}

TEST_F(Export, NeedsAPublishedFeed) {
  FeedTool fresh;
  ASSERT_EQ(fresh.init().status, 0);
  const auto run = fresh.run({"export", fresh.path("feed.tar"), "--feed", fresh.path("work")});
  EXPECT_EQ(run.status, 3);
  EXPECT_TRUE(says(run, "nothing was published yet")) << run.output;
}

}  // namespace
}  // namespace homepatch::test
