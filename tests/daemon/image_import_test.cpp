// Raw images that an administrator brings: what is told of them, who may not get them, what is kept, who goes before.
#include "daemon/fetch/image_importer.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "daemon/fetch/image_fit.hpp"
#include "daemon/fetch/local_catalog.hpp"
#include "daemon/fetch/stock.hpp"
#include "engine_fixture.hpp"
#include "protocols/feeds/catalog_reader.hpp"

namespace homepatch::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A Zigbee OTA file of image type 0x0201 by maker 0x1234, version 7, 64 bytes behind its header.
std::string zigbee_file() {
  const auto header = from_hex(
      "1ef1ee0b"
      "0001"
      "3800"
      "0000"
      "3412"
      "0102"
      "07000000"
      "0200"
      "42756c6200000000000000000000000000000000000000000000000000000000"
      "78000000");
  return std::string(header->begin(), header->end()) + std::string(64, 'z');
}

std::string entry_for(const std::string& file, int version) {
  return R"([{"manufacturerCode":4660,"imageType":513,"url":"https://a.example/x.ota","fileVersion":)" +
         std::to_string(version) + R"(,"sha512":")" + sha512_hex(file) + "\"}]";
}

class ImageImportTest : public EngineTest {
 protected:
  ImageImportTest() {
    engine->shelf.remove("acme", "acme.example/lamp/catalog.json");
    reopen();
    say(lamp("1.0.0"));
    pass(std::chrono::seconds(1));
  }

  // The parts that stand behind the bus, as after a start.
  void reopen() {
    importer.reset();
    releases.reset();
    cache.reset();
    store = std::make_unique<FeedStore>(*database, folder / "feeds");
    cache = ArtifactCache::open(*database, folder / "cache", {8U << 20U, 0}).value();
    cache->rank_by([this] { return ranks(*engine, *cache); });
    releases = std::make_unique<LocalReleases>(loop, *engine, *store, *cache);
    ASSERT_TRUE(releases->start());
    importer = std::make_unique<ImageImporter>(loop, *engine, *cache, *indexes, *releases);
  }

  [[nodiscard]] UniqueFd open(const std::string& content) const {
    EXPECT_TRUE(write_file_atomically(folder / "image", content));
    return UniqueFd(::open((folder / "image").c_str(), O_RDONLY | O_CLOEXEC));
  }
  Inspection inspect(const std::string& content, const std::string& version = "") {
    std::optional<Result<Inspection>> said;
    importer->inspect(open(content), version.empty() ? "" : lamp_id().to_string(), version,
                      [&](Result<Inspection> answer) { said = std::move(answer); });
    EXPECT_FALSE(said) << "answered before a turn of the loop";
    pass(kTick);
    EXPECT_TRUE(said && *said);
    return said && *said ? std::move(**said) : Inspection();
  }
  Result<std::string> import(const std::string& content, const std::string& version, std::string digest = "") {
    std::optional<Result<std::string>> said;
    if (digest.empty()) digest = sha256(content).hex();
    importer->import(open(content), lamp_id().to_string(), version, digest, "anna (uid 7)",
                     [&](Result<std::string> answer) { said = std::move(answer); });
    pass(kTick);
    return said.value_or(fail(Errc::internal, "no answer"));
  }
  std::string refusal(const std::string& content, const std::string& version, std::string digest = "") {
    const auto said = import(content, version, std::move(digest));
    return said ? "taken in" : said.error().text;
  }
  [[nodiscard]] Decision decision() const { return engine->scheduler.decide(*engine->inventory.find(lamp_id())); }
  void index(const std::string& bytes) const { ASSERT_TRUE(write_file_atomically(folder / "index.json", bytes)); }

  const std::string image = std::string(1U << 20U, 'i');
  std::unique_ptr<EventLoop> event_loop = EventLoop::open().value();
  std::unique_ptr<Fetcher> fetcher = Fetcher::open(*event_loop).value();
  std::unique_ptr<Indexes> indexes =
      std::make_unique<Indexes>(loop, *fetcher, folder / "indexes",
                                std::vector<IndexConfig>{{"own", IndexKind::zigbee, "", {}, folder / "index.json"},
                                                         {"lamp", IndexKind::esp, "", {}, folder / "lamp.json"}},
                                std::chrono::hours(6));
  std::unique_ptr<FeedStore> store;
  std::unique_ptr<ArtifactCache> cache;
  std::unique_ptr<LocalReleases> releases;
  std::unique_ptr<ImageImporter> importer;
};

