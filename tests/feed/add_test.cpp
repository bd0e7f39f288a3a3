#include <gtest/gtest.h>

#include <filesystem>

#include "feed_tool.hpp"

namespace homepatch::test {
namespace {

class Add : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(tool.init().status, 0); }
  FeedTool tool;
};

TEST_F(Add, ShowsWhatHomesWillSeeAndPublishesNothing) {
  const auto run = tool.add(release_toml("1.1.0", 1100));
  EXPECT_EQ(run.status, 0) << run.output;
  for (const auto* text :
       {"acme.example/plug  Acme Plug", "recognised as tasmota chip=ESP8266EX image=tasmota",
        "supported until 2031-05-31 (guaranteed)", "+ 1.1.0, seq 1100, security, severity high", "fixes CVE-2026-0001",
        "\"Closes the open door.\"", "app for hardware A, B: fw.bin, 18 B, raw", "Added, not yet published"}) {
    EXPECT_TRUE(says(run, text)) << text << "\n" << run.output;
  }
  const auto catalog = tool.json("work/models/acme.example/plug/catalog.json");
  EXPECT_EQ(catalog["releases"][0]["images"][0]["target"], "acme.example/plug/1.1.0/fw.bin");
  EXPECT_EQ(catalog["date"], "2026-11-23T10:00:00Z");
  EXPECT_FALSE(std::filesystem::exists(tool.path("out")));
}

TEST_F(Add, ADryRunChangesNothing) {
  const auto toml = tool.file("release.toml", release_toml("1.1.0", 1100));
  const auto run = tool.run({"add", "--dry-run", "--feed", tool.path("work"), toml, tool.path("fw.bin")});
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "Nothing was changed"));
  EXPECT_FALSE(std::filesystem::exists(tool.path("work/models/acme.example")));
}

TEST_F(Add, SeveralImagesGoToTheirHardware) {
  tool.file("b.bin", "firmware of B");
  const auto run = tool.add(release_toml("1.1.0", 1100) +
                                "[[image]]\nfile = \"fw.bin\"\nhw = [\"A\"]\n"
                                "[[image]]\nfile = \"b.bin\"\nhw = [\"B\"]\n",
                            {"fw.bin", "b.bin"});
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "app for hardware B: b.bin, 13 B"));
}

TEST_F(Add, VersionsInTheFieldAreListedWithoutAnImage) {
  const auto shipped = release_toml("1.1.0", 1100) + "[[shipped]]\nversion = \"1.0.0\"\nseq = 1000\n";
  const auto run = tool.add(shipped);
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "+ 1.0.0, seq 1000: listed as a version in the field, not offered"));
  // Said again with the next release, it is known already.
  EXPECT_EQ(tool.add(replaced(replaced(shipped, "1.1.0", "1.2.0"), "1100", "1200")).status, 0);
  const auto contradicted =
      tool.add(replaced(replaced(replaced(shipped, "1.1.0", "1.3.0"), "1100", "1300"), "seq = 1000", "seq = 900"));
  EXPECT_TRUE(says(contradicted, "shipped[0].seq: the catalog has 1.0.0 with seq 1000")) << contradicted.output;
}

TEST_F(Add, ASeqThatDoesNotRiseAndAVersionTwiceAreRefused) {
  ASSERT_EQ(tool.add(release_toml("1.1.0", 1100)).status, 0);
  auto run = tool.add(release_toml("1.2.0", 1100));
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "line 2: seq: 1100 does not rise: 1.1.0 is 1100 already; the next may be 1101 or more"))
      << run.output;
  run = tool.add(release_toml("1.1.0", 1200));
  EXPECT_TRUE(says(run, "line 1: version: 1.1.0 is already in the catalog")) << run.output;
}

TEST_F(Add, AFeedOfOneVendorTakesNoOther) {
  FeedTool other;
  ASSERT_EQ(other.init({"--vendor", "other.example"}).status, 0);
  const auto run = other.add(release_toml("1.1.0", 1100));
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "vendor.id: this feed takes releases of other.example only")) << run.output;
}

struct Mistake {
  const char* from;
  const char* to;
  const char* text;
};

