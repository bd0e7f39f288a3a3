#include "protocols/feeds/catalog_reader.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

namespace homepatch::feeds {
namespace {

using nlohmann::json;

constexpr std::string_view kPath = "acme.example/plug/catalog.json";

json image(const std::string& file, json hw, const std::string& component = "app") {
  return {{"component", component}, {"hw", std::move(hw)}, {"target", "acme.example/plug/" + file},
          {"length", 1000},         {"format", "raw"},     {"sha256", std::string(64, 'a')}};
}

json release(const std::string& version, int seq) {
  return {{"id", version},
          {"version", version},
          {"seq", seq},
          {"min_allowed_seq", 0},
          {"date", "2026-10-01T00:00:00Z"},
          {"kind", "security"},
          {"severity", "high"},
          {"cve", {{{"id", "CVE-2026-1"}}, {{"id", "CVE-2026-2"}, {"vex", "not_affected"}}}},
          {"summary", {{"en", "Fixes the open door"}, {"de", "Schliesst die Tuer"}}},
          {"images", {image(version + "/fw.bin", {"A", "B"})}}};
}

json catalog() {
  return {
      {"homepatch_catalog", 1},
      {"date", "2026-11-23T10:00:00Z"},
      {"vendor", {{"id", "acme.example"}, {"name", "Acme"}, {"security_contact", "https://acme.example/security.txt"}}},
      {"model",
       {{"id", "plug"},
        {"name", "Acme Plug"},
        {"hw", {"A", "B"}},
        {"match",
         {{"tasmota", {{{"chip", "ESP8266EX"}, {"image", "tasmota"}}}},
          {"lwm2m", {{{"manufacturer", "Acme"}, {"model", "Plug"}, {"hw", "A"}}}},
          {"shelly", {{{"app", "Plug"}}}},
          {"zigbee", {{{"manufacturer_code", "4476"}, {"image_type", "1234"}}}},
          {"suit",
           {{{"vendor_uuid", "fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe"},
             {"class_uuid", "1492af14-2569-5e48-bf42-9b2d51f2ab45"}}}}}}}},
      {"updatability", {{"updatable", true}, {"method", "auto"}, {"device_verifies", "hash"}}},
      {"support",
       {{"start", "2024-05-01"},
        {"end", "2031-05-31"},
        {"kind", "guaranteed"},
        {"after_end", {{"advice", {{"en", "Recycle it"}}}}}}},
      {"releases", {release("1.1.0", 1100), release("1.0.0", 1000)}},
      {"eol", nullptr}};
}

std::string error_of(const json& document, std::string_view path = kPath) {
  const auto read = read_catalog(document.dump(), path);
  return read ? "(read)" : read.error().text;
}

// The catalog with one member replaced.
json with(const char* pointer, json value) {
  auto document = catalog();
  document[json::json_pointer(pointer)] = std::move(value);
  return document;
}

json without(const std::string& parent, const std::string& key) {
  auto document = catalog();
  document[json::json_pointer(parent)].erase(key);
  return document;
}

TEST(CatalogReader, ReadsEveryFieldAndSortsReleasesBySeq) {
  const auto read = read_catalog(catalog().dump(), kPath);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->path, kPath);
  EXPECT_EQ(read->date, "2026-11-23T10:00:00Z");
  EXPECT_EQ(read->vendor_name, "Acme");
  EXPECT_EQ(read->model_name, "Acme Plug");
  EXPECT_EQ(read->hw, (std::vector<std::string>{"A", "B"}));
  EXPECT_EQ(read->device_verifies, "hash");
  ASSERT_TRUE(read->support);
  EXPECT_EQ(read->support->end, "2031-05-31");
  EXPECT_EQ(read->support->kind, "guaranteed");
  EXPECT_EQ(read->support->advice_after_end.at("en"), "Recycle it");
  EXPECT_FALSE(read->end_of_life);
  ASSERT_EQ(read->releases.size(), 2U);
  EXPECT_EQ(read->releases[0].seq, 1000);
  const Release& newest = read->releases[1];
  EXPECT_EQ(newest.version, "1.1.0");
  EXPECT_EQ(newest.severity, Severity::high);
  EXPECT_EQ(newest.cves, std::vector<std::string>{"CVE-2026-1"}) << "a CVE that does not affect it is not a fix";
  EXPECT_EQ(newest.summary.at("de"), "Schliesst die Tuer");
  ASSERT_EQ(newest.images.size(), 1U);
  EXPECT_EQ(newest.images[0].target, "acme.example/plug/1.1.0/fw.bin");
  EXPECT_EQ(newest.images[0].length, 1000U);
}

TEST(CatalogReader, KeepsMatchesOnlyOfFamiliesThatItSpeaksWith) {
  const auto read = read_catalog(catalog().dump(), kPath);
  ASSERT_TRUE(read) << read.error().text;
  ASSERT_EQ(read->match.size(), 2U);
  EXPECT_EQ(read->match[0].family, Family::lwm2m);
  EXPECT_EQ(read->match[0].keys.at("manufacturer"), "Acme");
  EXPECT_EQ(read->match[1].family, Family::tasmota);
  EXPECT_EQ(read->match[1].keys.at("chip"), "ESP8266EX");
}

TEST(CatalogReader, AFamilyOfALaterVersionTakesNothingAwayFromTheOthers) {
  const auto read = read_catalog(with("/model/match/toaster", {{{"slots", 2}}}).dump(), kPath);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->match.size(), 2U);
}