TEST_F(ImageImportTest, InspectionTellsHashesModelAndDevices) {
  const auto said = inspect(image, "1.1.0");
  EXPECT_EQ(said.facts.sha256, sha256(image));
  EXPECT_EQ(said.facts.sha512, sha512_hex(image));
  EXPECT_EQ(said.facts.md5, md5_hex(image));
  EXPECT_EQ(said.facts.format(), "raw");
  EXPECT_EQ(said.match, "manufacturer Acme, model Lamp");
  EXPECT_EQ(said.devices, 1U);
  EXPECT_THAT(said.refusal, IsEmpty());
  EXPECT_THAT(inspect(image).match, IsEmpty());
  EXPECT_TRUE(engine->shelf.all().empty());
}

// 1 MiB in pieces of 256 KiB; the simulated loop fires each of its timers once.
TEST_F(ImageImportTest, ALargeImageDoesNotHoldUpTheLoop) {
  int turns = 0;
  bool answered = false;
  Timer timer;
  const std::function<void()> turn = [&] {
    if (!answered) ++turns;
    if (!answered) timer = loop.after(Duration::zero(), turn);
  };
  importer->import(open(image), lamp_id().to_string(), "1.1.0", sha256(image).hex(), "anna",
                   [&](const Result<std::string>& said) { answered = said.has_value(); });
  turn();
  pass(kTick);
  EXPECT_TRUE(answered);
  EXPECT_GE(turns, 8);
}

TEST_F(ImageImportTest, WhatIsTakenInAsksAndNamesWhoTookIt) {
  ASSERT_TRUE(import(image, "1.1.0"));
  const auto decided = decision();
  EXPECT_EQ(decided.verdict, Verdict::ask);
  EXPECT_EQ(decided.reason, Reason::not_automatic);
  ASSERT_TRUE(decided.offer);
  EXPECT_EQ(decided.offer->feed, "local");
  EXPECT_EQ(decided.offer->release->version, "1.1.0");
  EXPECT_EQ(decided.catalog->provenance, Provenance::local_admin);
  EXPECT_EQ(decided.catalog->signed_by, "anna (uid 7)");
  EXPECT_TRUE(cache->contains(sha256(image)));
  pass(std::chrono::hours(1));
  EXPECT_TRUE(engine->updater.updates().empty());
  EXPECT_TRUE(engine->scheduler.start_by_hand(lamp_id(), "anna"));
}

TEST_F(ImageImportTest, ItOutlivesARestart) {
  ASSERT_TRUE(import(image, "1.1.0"));
  const Catalog before = *decision().catalog;
  importer.reset();
  releases.reset();
  cache.reset();
  store.reset();
  boot();
  engine->shelf.remove("acme", "acme.example/lamp/catalog.json");
  reopen();
  say(lamp("1.0.0"));
  pass(std::chrono::seconds(1));
  ASSERT_NE(decision().catalog, nullptr);
  EXPECT_EQ(*decision().catalog, before);
  EXPECT_EQ(decision().reason, Reason::not_automatic);
}

TEST_F(ImageImportTest, AnotherDigestThanWasShownIsRefused) {
  EXPECT_THAT(refusal(image, "1.1.0", std::string(64, '0')), HasSubstr("it is another one than was meant"));
  EXPECT_THAT(refusal(image, "1.1.0", "beef"), HasSubstr("64 hexadecimal digits"));
  EXPECT_EQ(cache->count(), 0U);
  EXPECT_TRUE(engine->shelf.all().empty());
}