TEST_F(Add, EveryMistakeIsNamedWithItsLineAndTheAcceptedForm) {
  const Mistake mistakes[] = {
      {"end = 2031-05-31", "start = 2024-05-31",
       "support.end: is missing: a release needs a stated end of support, such as end = 2031-05-31 under [support]"},
      {"end = 2031-05-31", "end = 2031-02-31", "line 22: "},
      {"end = 2031-05-31", "end = \"soon\"", "line 22: support.end: must be a day such as 2031-05-31"},
      {"severity", "serverity", "line 4: serverity: is not known here; known are id, version, seq"},
      {"\"high\"", "\"urgent\"", "line 4: severity: must be one of none, low, medium, high, critical"},
      {"kind = \"security\"", "kind = \"urgent\"", "line 3: kind: must be security, feature or mixed"},
      {"seq = 1100", "seq = \"1100\"", "line 2: seq: must be a whole number"},
      {"seq = 1100", "seq = 0", "line 2: seq: must be a whole number from 1 to"},
      {"seq = 1100", "", "seq: is missing: a whole number that rises"},
      {"version = \"1.1.0\"", "", "version: is missing: the version exactly as the device will report it"},
      {"id = \"acme.example\"", "id = \"Acme Inc\"", "line 9: vendor.id: must be a domain name in lower case"},
      {"id = \"plug\"", "id = \"Plug 1\"", "line 13: model.id: must be of a-z"},
      {"hw = [\"A\", \"B\"]", "hw = \"A\"", "line 15: model.hw: must be a list of texts"},
      {"hw = [\"A\", \"B\"]", "hw = [\"A\", \"any\"]", "line 15: model.hw: \"any\" must stand alone"},
      {"chip =", "chp =", "match.tasmota[0]: chp: is not known here; known are chip, image"},
      {"[[match.tasmota]]", "[[match.toaster]]", "the device family 'toaster' is not known here"},
      {"[support]", "[requires]\nmoon = 1\n[support]", "requires.moon: is not known here; known are from_seq_min"},
      {"[support]", "[requires]\nfrom_seq_min = 1100\n[support]", "line 22: requires.from_seq_min: must be a whole"},
      {"[support]", "[[image]]\nfile = \"fw.bin\"\nhw = [\"C\"]\n[support]",
       "line 23: image[0].hw: 'C' is not among model.hw: A, B"},
      {"[support]", "[[image]]\nfile = \"no.bin\"\n[support]",
       "line 22: image[0].file: 'no.bin' is not among the images given: fw.bin"},
      {"[support]", "[[image]]\nfile = \"fw.bin\"\nformat = \"elf\"\n[support]",
       "line 23: image[0].format: must be one of raw, mcuboot"},
      {"[support]", "[image]\nfile = \"fw.bin\"\n[support]", "line 21: image: must be a list of tables: [[image]]"},
      {"[vendor]", "[vendor", "line 8: "},
  };
  for (const auto& [from, to, text] : mistakes) {
    const auto run = tool.add(replaced(release_toml("1.1.0", 1100), from, to));
    EXPECT_EQ(run.status, 1) << to;
    EXPECT_TRUE(says(run, "release.toml, line ")) << run.output;
    EXPECT_TRUE(says(run, text)) << "wanted: " << text << "\n" << run.output;
  }
  EXPECT_FALSE(std::filesystem::exists(tool.path("work/models/acme.example")));
}

TEST_F(Add, ASteppingStoneThatNoListedVersionIsIsRefused) {
  const auto toml = replaced(release_toml("1.1.0", 1100), "[support]", "[requires]\nfrom_seq_min = 1000\n[support]");
  const auto run = tool.add(toml);
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "line 22: requires.from_seq_min: no listed version has a seq from 1000 to below 1100"))
      << run.output;
  EXPECT_EQ(tool.add(toml + "[[shipped]]\nversion = \"1.0.0\"\nseq = 1000\n").status, 0);
}

TEST_F(Add, AReleaseForAModelThatIsOverIsRefused) {
  auto run = tool.add(replaced(release_toml("1.1.0", 1100), "2031-05-31", "2026-11-22"));
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "line 22: support.end: 2026-11-22 is over")) << run.output;
  EXPECT_TRUE(says(run, "homepatch-feed eol acme.example/plug")) << run.output;

  ASSERT_EQ(tool.add(release_toml("1.1.0", 1100)).status, 0);
  ASSERT_EQ(tool.run({"eol", "acme.example/plug", "--feed", tool.path("work")}).status, 0);
  run = tool.add(release_toml("1.2.0", 1200));
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "add --reopen takes that back")) << run.output;
  run = tool.run({"add", "--reopen", "--feed", tool.path("work"), tool.path("release.toml"), tool.path("fw.bin")});
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(tool.json("work/models/acme.example/plug/catalog.json")["eol"].is_null());
}

TEST_F(Add, WhatHomesWouldNotShowOfTheCvesIsRefused) {
  const auto with = [&](const std::string& list) {
    return tool.add(replaced(release_toml("1.1.0", 1100), "[\"CVE-2026-0001\"]", "[" + list + "]"));
  };
  std::string many;
  for (int i = 1000; i < 1065; ++i) many += "\"CVE-2026-" + std::to_string(i) + "\", ";
  EXPECT_TRUE(says(with(many), "line 5: cves: names 65; homes show 64 at most"));
  const auto run = with("\"CVE-2026-0001\", \"CVE-2026-0002, CVE-2026-0003\"");
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "line 5: cves[1]: 'CVE-2026-0002, CVE-2026-0003' must be one identifier")) << run.output;
}