TEST(CatalogReader, ReadsRequirementsAndSteppingStones) {
  const auto read =
      read_catalog(with("/releases/0/requires",
                        {{"from_seq_min", 900}, {"from_seq_max", 1050}, {"battery_min", 30}, {"mains", true}})
                       .dump(),
                   kPath);
  ASSERT_TRUE(read) << read.error().text;
  const Requires& required = read->releases[1].required;
  EXPECT_EQ(required.from_seq_min, 900);
  EXPECT_EQ(required.from_seq_max, 1050);
  EXPECT_EQ(required.battery_min, 30);
  EXPECT_TRUE(required.mains);
}

TEST(CatalogReader, AListedVersionNeedsNoImage) {
  const auto read = read_catalog(with("/releases/1/images", json::array()).dump(), kPath);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_TRUE(read->releases[0].images.empty());
}

TEST(CatalogReader, EndOfLifeIsSaidWithItsAdvice) {
  const auto read =
      read_catalog(with("/eol", {{"since", "2026-01-01"}, {"advice", {{"en", "Replace it"}}}}).dump(), kPath);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_TRUE(read->end_of_life);
  EXPECT_EQ(read->end_of_life_since, "2026-01-01");
  EXPECT_EQ(read->end_of_life_advice.at("en"), "Replace it");
}

struct Refusal {
  const char* fear;
  json document;
  const char* text;  // part of the message
};

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.fear; }

class CatalogRefusal : public ::testing::TestWithParam<Refusal> {};

TEST_P(CatalogRefusal, NamesTheFieldAndTheAcceptedForm) {
  const auto text = error_of(GetParam().document);
  EXPECT_NE(text.find(GetParam().text), std::string::npos) << text;
  EXPECT_TRUE(text.starts_with("the catalog acme.example/plug/catalog.json: ")) << text;
}