TEST_F(ImageImportTest, ADeviceThatDidNotTellItsModelGetsNothing) {
  Announcement stranger(DeviceId::from_endpoint("stranger").value(), Family::lwm2m, loop.now(), true);
  stranger.version = "1";
  say(stranger);
  Result<std::string> said = "";
  importer->import(open(image), "lwm2m:stranger", "1.1.0", sha256(image).hex(), "anna",
                   [&](auto answer) { said = answer; });
  pass(kTick);
  ASSERT_FALSE(said);
  EXPECT_THAT(said.error().text, HasSubstr("has not said yet what model it is"));
  importer->import(open(image), "lwm2m:nobody", "1.1.0", sha256(image).hex(), "anna",
                   [&](auto answer) { said = answer; });
  pass(kTick);
  ASSERT_FALSE(said);
  EXPECT_EQ(said.error().code, Errc::not_found);
}

TEST_F(ImageImportTest, AFeedThatSpeaksForTheModelGoesBeforeAndIsNotAmbiguous) {
  ASSERT_TRUE(import(image, "9.0.0"));
  engine->shelf.put(lamp_catalog());
  EXPECT_EQ(decision().catalog->feed, "acme");
  EXPECT_NE(decision().reason, Reason::ambiguous_model);
  EXPECT_THAT(refusal(image, "9.1.0"), HasSubstr("the feed acme speaks for this model"));
  engine->shelf.remove("acme", "acme.example/lamp/catalog.json");
  EXPECT_EQ(decision().catalog->feed, "local");
}

TEST_F(ImageImportTest, WhatAFeedTookBackIsNotTakenIn) {
  engine->shelf.deny("acme", {{sha256(image), "it bricks"}});
  EXPECT_THAT(refusal(image, "1.1.0"), HasSubstr("was taken back by the feed acme: it bricks"));
  EXPECT_TRUE(import("another", "1.1.0"));
}

TEST_F(ImageImportTest, OfImportsTheMostExactOneCounts) {
  ASSERT_TRUE(import(image, "1.1.0"));
  auto exact = lamp("1.0.0");
  exact.hardware = "B";
  say(exact);
  ASSERT_TRUE(import("another", "1.2.0"));
  EXPECT_EQ(decision().reason, Reason::not_automatic);
  EXPECT_EQ(decision().offer->release->version, "1.2.0");
  EXPECT_EQ(engine->shelf.all().size(), 2U);
}

TEST_F(ImageImportTest, OneVersionHasOneImageAndEachImportIsTheNewest) {
  ASSERT_TRUE(import(image, "1.1.0"));
  EXPECT_THAT(refusal("other bytes", "1.1.0"), HasSubstr("was imported already with other bytes"));
  ASSERT_TRUE(import("newer", "1.2.0"));
  EXPECT_EQ(decision().offer->release->version, "1.2.0");
  ASSERT_TRUE(import(image, "1.1.0"));
  EXPECT_EQ(decision().offer->release->version, "1.1.0");
  EXPECT_EQ(count_offered(*decision().catalog), 2U);
}

TEST_F(ImageImportTest, TheVersionThatADeviceRunsMayBeBroughtAsTheWayBack) {
  ASSERT_TRUE(import(image, "1.1.0"));
  ASSERT_TRUE(import("old", "1.0.0"));
  EXPECT_EQ(decision().reason, Reason::up_to_date);
  say(lamp("1.1.0"));
  EXPECT_EQ(decision().offer->release->version, "1.0.0");
}

TEST_F(ImageImportTest, MoreThanTheLimitIsRefusedWithWhatToDo) {
  for (std::size_t i = 0; i < LocalReleases::kMaxOffered; ++i) {
    ASSERT_TRUE(import("image " + std::to_string(i), "2." + std::to_string(i)));
  }
  EXPECT_THAT(refusal(image, "3.0"), HasSubstr("64 imported images are kept already"));
  EXPECT_TRUE(import("image 3", "2.3")) << "what is there already takes no more place";
  ASSERT_TRUE(releases->remove("2.5"));
  EXPECT_TRUE(import(image, "3.0"));
}

TEST_F(ImageImportTest, WhatIsListedIsNotEvictedForWhatAFeedBrings) {
  ASSERT_TRUE(import(image, "1.1.0"));
  ASSERT_TRUE(import("superseding", "1.2.0"));
  const auto room = cache->begin(Digest::parse(std::string(64, 'f')).value(), 8U << 20U);
  ASSERT_FALSE(room);
  EXPECT_EQ(room.error().code, Errc::no_space);
  EXPECT_TRUE(cache->contains(sha256(image)));
}