TEST_F(Add, AMistakeInAShippedVersionIsNamedWhereItStands) {
  auto toml = release_toml("1.1.0", 1100) + "[[shipped]]\nversion = \"1.0.0\"\nseq = 1000\n";
  ASSERT_EQ(tool.add(toml).status, 0);
  toml = replaced(replaced(toml, "1.1.0", "1.2.0"), "1100", "1200") +
         "[[shipped]]\nid = \"1 0\"\nversion = \"1.0.5\"\nseq = 1005\n";
  const auto run = tool.add(toml);
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "line 28: shipped[1].id: must be of letters, digits")) << run.output;
}

TEST_F(Add, ImagesThatCannotBeAreRefused) {
  auto run = tool.add(release_toml("1.1.0", 1100), {});
  EXPECT_TRUE(says(run, "no image is given: homepatch-feed add")) << run.output;
  run = tool.add(release_toml("1.1.0", 1100), {"missing.bin"});
  EXPECT_EQ(run.status, 3);
  EXPECT_TRUE(says(run, "opening the image")) << run.output;
  tool.file("empty.bin", "");
  run = tool.add(release_toml("1.1.0", 1100), {"empty.bin"});
  EXPECT_TRUE(says(run, "has 0 bytes; 1 to 268435456 are accepted")) << run.output;
  tool.file("a b.bin", "x");
  run = tool.add(release_toml("1.1.0", 1100), {"a b.bin"});
  EXPECT_TRUE(says(run, "'a b.bin' must be of letters, digits and . _ - (rename it)")) << run.output;
  tool.file("b.bin", "x");
  run = tool.add(release_toml("1.1.0", 1100), {"fw.bin", "b.bin"});
  EXPECT_TRUE(says(run, "with more than one image, each needs an [[image]]")) << run.output;
  run = tool.add(release_toml("1.1.0", 1100) + "[[image]]\nfile = \"fw.bin\"\n", {"fw.bin", "b.bin"});
  EXPECT_TRUE(says(run, "no [[image]] names the given file 'b.bin'")) << run.output;
}

TEST_F(Add, AgainReplacesWhatIsNotPublishedYet) {
  const auto again = [&](const std::string& text) {
    return tool.run(
        {"add", "--again", "--feed", tool.path("work"), tool.file("release.toml", text), tool.path("fw.bin")});
  };
  ASSERT_EQ(tool.add(release_toml("1.1.0", 1100)).status, 0);
  auto run = again(replaced(release_toml("1.1.0", 1100), "\"high\"", "\"low\""));
  EXPECT_EQ(run.status, 0) << run.output;
  const auto releases = tool.json("work/models/acme.example/plug/catalog.json")["releases"];
  ASSERT_EQ(releases.size(), 1U);
  EXPECT_EQ(releases[0]["severity"], "low");
  ASSERT_EQ(tool.publish().status, 0);
  run = again(release_toml("1.1.0", 1100));
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "1.1.0 is published: homes may run it")) << run.output;
}

// An MCUboot image of version 1.1.0+45 without a hash (bootutil/image.h).
std::string mcuboot_image() {
  std::string image("\x3d\xb8\xf3\x96\0\0\0\0\x20\0\0\0\x04\0\0\0\0\0\0\0\x01\x01\0\0\x2d\0\0\0\0\0\0\0", 32);
  image += "code";
  image.append("\x07\x69\x04\0", 4);
  return image;
}

TEST_F(Add, AnImageWhoseHeaderContradictsTheReleaseIsRefused) {
  tool.file("fw.bin", mcuboot_image());
  const auto with_format = [](const std::string& version, const std::string& format) {
    return release_toml(version, 1100) + "[[image]]\nfile = \"fw.bin\"\nformat = \"" + format + "\"\n";
  };
  auto run = tool.add(with_format("1.2.0", "mcuboot"));
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "line 1: version: is 1.2.0, but the header of fw.bin says 1.1.0+45")) << run.output;
  run = tool.add(with_format("1.1.0+45", "esp-app"));
  EXPECT_EQ(run.status, 1);
  EXPECT_TRUE(says(run, "line 26: image[0].format: fw.bin does not begin as esp-app images do")) << run.output;
  tool.file("cut.bin", mcuboot_image().substr(0, 33));
  run = tool.add(replaced(with_format("1.1.0+45", "mcuboot"), "fw.bin", "cut.bin"), {"cut.bin"});
  EXPECT_EQ(run.status, 1) << run.output;
  run = tool.add(with_format("1.1.0+45", "mcuboot"));
  EXPECT_EQ(run.status, 0) << run.output;
  EXPECT_TRUE(says(run, "fw.bin, 40 B, mcuboot"));
}

TEST_F(Add, NeedsAFeed) {
  const auto toml = tool.file("release.toml", release_toml("1.1.0", 1100));
  const auto run = tool.run({"add", "--feed", tool.path("nowhere"), toml, tool.path("fw.bin")});
  EXPECT_EQ(run.status, 3);
  EXPECT_TRUE(says(run, "(no feed.toml); make one with homepatch-feed init")) << run.output;
}

}  // namespace
}  // namespace homepatch::test