std::vector<Refusal> refusals() {
  const auto second_image = [](json hw, const std::string& component) {
    auto document = catalog();
    document["releases"][0]["images"].push_back(image("x.bin", std::move(hw), component));
    return document;
  };
  return {
      {"NotAnObject", json::array(), "must be a JSON object"},
      {"NoSchema", without("", "homepatch_catalog"), "homepatch_catalog: is missing"},
      {"OtherSchema", with("/homepatch_catalog", 2), "homepatch_catalog: must be 1"},
      {"SchemaAsText", with("/homepatch_catalog", "1"), "homepatch_catalog: must be 1"},
      {"NoDate", without("", "date"), "date: is missing"},
      {"DateWithZone", with("/date", "2026-11-23T10:00:00+01:00"), "date: must be a moment in UTC"},
      {"NoVendor", without("", "vendor"), "vendor: is missing"},
      {"VendorAsText", with("/vendor", "acme.example"), "vendor: must be an object"},
      {"VendorUpperCase", with("/vendor/id", "Acme.example"), "vendor.id: must be a domain name in lower case"},
      {"OtherVendor", with("/vendor/id", "evil.example"), "it names itself evil.example/plug/catalog.json"},
      {"OtherModel", with("/model/id", "lamp"), "it names itself acme.example/lamp/catalog.json"},
      {"ModelAsPath", with("/model/id", "../plug"), "model.id: must be of a-z"},
      {"NoHardware", without("/model", "hw"), "model.hw: is missing"},
      {"EmptyHardware", with("/model/hw", json::array()), "model.hw: must be an array of 1 to 32 texts"},
      {"AnyWithOthers", with("/model/hw", {"any", "A"}), "model.hw: \"any\" must stand alone"},
      {"HardwareTwice", with("/model/hw", {"A", "B", "A"}), "model.hw: names 'A' twice"},
      {"HardwareWithEscape", with("/model/hw", {"A\x1b[2J"}), "model.hw: must be an array"},
      {"NoMatch", without("/model", "match"), "model.match: is missing"},
      {"EmptyMatch", with("/model/match", json::object()), "model.match: must name at least one device family"},
      {"UnknownKey", with("/model/match/tasmota/0/color", "red"),
       "model.match.tasmota[0]: color: is not known here; known are chip, image"},
      {"MissingKey", without("/model/match/tasmota/0", "chip"), "model.match.tasmota[0]: chip: is missing"},
      {"KeyAsNumber", with("/model/match/zigbee/0/image_type", 1234),
       "model.match.zigbee[0].image_type: must be a text"},
      {"KeyOutOfRange", with("/model/match/zigbee/0/image_type", "65536"), "must be a decimal number from 0 to 65535"},
      {"UuidUpperCase", with("/model/match/suit/0/class_uuid", "1492AF14-2569-5E48-BF42-9B2D51F2AB45"),
       "class_uuid: must be a UUID in lower case"},
      {"SameKeysTwice",
       with("/model/match/tasmota",
            {{{"chip", "ESP32"}, {"image", "tasmota"}}, {{"chip", "ESP32"}, {"image", "tasmota"}}}),
       "model.match.tasmota: names the same keys twice"},
      {"NoUpdatability", without("", "updatability"), "updatability: is missing"},
      {"UnknownMethod", with("/updatability/method", "magic"), "updatability.method: must be one of auto, confirm"},
      {"NoReleases", without("", "releases"), "releases: is missing"},
      {"ReleaseAsText", with("/releases/0", "1.1.0"), "releases[0]: must be an object"},
      {"IdAsPath", with("/releases/0/id", "a/b"), "releases[0].id: must be of letters"},
      {"IdTwice", with("/releases/0/id", "1.0.0"), "releases[1].id: '1.0.0' occurs twice"},
      {"VersionTwice", with("/releases/0/version", "1.0.0"), "releases[1].version: '1.0.0' occurs twice"},
      {"SeqTwice", with("/releases/0/seq", 1000), "releases[1].seq: 1000 occurs twice"},
      {"NoSeq", without("/releases/0", "seq"), "releases[0].seq: is missing"},
      {"SeqAsText", with("/releases/0/seq", "1100"), "releases[0].seq: must be a whole number"},
      {"SeqAsFloat", with("/releases/0/seq", 1.5), "releases[0].seq: must be a whole number"},
      {"SeqZero", with("/releases/0/seq", 0), "releases[0].seq: must be a whole number from 1"},
      {"SeqBeyondInt64", with("/releases/0/seq", 18446744073709551615ULL), "releases[0].seq: must be a whole number"},
      {"NoFloor", without("/releases/0", "min_allowed_seq"), "releases[0].min_allowed_seq: is missing"},
      {"FloorAboveSeq", with("/releases/0/min_allowed_seq", 1101),
       "min_allowed_seq: must be a whole number from 0 to "
       "1100"},
      {"UnknownKind", with("/releases/0/kind", "urgent"), "releases[0].kind: must be security, feature or mixed"},
      {"UnknownRequirement", with("/releases/0/requires", {{"moon", "full"}}),
       "releases[0].requires.moon: is not known here"},
      {"RequiresItself", with("/releases/0/requires", {{"from_seq_min", 1100}}), "requires.from_seq_min: must be"},
      {"EmptyRange", with("/releases/0/requires", {{"from_seq_min", 900}, {"from_seq_max", 800}}),
       "requires.from_seq_max: must be a whole number from 900"},
      {"Battery", with("/releases/0/requires", {{"battery_min", 101}}),
       "battery_min: must be a whole number from 0 to "
       "100"},
      {"MainsAsText", with("/releases/0/requires", {{"mains", "yes"}}), "requires.mains: must be true or false"},
      {"DependsOnAnotherMaker",
       with("/releases/0/requires", {{"components", {{{"vendor", "evil.example"}, {"model", "hub"}, {"seq_min", 1}}}}}),
       "requires.components[0].vendor: must be acme.example, the catalog's own"},
      {"DependsOnItself",
       with("/releases/0/requires",
            {{"components", {{{"vendor", "acme.example"}, {"model", "plug"}, {"seq_min", 1}}}}}),
       "requires.components[0].model: is this model itself"},
      {"UnknownDependency",
       with("/releases/0/requires",
            {{"components", {{{"vendor", "acme.example"}, {"model", "hub"}, {"seq_min", 1}, {"moon", 1}}}}}),
       "requires.components[0].moon: is not known here"},
      {"DependencyWithoutSeq",
       with("/releases/0/requires", {{"components", {{{"vendor", "acme.example"}, {"model", "hub"}}}}}),
       "requires.components[0].seq_min: is missing"},
      {"NoImages", without("/releases/0", "images"), "releases[0].images: is missing"},
      {"UnknownImageMember", with("/releases/0/images/0/key", "x"), "images[0].key: is not known here"},
      {"NoLength", without("/releases/0/images/0", "length"), "images[0].length: is missing"},
      {"EmptyImage", with("/releases/0/images/0/length", 0),
       "images[0].length: must be a whole number from 1 to "
       "268435456"},
      {"HugeImage", with("/releases/0/images/0/length", 268435457), "images[0].length: must be a whole number"},
      {"ShortDigest", with("/releases/0/images/0/sha256", "abc"), "images[0].sha256: must be 64 hexadecimal digits"},
      {"EmptyDigest", with("/releases/0/images/0/sha256", ""), "images[0].sha256: must be a text"},
      {"UpperCaseDigest", with("/releases/0/images/0/sha256", std::string(64, 'A')), "sha256: must be 64 hexadecimal"},
      {"TargetElsewhere", with("/releases/0/images/0/target", "evil.example/plug/fw.bin"),
       "images[0].target: must be a path under acme.example/plug/"},
      {"TargetClimbs", with("/releases/0/images/0/target", "acme.example/plug/../lamp/fw.bin"), "must be a path under"},
      {"TargetIsCatalog", with("/releases/0/images/0/target", kPath), "must not be the catalog itself"},
      {"UnknownFormat", with("/releases/0/images/0/format", "elf"), "images[0].format: must be one of raw, mcuboot"},
      {"UnknownHardware", with("/releases/0/images/0/hw", {"C"}), "images[0].hw: 'C' is not among model.hw: A, B"},
      {"TwoImagesForOneDevice", second_image({"B"}, "app"), "images[1].hw: another image of this release is also"},
      {"AnyBesideSpecific", second_image({"any"}, "app"), "images[1].hw: another image of this release is also"},
      {"NoMainImage", with("/releases/0/images/0/component", "minimal"), "one of them must be the component \"app\""},
      {"ComponentAsPath", with("/releases/0/images/0/component", "a/b"), "component: must be of a-z"},
      {"OneTargetTwoDigests",
       with("/releases/0/images/0/target", "acme.example/plug/1.0.0/fw.bin")
           .patch({{{"op", "replace"}, {"path", "/releases/0/images/0/sha256"}, {"value", std::string(64, 'b')}}}),
       "has another digest or length elsewhere"},
      {"EolAsText", with("/eol", "yes"), "eol: must be an object"},
  };
}