TEST_F(ImageImportTest, ARemovedOneIsForgottenWithItsImage) {
  ASSERT_TRUE(import(image, "1.1.0"));
  ASSERT_TRUE(import("newer", "1.2.0"));
  EXPECT_EQ(releases->remove("1.0.0").error().code, Errc::not_found) << "known, but never imported";
  ASSERT_TRUE(releases->remove("1.1.0"));
  EXPECT_FALSE(cache->contains(sha256(image)));
  EXPECT_EQ(decision().offer->release->version, "1.2.0");
  ASSERT_TRUE(engine->scheduler.start_by_hand(lamp_id(), "anna"));
  EXPECT_EQ(releases->remove("1.2.0").error().code, Errc::busy);
  ASSERT_TRUE(engine->updater.cancel(update().id, "anna"));
  ASSERT_TRUE(releases->remove(decision().catalog->by_version("1.2.0")->id));
  EXPECT_TRUE(engine->shelf.all().empty());
  EXPECT_THAT(store->document_paths("local").value(), IsEmpty());
}

TEST_F(ImageImportTest, OneImageAtATime) {
  std::optional<Result<std::string>> first;
  importer->import(open(image), lamp_id().to_string(), "1.1.0", sha256(image).hex(), "anna",
                   [&](auto said) { first = said; });
  EXPECT_EQ(import(image, "1.1.0").error().code, Errc::busy);
  pass(kTick);
  EXPECT_TRUE(first && *first);
}

TEST_F(ImageImportTest, AFileThatGetsShorterOrIsNoneIsRefused) {
  Result<std::string> said = "";
  importer->import(open(image), lamp_id().to_string(), "1.1.0", sha256(image).hex(), "anna",
                   [&](auto answer) { said = answer; });
  std::filesystem::resize_file(folder / "image", 1000);
  pass(kTick);
  EXPECT_FALSE(said);
  EXPECT_EQ(cache->count(), 0U);
  EXPECT_THAT(refusal("", "1.1.0"), HasSubstr("empty"));
  EXPECT_EQ(ImageReading::begin(UniqueFd(::open("/", O_RDONLY)).get()).error().code, Errc::invalid_argument);
  std::filesystem::resize_file(folder / "image", kMaxImageLength + 1);
  EXPECT_EQ(ImageReading::begin(UniqueFd(::open((folder / "image").c_str(), O_RDONLY)).get()).error().code,
            Errc::too_large);
}

TEST_F(ImageImportTest, AnIndexOfTheSameSha512VouchesAndOneOfTheSameMd5DoesNot) {
  index(entry_for(image, 7));
  EXPECT_THAT(inspect(image).facts.contradictions, ElementsAre(HasSubstr("it has no Zigbee header")));
  index(entry_for(zigbee_file(), 8));
  EXPECT_THAT(inspect(zigbee_file()).facts.contradictions, ElementsAre(HasSubstr("index own: ")));
  EXPECT_EQ(inspect(zigbee_file()).facts.provenance, Provenance::local_admin);
  index(entry_for(zigbee_file(), 7));
  const auto vouched = inspect(zigbee_file()).facts;
  EXPECT_THAT(vouched.contradictions, IsEmpty());
  EXPECT_THAT(vouched.known, ElementsAre(HasSubstr("Zigbee image 513 of maker 4660, version 7")));
  EXPECT_EQ(vouched.provenance, Provenance::hash_only);

  ASSERT_TRUE(write_file_atomically(
      folder / "lamp.json",
      R"({"name":"Lamp","version":"1","builds":[{"chipFamily":"ESP32","ota":{"path":"x","md5":")" + md5_hex(image) +
          "\"}}]}"));
  const auto mentioned = inspect(image).facts;
  EXPECT_EQ(mentioned.provenance, Provenance::local_admin);
  EXPECT_THAT(mentioned.known, ElementsAre(HasSubstr("only the MD5 is the same")));
  EXPECT_THAT(mentioned.contradictions, ElementsAre(HasSubstr("no application image for ESP32")));
}

