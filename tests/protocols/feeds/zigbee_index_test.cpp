#include "protocols/feeds/zigbee_index.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "tests/protocols/feeds/zigbee_entries.hpp"

namespace homepatch::feeds {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string error_of(std::string_view bytes) {
  const auto read = read_zigbee_index(bytes);
  return read ? "(read)" : read.error().text;
}

// An entry of which one member is replaced.
std::string bent(std::string_view from, std::string_view to) {
  auto text = entry_text();
  return text.replace(text.find(from), from.size(), to);
}

TEST(ZigbeeIndex, ReadsEveryMemberOfAnEntry) {
  const auto index = index_of({entry_text(
      R"(,"modelId":"LED1","manufacturerName":["IKEA","Other"],"minFileVersion":1,"maxFileVersion":19,)"
      R"("hardwareVersionMin":0,"hardwareVersionMax":256,"force":true,"originalUrl":"http://maker.example/b",)"
      R"("releaseNotes":"One\nTwo")")});
  ASSERT_EQ(index.entries.size(), 1U);
  const auto& entry = index.entries.front();
  EXPECT_EQ(entry.manufacturer_code, 4476);
  EXPECT_EQ(entry.image_type, 10243);
  EXPECT_EQ(entry.file_version, 20U);
  EXPECT_EQ(entry.file_size, 1000U);
  EXPECT_EQ(entry.url, "https://images.example/IKEA/bulb.ota");
  EXPECT_EQ(entry.sha512, kHash);
  EXPECT_EQ(entry.header_string, "EBL bulb");
  EXPECT_EQ(entry.model_id, "LED1");
  EXPECT_THAT(entry.manufacturer_names, ElementsAre("IKEA", "Other"));
  EXPECT_EQ(entry.min_file_version, 1U);
  EXPECT_EQ(entry.max_file_version, 19U);
  EXPECT_EQ(entry.min_hardware, 0);
  EXPECT_EQ(entry.max_hardware, 256);
  EXPECT_TRUE(entry.force);
  EXPECT_EQ(entry.file_name, "bulb.ota");
  EXPECT_EQ(entry.original_url, "http://maker.example/b");
  EXPECT_EQ(entry.release_notes, "One\uFFFDTwo");
}

TEST(ZigbeeIndex, ReadsShortEntriesOfOlderAndHandMadeIndexes) {
  const auto index = index_of({R"({"fileVersion":1,"manufacturerCode":2,"imageType":3,"url":"http://a.example/x.ota"})",
                               R"({"fileVersion":1,"manufacturerCode":2,"imageType":3,"url":"http://a.example/x.ota",)"
                               R"("path":"images/x.ota","modelId":null,"force":null,"sha512":null,"fileSize":null})"});
  ASSERT_EQ(index.entries.size(), 2U);
  for (const auto& entry : index.entries) {
    EXPECT_FALSE(entry.installable());
    EXPECT_EQ(entry.file_size, std::nullopt);
    EXPECT_EQ(entry.model_id, std::nullopt);
    EXPECT_EQ(entry.header_string, std::nullopt);
    EXPECT_FALSE(entry.force);
  }
  EXPECT_TRUE(index_of({entry_text()}).entries.front().installable());
  EXPECT_EQ(index_of({bent("aaaa", "BBBB")}).entries.front().sha512.substr(0, 5), "bbbba");
}

TEST(ZigbeeIndex, OneMalformedEntryIsLeftOutWithItsReasonAndTheOthersLive) {
  const std::pair<std::string, const char*> refusals[] = {
      {"7", "must be an object"},
      {"null", "must be an object"},
      {"[]", "must be an object"},
      {R"([{"fileVersion":[1]}])", "must be an object"},
      {"{}", "manufacturerCode: is missing"},
      {bent("4476", "65536"), "manufacturerCode: must be a whole number from 0 to 65535"},
      {bent("4476", "-1"), "manufacturerCode: must be a whole number"},
      {bent("4476", "4476.0"), "manufacturerCode: must be a whole number"},
      {bent("4476", "\"4476\""), "manufacturerCode: must be a whole number"},
      {bent("10243", "null"), "imageType: must be a whole number"},
      {bent("\"imageType\":10243,", ""), "imageType: is missing"},
      {bent("\"fileVersion\":20", "\"fileVersion\":4294967296"),
       "fileVersion: must be a whole number from 0 to 4294967295"},
      {bent("\"fileSize\":1000", "\"fileSize\":0"), "fileSize: must be a whole number from 1 to"},
      {bent("https://", "file:///"), "url: must begin with https:// or http://"},
      {bent("bulb.ota\",\"image", "bulb .ota\",\"image"), "url: must begin with https:// or http://"},
      {bent("aaaa", "aaa"), "sha512: must be 128 hexadecimal digits"},
      {bent("aaaa", "gaaa"), "sha512: must be 128 hexadecimal digits"},
      {bent("EBL", std::string(200, 'x')), "otaHeaderString: must be a text of at most 128 bytes"},
      {entry_text(R"(,"modelId":"")"), "modelId: must be a text of 1 to 128 bytes"},
      {entry_text(R"(,"modelId":["LED1"])"), "modelId: must be a text"},
      {entry_text(R"(,"manufacturerName":"IKEA")"), "manufacturerName: must be an array of 1 to 64 texts"},
      {entry_text(R"(,"manufacturerName":[])"), "manufacturerName: must be an array of 1 to 64 texts"},
      {entry_text(R"(,"manufacturerName":[1])"), "manufacturerName: must be an array of 1 to 64 texts"},
      {entry_text(R"(,"minFileVersion":"1")"), "minFileVersion: must be a whole number"},
      {entry_text(R"(,"minFileVersion":5,"maxFileVersion":4)"), "minFileVersion: the lower end is above the upper one"},
      {entry_text(R"(,"hardwareVersionMin":2,"hardwareVersionMax":1)"), "hardwareVersionMin: the lower end is above"},
      {entry_text(R"(,"hardwareVersionMax":65536)"), "hardwareVersionMax: must be a whole number from 0 to 65535"},
      {entry_text(R"(,"force":1)"), "force: must be true or false"},
      {entry_text(R"(,"force":true,"force":false)"), "force appears twice"},
      {entry_text(R"(,"modelId":"a","modelId":"a")"), "modelId appears twice"},
  };
  for (const auto& [text, reason] : refusals) {
    const auto index = index_of({entry_text(), text, entry_text("", 21)});
    EXPECT_EQ(index.entries.size(), 2U) << text;
    EXPECT_EQ(index.left_out, 1U) << text;
    EXPECT_EQ(index.unknown_members, 0U) << text;
    ASSERT_EQ(index.complaints.size(), 1U) << text;
    EXPECT_EQ(index.complaints[0].position, 1U) << text;
    EXPECT_THAT(index.complaints[0].text, HasSubstr(reason)) << text;
  }
}

TEST(ZigbeeIndex, AMemberThatIsNotKnownKeepsTheEntryOut) {
  const auto index =
      index_of({entry_text(R"(,"onlyInCountry":"FI")"), entry_text(R"(,"x":{"deep":[{}]})"), entry_text()});
  EXPECT_EQ(index.entries.size(), 1U);
  EXPECT_EQ(index.left_out, 2U);
  EXPECT_EQ(index.unknown_members, 2U);
  EXPECT_THAT(index.complaints.at(0).text, HasSubstr("onlyInCountry: is not known here"));
}

TEST(ZigbeeIndex, KeepsTheWordsOfTheFirstComplaintsAndCountsTheOthers) {
  std::string text = "[";
  for (std::size_t i = 0; i < kMaxZigbeeComplaints + 30; ++i) text += "{},";
  const auto index = read_zigbee_index(text + entry_text() + "]").value();
  EXPECT_EQ(index.left_out, kMaxZigbeeComplaints + 30);
  EXPECT_EQ(index.complaints.size(), kMaxZigbeeComplaints);
  EXPECT_EQ(index.entries.size(), 1U);
}

TEST(ZigbeeIndex, RefusesTheWholeWhenItIsNoArrayOrAboveALimit) {
  const std::string nested(9, '[');
  std::string many = "[1";
  for (std::size_t i = 0; i < kMaxZigbeeEntries; ++i) many += ",1";
  const std::pair<std::string, const char*> refusals[] = {
      {"", "not valid JSON at byte"},
      {"{}", "must be a JSON array of images"},
      {"7", "must be a JSON array of images"},
      {"[" + entry_text() + ",", "not valid JSON at byte"},
      {"[" + entry_text() + "]]", "not valid JSON at byte"},
      {"[]" + std::string(1, '\0') + "[]", "not valid JSON at byte 3"},
      {nested + "]]]]]]]]]", "nested deeper than 8 levels"},
      {many + "]", "more than 20000 images"},
      {std::string(kMaxZigbeeIndexBytes + 1, ' '), "the limit is 16777216"},
  };
  for (const auto& [text, reason] : refusals) {
    EXPECT_THAT(error_of(text), HasSubstr(reason));
    EXPECT_THAT(error_of(text), HasSubstr("the index of Zigbee images: "));
  }
  EXPECT_EQ(error_of("[]"), "(read)");
}

TEST(ZigbeeIndex, AnEntryWithoutEndDoesNotGrow) {
  std::string names = R"(,"manufacturerName":["a")";
  for (std::size_t i = 0; i < kMaxZigbeeEntryValues; ++i) names += ",\"a\"";
  const auto index = index_of({entry_text(names + "]"), entry_text()});
  EXPECT_EQ(index.entries.size(), 1U);
  EXPECT_EQ(index.complaints.at(0).text, "has more than 200 values");
}

}  // namespace
}  // namespace homepatch::feeds