INSTANTIATE_TEST_SUITE_P(Each, CatalogRefusal, ::testing::ValuesIn(refusals()),
                         [](const auto& instance) { return std::string(instance.param.fear); });

TEST(CatalogReader, TooManyReleasesOrImagesAreRefused) {
  auto many = catalog();
  for (int i = 0; i < 512; ++i) many["releases"].push_back(release(std::to_string(i), 2000 + i));
  EXPECT_NE(error_of(many).find("releases: must be an array of 0 to 512 objects"), std::string::npos);
  auto images = catalog();
  for (int i = 0; i < 32; ++i) {
    images["releases"][0]["images"].push_back(image(std::to_string(i), {"A"}, "part" + std::to_string(i)));
  }
  EXPECT_NE(error_of(images).find("images: must be an array of 0 to 32 objects"), std::string::npos);
}

TEST(CatalogReader, WhatIsNotStrictJsonIsRefused) {
  EXPECT_FALSE(read_catalog("", kPath));
  EXPECT_FALSE(read_catalog("{", kPath));
  EXPECT_FALSE(read_catalog(catalog().dump() + std::string(1, '\0') + "x", kPath));
  EXPECT_FALSE(read_catalog(R"({"homepatch_catalog":1,"homepatch_catalog":1})", kPath));
  EXPECT_EQ(read_catalog(std::string(kMaxCatalogBytes + 1, ' '), kPath).error().code, Errc::too_large);
  EXPECT_EQ(read_catalog(with("/homepatch_catalog", 2).dump(), kPath).error().code, Errc::unsupported);
}

