#include "protocols/feeds/models_reader.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace homepatch::feeds {
namespace {

using Found = std::vector<std::pair<Match, std::string>>;

Found found_in(std::string_view bytes) {
  Found found;
  const auto read = read_models(
      bytes, [&](const Match& match, std::string_view path) { found.emplace_back(match, std::string(path)); });
  EXPECT_TRUE(read) << read.error().text;
  return found;
}

std::string error_of(std::string_view bytes) {
  const auto read = read_models(bytes, [](const Match&, std::string_view) {});
  return read ? "(read)" : read.error().text;
}

std::string models(std::string_view entries) {
  return fmt::format(R"({{"homepatch_models":1,"models":[{}]}})", entries);
}

constexpr std::string_view kPlug =
    R"({"family":"tasmota","match":{"chip":"ESP32","image":"tasmota"},"catalog":"acme.example/plug/catalog.json"})";

TEST(ModelsReader, GivesEveryEntryInOrder) {
  const auto found = found_in(models(std::string(kPlug) + R"(,
    {"catalog":"acme.example/lamp/catalog.json","match":{"model":"Lamp","manufacturer":"Acme"},"family":"lwm2m"})"));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].second, "acme.example/plug/catalog.json");
  EXPECT_EQ(found[0].first.keys.at("chip"), "ESP32");
  EXPECT_EQ(found[1].first.family, Family::lwm2m);
  EXPECT_EQ(found[1].first.keys.at("model"), "Lamp");
}

TEST(ModelsReader, PassesOverFamiliesThatItDoesNotSpeakWithAndWhatItDoesNotKnow) {
  const auto found =
      found_in(R"({"note":{"deep":[1,{"models":[]}]},"models":[{"family":"shelly","match":{"app":"Plug"},)"
               R"("catalog":"acme.example/plug/catalog.json"}],"homepatch_models":1,"later":[[{}]]})");
  EXPECT_TRUE(found.empty());
  EXPECT_TRUE(found_in(models("")).empty());
}

// I2 holds: no device of this gateway is of a family that it does not know.
TEST(ModelsReader, AFamilyOfALaterVersionTakesNothingAwayFromTheOthers) {
  const auto found =
      found_in(models(R"({"family":"toaster","match":{"slots":"2"},"catalog":"acme.example/toaster/catalog.json"},)" +
                      std::string(kPlug)));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].second, "acme.example/plug/catalog.json");
}

TEST(ModelsReader, ReadsTenThousandModels) {
  std::string entries;
  for (int i = 0; i < 10'000; ++i) {
    entries += fmt::format(
        R"({}{{"family":"lwm2m","match":{{"manufacturer":"M","model":"{}"}},"catalog":"m.example/p{}/catalog.json"}})",
        i == 0 ? "" : ",", i, i);
  }
  std::size_t count = 0;
  std::string last;
  ASSERT_TRUE(read_models(models(entries), [&](const Match&, std::string_view path) {
    ++count;
    last = path;
  }));
  EXPECT_EQ(count, 10'000U);
  EXPECT_EQ(last, "m.example/p9999/catalog.json");
}

TEST(ModelsReader, RefusalsNameTheEntryAndTheField) {
  const std::pair<std::string, const char*> refusals[] = {
      {"", "not valid JSON at byte"},
      {"[]", "must be a JSON object"},
      {"7", "must be a JSON object"},
      {R"({"models":[]})", "homepatch_models: is missing"},
      {R"({"homepatch_models":1})", "models: is missing"},
      {R"({"homepatch_models":2,"models":[]})", "homepatch_models: must be 1"},
      {R"({"homepatch_models":"1","models":[]})", "homepatch_models: must be 1"},
      {R"({"homepatch_models":[],"models":[]})", "homepatch_models: must be 1"},
      {R"({"homepatch_models":1,"homepatch_models":1,"models":[]})", "homepatch_models appears twice"},
      {R"({"homepatch_models":1,"models":[],"models":[]})", "models appears twice"},
      {R"({"homepatch_models":1,"models":{}})", "models: must be an array"},
      {models("1"), "models: must hold objects only"},
      {models("[]"), "models: must hold objects only"},
      {models("{}"), "models[0]: family: is missing"},
      {models(std::string(kPlug) + ",{\"family\":\"tasmota\"}"), "models[1]: match: is missing"},
      {models(R"({"family":"tasmota","match":{"chip":"a","image":"b"}})"), "models[0]: catalog: is missing"},
      {models(R"({"family":"tasmota","match":{"chip":"a"},"catalog":"a/b/catalog.json"})"), "image: is missing"},
      {models(R"({"family":"tasmota","match":{"chip":"a","chip":"b"}})"), "models[0]: chip appears twice"},
      {models(R"({"family":"tasmota","match":{"chip":1}})"), "models[0]: chip: must be a text"},
      {models(R"({"family":"tasmota","match":{"chip":{}}})"), "models[0]: chip: must be a text"},
      {models(R"({"family":"tasmota","match":[]})"), "models[0]: match: must be an object of texts"},
      {models(R"({"family":"tasmota","match":{"chip":"a","image":"b"},"catalog":"../x/catalog.json"})"),
       "models[0]: catalog: must be <vendor>/<model>/catalog.json"},
      {models(R"({"family":"tasmota","family":"lwm2m"})"), "models[0]: family appears twice"},
      {models(R"({"color":"red"})"), "models[0]: color is not known here"},
      {models(kPlug) + "x", "not valid JSON at byte"},
      {models(kPlug) + std::string(1, '\0') + "x", "not valid JSON at byte"},
      {R"({"x":)" + std::string(100, '[') + std::string(100, ']') + "}", "nested deeper than 16 levels"},
  };
  for (const auto& [bytes, text] : refusals) {
    const auto error = error_of(bytes);
    EXPECT_NE(error.find(text), std::string::npos) << bytes << "\n" << error;
    EXPECT_TRUE(error.starts_with("_feed/models.json: ")) << error;
  }
}

TEST(ModelsReader, TooManyAreRefused) {
  std::string entries(kPlug);
  for (std::size_t i = 0; i < kMaxModels; ++i) entries.append(",").append(kPlug);
  EXPECT_NE(error_of(models(entries)).find("more than 50000 entries"), std::string::npos);
  EXPECT_NE(error_of(std::string(kMaxModelsBytes + 1, ' ')).find("the limit is"), std::string::npos);
}

}  // namespace
}  // namespace homepatch::feeds