// A catalog tells one provenance for all its releases: the weakest.
TEST_F(ImageImportTest, WhatAnIndexVouchesForDoesNotLiftWhatNobodyVouchesFor) {
  const Device& device = *engine->inventory.find(lamp_id());
  const auto facts = [](char letter, Provenance provenance) {
    ImageFacts out;
    out.length = 1;
    out.sha256 = Digest::parse(std::string(64, letter)).value();
    out.provenance = provenance;
    out.vouched_by = provenance == Provenance::hash_only ? "own" : "";
    return out;
  };
  ASSERT_TRUE(releases->add(device, "1.1.0", facts('a', Provenance::hash_only), "anna"));
  EXPECT_EQ(decision().catalog->provenance, Provenance::hash_only);
  EXPECT_EQ(decision().catalog->signed_by, "anna; index own has its SHA-512");
  ASSERT_TRUE(releases->add(device, "1.2.0", facts('b', Provenance::local_admin), "anna"));
  EXPECT_EQ(decision().catalog->provenance, Provenance::local_admin);
  ASSERT_TRUE(releases->remove("1.1.0"));
  ASSERT_TRUE(releases->add(device, "1.0.0", facts('c', Provenance::hash_only), "anna"));
  EXPECT_EQ(decision().catalog->provenance, Provenance::local_admin);
}

TEST(ImageFit, AnImageOfAnotherVersionFormatOrChipIsRefused) {
  Device plug(DeviceId::parse("mac:a0b1c2000001").value(), Family::tasmota);
  ImageFacts facts;
  EXPECT_TRUE(check_fit(plug, "1", facts)) << "what says nothing contradicts nothing";
  facts.header =
      ImageHeader{.format = ImageFormat::esp_app, .version = "15.0.1", .project = "tasmota", .chip = "esp32"};
  EXPECT_TRUE(check_fit(plug, "15.0.1", facts));
  EXPECT_THAT(check_fit(plug, "15.0.2", facts).error().text, HasSubstr("says version 15.0.1, not 15.0.2"));
  facts.header->project = "arduino-lib-builder";
  EXPECT_TRUE(check_fit(plug, "15.0.2", facts)) << "the version is that of Arduino's libraries";
  for (const auto& [chip, fits] : std::map<std::string, bool>{{"ESP32-D0WD-V3", true},
                                                              {"ESP32-S0WD", true},
                                                              {"ESP32-S3", false},
                                                              {"ESP32-C3", false},
                                                              {"ESP8266EX", false},
                                                              {"", true}}) {
    plug.facts["chip"] = chip;
    EXPECT_EQ(check_fit(plug, "15.0.1", facts).has_value(), fits) << chip;
  }
  plug.facts["chip"] = "ESP32";
  facts.header->format = ImageFormat::mcuboot;
  EXPECT_THAT(check_fit(plug, "15.0.1", facts).error().text,
              HasSubstr("of the format mcuboot; mac:a0b1c2000001 is a tasmota"));
}

TEST(LocalCatalog, IsReadAsAFeedsCatalogIs) {
  const Match match{Family::tasmota, {{"chip", "ESP32-D0WD-V3"}, {"image", "tas\"mota \xC3\xA9"}}};
  Catalog catalog = new_local_catalog(match, "");
  EXPECT_THAT(catalog.path, HasSubstr("local/tasmota-esp32d0wdv3-tasmota-"));
  EXPECT_NE(catalog.path, new_local_catalog(Match{Family::tasmota, {{"chip", "x"}, {"image", "y"}}}, "").path);
  ImageFacts facts;
  facts.length = 5;
  facts.packed = true;
  for (std::size_t i = 0; i < kMaxLocalShipped + 5; ++i) add_shipped(catalog, "0." + std::to_string(i));
  add_release(catalog, "1.0", facts, "anna", Time(std::chrono::seconds(1'800'000'000)));
  auto read = feeds::read_catalog(write_catalog(catalog), catalog.path);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->releases.size(), kMaxLocalShipped + 1);
  EXPECT_EQ(read->match, catalog.match);
  EXPECT_EQ(read->method, "confirm");
  EXPECT_EQ(read->date, "2027-01-15T08:00:00Z");
  EXPECT_THAT(read->by_version("1.0")->images.front().target, ::testing::EndsWith(".bin.gz"));
  EXPECT_EQ(read->by_version("1.0")->seq, read->releases.back().seq);
}

}  // namespace
}  // namespace homepatch::test