TEST(CatalogReader, UnknownOrMalformedDisplayFieldsAreIgnored) {
  auto document = catalog();
  document["weather"] = "fine";
  document["vendor"]["name"] = 7;
  document["vendor"]["mood"] = {1, 2, 3};
  document["model"]["name"] = "Plug\x1b[2J";
  document["support"]["end"] = "soon";
  document["updatability"]["device_verifies"] = "perhaps";
  auto& newest = document["releases"][0];
  newest["severity"] = "catastrophic";
  newest["emergency"] = "yes";
  newest["cve"] = "CVE-2026-1";
  newest["summary"] = {{"en", "fine"}, {"not a tag", "x"}, {"fr", 1}};
  newest["date"] = "yesterday";
  newest["rollout"] = {{"canary", 1}};
  const auto read = read_catalog(document.dump(), kPath);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->vendor_name, "");
  EXPECT_EQ(read->model_name.find('\x1b'), std::string::npos);
  EXPECT_FALSE(read->support);
  EXPECT_EQ(read->device_verifies, "");
  const Release& release = read->releases[1];
  EXPECT_EQ(release.severity, Severity::none);
  EXPECT_FALSE(release.emergency);
  EXPECT_TRUE(release.cves.empty());
  EXPECT_EQ(release.summary, (Translations{{"en", "fine"}}));
  EXPECT_EQ(release.date, "");
}

TEST(CatalogReader, TheFirstCvesThatAreWellFormedAreShown) {
  auto document = catalog();
  auto& cves = document["releases"][0]["cve"] = nlohmann::json::array({"CVE-2026-1", 7, {{"id", 8}}});
  for (int i = 1000; i < 1100; ++i) cves.push_back({{"id", "CVE-2026-" + std::to_string(i)}});
  const auto read = read_catalog(document.dump(), kPath);
  ASSERT_TRUE(read) << read.error().text;
  const auto& shown = read->releases[1].cves;
  ASSERT_EQ(shown.size(), 64U);
  EXPECT_EQ(shown.front(), "CVE-2026-1000");
  EXPECT_EQ(shown.back(), "CVE-2026-1063");
}

TEST(SameImage, AcceptsOnlyWhatTheMetadataSaysToo) {
  Image image;
  image.target = "acme.example/plug/fw.bin";
  image.length = 10;
  image.sha256 = Digest::parse(std::string(64, 'a')).value();
  EXPECT_TRUE(same_image(image, 10, std::string(64, 'a')));
  for (const auto& [length, digest] :
       {std::pair<std::uint64_t, std::string>{11, std::string(64, 'a')}, {10, std::string(64, 'b')}, {10, ""}}) {
    const auto same = same_image(image, length, digest);
    ASSERT_FALSE(same);
    EXPECT_EQ(same.error().code, Errc::not_trusted);
    EXPECT_NE(same.error().text.find("acme.example/plug/fw.bin: the catalog says 10 bytes"), std::string::npos);
  }
}

}  // namespace
}  // namespace homepatch::feeds
