#include "protocols/feeds/zigbee_match.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocols/feeds/zigbee_search.hpp"
#include "tests/protocols/feeds/zigbee_entries.hpp"

namespace homepatch::feeds {
namespace {

using ::testing::HasSubstr;

ZigbeeDevice bulb(std::uint32_t installed = 10) {
  ZigbeeDevice device;
  device.manufacturer_code = 4476;
  device.image_type = 10243;
  device.file_version = installed;
  return device;
}

// What is chosen: its version and its match.
std::string chosen(const ZigbeeIndex& index, const ZigbeeDevice& device) {
  const auto choice = best_match(index, device);
  if (choice.match == ZigbeeMatch::restricted) return fmt::format("restricted by {}", choice.restriction);
  const auto word = to_string(choice.match);
  return choice.entry == nullptr ? std::string(word) : fmt::format("{} {}", word, choice.entry->file_version);
}

TEST(ZigbeeMatch, TakesTheNewestImageOfTheSameCodeAndType) {
  const auto index = index_of({entry_text("", 20), entry_text("", 22), entry_text("", 21)});
  EXPECT_EQ(chosen(index, bulb()), "update 22");
  EXPECT_EQ(chosen(index, bulb(22)), "up_to_date 22");
  EXPECT_EQ(chosen(index, bulb(30)), "up_to_date 22");
  auto other = bulb();
  other.image_type = 1;
  EXPECT_EQ(chosen(index, other), "unknown_image");
  other = bulb();
  other.manufacturer_code = 0xFFFF;
  EXPECT_EQ(chosen(index, other), "unknown_image");
}

TEST(ZigbeeMatch, ARestrictionAboutWhatIsNotKnownIsNotMet) {
  const auto only = [](std::string_view more) { return index_of({entry_text(more)}); };
  auto device = bulb();
  EXPECT_EQ(chosen(only(R"(,"modelId":"LED1")"), device), "restricted by modelId");
  EXPECT_EQ(chosen(only(R"(,"manufacturerName":["IKEA"])"), device), "restricted by manufacturerName");
  EXPECT_EQ(chosen(only(R"(,"hardwareVersionMin":0)"), device), "restricted by hardwareVersion");
  EXPECT_EQ(chosen(only(R"(,"hardwareVersionMax":9)"), device), "restricted by hardwareVersion");
  device.file_version.reset();
  EXPECT_EQ(chosen(only(""), device), "version_unknown");
}

TEST(ZigbeeMatch, AllRestrictionsMustHold) {
  const auto index = index_of(
      {entry_text(R"(,"modelId":"LED1","manufacturerName":["IKEA","Other"],"minFileVersion":5,"maxFileVersion":15,)"
                  R"("hardwareVersionMin":2,"hardwareVersionMax":4)")});
  auto device = bulb();
  device.model_ids = {"bulb", "LED1"};
  device.manufacturer_name = "Other";
  device.hardware_version = 2;
  EXPECT_EQ(chosen(index, device), "update 20");
  const auto with = [&](auto change) {
    auto changed = device;
    change(changed);
    return chosen(index, changed);
  };
  EXPECT_EQ(with([](auto& d) { d.model_ids = {"LED", "led1"}; }), "restricted by modelId");
  EXPECT_EQ(with([](auto& d) { d.manufacturer_name = "Oth"; }), "restricted by manufacturerName");
  EXPECT_EQ(with([](auto& d) { d.hardware_version = 1; }), "restricted by hardwareVersion");
  EXPECT_EQ(with([](auto& d) { d.hardware_version = 5; }), "restricted by hardwareVersion");
  EXPECT_EQ(with([](auto& d) { d.hardware_version = 4; }), "update 20");
  EXPECT_EQ(with([](auto& d) { d.file_version = 4; }), "restricted by fileVersion");
  EXPECT_EQ(with([](auto& d) { d.file_version = 16; }), "restricted by fileVersion");
  EXPECT_EQ(with([](auto& d) { d.header_string = "EBL lamp"; }), "restricted by otaHeaderString");
  EXPECT_EQ(with([](auto& d) { d.header_string = "EBL bulb"; }), "update 20");
}

TEST(ZigbeeMatch, AnEntryThatNamesTheModelStandsBeforeANewerGeneralOne) {
  const auto index = index_of({entry_text(R"(,"modelId":"LED1")", 20), entry_text("", 40)});
  auto device = bulb();
  EXPECT_EQ(chosen(index, device), "update 40");
  device.model_ids = {"LED1"};
  EXPECT_EQ(chosen(index, device), "update 20");
  device.file_version = 20;
  EXPECT_EQ(chosen(index, device), "up_to_date 20");
  const auto stepping = index_of({entry_text(R"(,"modelId":"LED1","maxFileVersion":9)", 20), entry_text("", 40)});
  EXPECT_EQ(chosen(stepping, device), "restricted by fileVersion");
}

TEST(ZigbeeMatch, FollowsSteppingStones) {
  const auto index = index_of({entry_text(R"(,"maxFileVersion":19)", 20), entry_text(R"(,"minFileVersion":20)", 40)});
  EXPECT_EQ(chosen(index, bulb(10)), "update 20");
  EXPECT_EQ(chosen(index, bulb(20)), "update 40");
  EXPECT_EQ(chosen(index, bulb(40)), "up_to_date 40");
}

TEST(ZigbeeMatch, AForcedImageGoesOverANewerVersionButNotOverItself) {
  const auto index = index_of({entry_text(R"(,"force":true)")});
  EXPECT_EQ(chosen(index, bulb(30)), "update 20");
  EXPECT_EQ(chosen(index, bulb(20)), "up_to_date 20");
}

TEST(ZigbeeMatch, WithoutAHashNothingIsChosen) {
  const std::string bare =
      R"({"fileVersion":30,"manufacturerCode":4476,"imageType":10243,"url":"http://a.example/x.ota"})";
  EXPECT_EQ(chosen(index_of({bare}), bulb()), "no_hash");
  EXPECT_EQ(chosen(index_of({bare, entry_text()}), bulb()), "update 20");
}

TEST(ZigbeeMatch, TwoDifferentFilesOfOneVersionAreNotGuessedBetween) {
  auto other = entry_text();
  other.replace(other.find("aaaa"), 4, "bbbb");
  EXPECT_EQ(chosen(index_of({entry_text(), other}), bulb()), "ambiguous");
  EXPECT_EQ(chosen(index_of({entry_text(), entry_text()}), bulb()), "update 20");
  EXPECT_EQ(chosen(index_of({entry_text(), other, entry_text("", 21)}), bulb()), "update 21");
}

ZigbeeImageHeader true_header() {
  ZigbeeImageHeader header;
  header.manufacturer_code = 4476;
  header.image_type = 10243;
  header.file_version = 20;
  header.total_size = 1000;
  header.file_bytes = 1616;
  header.header_string = "EBL bulb";
  return header;
}

TEST(ZigbeeContradiction, IsWhateverTheFileSaysOtherwise) {
  const auto entry = index_of({entry_text(R"(,"hardwareVersionMin":1,"hardwareVersionMax":3)")}).entries.front();
  EXPECT_EQ(contradiction(entry, true_header()), std::nullopt);
  const auto with = [&](auto change) {
    auto header = true_header();
    change(header);
    return contradiction(entry, header).value_or("none");
  };
  EXPECT_EQ(with([](auto& h) { h.manufacturer_code = 1; }),
            "the index says manufacturer code 4476, the file's own header 1");
  EXPECT_EQ(with([](auto& h) { h.image_type = 1; }), "the index says image type 10243, the file's own header 1");
  EXPECT_EQ(with([](auto& h) { h.file_version = 19; }), "the index says version 20, the file's own header 19");
  EXPECT_EQ(with([](auto& h) { h.total_size = 999; }), "the index says size 1000, the file's own header 999");
  EXPECT_EQ(with([](auto& h) { h.total_size = 384, h.file_bytes = 1000; }), "none");
  EXPECT_THAT(with([](auto& h) { h.header_string = "\x1b[2J"; }), HasSubstr("the file's own header \"\uFFFD[2J\""));
  EXPECT_THAT(with([](auto& h) { h.min_hardware = 2, h.max_hardware = 3; }),
              HasSubstr("begins with hardware version 1"));
  EXPECT_THAT(with([](auto& h) { h.min_hardware = 1, h.max_hardware = 2; }), HasSubstr("ends with hardware version 3"));
  EXPECT_EQ(with([](auto& h) { h.min_hardware = 0, h.max_hardware = 4; }), "none");
  EXPECT_THAT(with([](auto& h) { h.image_type = 1, h.file_version = 1; }), HasSubstr("; the index says version"));
}

TEST(ZigbeeContradiction, IsNotHowAnIndexWritesDownAMakersBytes) {
  auto entry = index_of({entry_text()}).entries.front();
  auto header = true_header();
  entry.header_string = "Sw}6@\uFFFDX";
  header.header_string = "Sw}6@\xFF\x41";
  EXPECT_TRUE(contradiction(entry, header));
  header.header_string = "Sw}6@\xFFX";
  EXPECT_EQ(contradiction(entry, header), std::nullopt);
}

TEST(ZigbeeSearch, FindsByNameModelMakerAndNumber) {
  const auto index = index_of({entry_text(R"(,"modelId":"LED1","manufacturerName":["Acme Ltd"])"), entry_text("", 21)});
  const auto count = [&](std::string_view text) { return find_images(index, text, 10).size(); };
  EXPECT_EQ(count("led1"), 1U);
  EXPECT_EQ(count("ACME bulb"), 1U);
  EXPECT_EQ(count("ikea"), 2U);
  EXPECT_EQ(count("4476"), 2U);
  EXPECT_EQ(count("0x117C"), 2U);
  EXPECT_EQ(count("10243  ikea"), 2U);
  EXPECT_EQ(count("0x117D"), 0U);
  EXPECT_EQ(count("ikea hue"), 0U);
  EXPECT_EQ(count(" "), 0U);
  EXPECT_EQ(find_images(index, "ikea", 1).size(), 1U);
}

}  // namespace
}  // namespace homepatch::feeds
