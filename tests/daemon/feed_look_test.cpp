// One look at a feed whose roles are in trouble: what the owner reads, what stays on the shelf, what is taken back.
#include "daemon/fetch/feed_look.hpp"

#include <gmock/gmock.h>

#include "base/simulated_loop.hpp"
#include "core/catalog_names.hpp"
#include "daemon/fetch/local_catalog.hpp"
#include "storage/database.hpp"
#include "tests/support/scratch_folder.hpp"
#include "tests/trust/repository.hpp"
#include "trust/hash.hpp"
#include "trust/tuf/target_path.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kVendor = "acme.example";

const Digest kBad = sha256("an image that bricks");
const Digest kWorse = sha256("another one");

Match match_of(const std::string& model) { return Match{Family::lwm2m, {{"manufacturer", "Acme"}, {"model", model}}}; }

// The files of a repository in memory, and its targets.
class MemorySource final : public FeedSource {
 public:
  MemorySource(Loop& loop, const tuf::Repository& repository) : loop_(loop), repository_(repository) {}

  std::unique_ptr<Request> get(const std::string& path, std::uint64_t limit, bool, Done done) override {
    asked.push_back(path);
    auto answer = std::make_unique<Answer>();
    answer->turn = loop_.after(Duration::zero(), [this, path, limit, done = std::move(done)] {
      if (const auto broken = out_of_reach.find(path); broken != out_of_reach.end()) return done(fail(broken->second));
      const auto& files = path.starts_with("metadata/") ? repository_.files : targets;
      const auto found = files.find(path.substr(path.find('/') + 1));
      if (found == files.end()) return done(fail(Errc::not_found, path + ": 404"));
      done(found->second.substr(0, limit));
    });
    return answer;
  }
  bool turn_away() override { return false; }

  std::map<std::string, std::string> targets;
  std::map<std::string, Error> out_of_reach;  // by path
  std::vector<std::string> asked;

 private:
  struct Answer final : Request {
    Timer turn;
  };
  Loop& loop_;
  const tuf::Repository& repository_;
};

class FeedLookTest : public ::testing::Test {
 protected:
  FeedLookTest() {
    repository.delegate("targets", kVendor, {"acme.example/*/*"});
    repository.list_in_snapshot(kVendor);
    offer(kVendor, lamp_path, catalog("1.1.0"));
    offer("targets", std::string(kModelsPath), models({{"lamp", lamp_path}}));
    repository.update(kVendor);
    repository.update("targets");
    EXPECT_TRUE(store.save_metadata("acme", "root", repository.files.at("1.root.json")));
  }

  static std::string models(const std::map<std::string, std::string>& catalogs) {
    std::string out;
    for (const auto& [model, path] : catalogs) {
      out += out.empty() ? "" : ",";
      out +=
          R"({"family":"lwm2m","match":{"manufacturer":"Acme","model":")" + model + R"("},"catalog":")" + path + "\"}";
    }
    return R"({"homepatch_models":1,"models":[)" + out + "]}";
  }
  static std::string catalog(const std::string& newest, const std::string& vendor = kVendor,
                             const std::string& model = "lamp") {
    Catalog catalog = new_local_catalog(match_of(model), model);
    catalog.vendor_id = vendor;
    catalog.model_id = model;
    catalog.date = "2025-12-01T00:00:00Z";
    add_shipped(catalog, "1.0.0");
    add_shipped(catalog, newest);
    return write_catalog(catalog);
  }
  static std::string deny(const std::vector<Digest>& images) {
    std::string out;
    for (const auto& image : images) {
      out += (out.empty() ? R"({"sha256":")" : R"(,{"sha256":")") + image.hex() + R"(","reason":"bricks"})";
    }
    return R"({"homepatch_deny":1,"images":[)" + out + "]}";
  }

  void offer(const std::string& role, const std::string& path, const std::string& bytes) {
    repository.add_target(role, path, bytes);
    source.targets[tuf::target_fetch_path(path, sha256(bytes).hex())] = bytes;
  }
  void publish(const std::string& role, const std::string& path, const std::string& bytes) {
    offer(role, path, bytes);
    repository.update(role);
  }

  FeedLook::Outcome look() {
    std::optional<FeedLook::Outcome> outcome;
    FeedLook::Ports ports{
        loop, source, store, shelf, [this] { return own; }, [](std::string_view) { return true; }, [](Time) {}};
    FeedLook one("acme", clock, std::move(ports), [&](FeedLook::Outcome got) { outcome = std::move(got); });
    loop.advance(std::chrono::seconds(1));
    EXPECT_TRUE(outcome) << "no answer";
    return outcome.value_or(FeedLook::Outcome{});
  }
  [[nodiscard]] std::string newest() const { return newest(lamp_path); }
  [[nodiscard]] std::string newest(const std::string& path) const {
    const Catalog* found = shelf.find("acme", path);
    return found == nullptr ? "none" : found->releases.back().version;
  }
  [[nodiscard]] bool is_denied(const Digest& image) const { return !shelf.taken_back_by("acme", image).empty(); }
  // What the next start would put on the shelf.
  [[nodiscard]] bool is_kept(const Digest& image) {
    const auto kept = store.load_document("acme", kDenyPath).value();
    return kept && kept->find(image.hex()) != std::string::npos;
  }
  void distrust_the_clock() { clock.expiry = tuf::Expiry::clock_not_trusted; }

  const std::string lamp_path = "acme.example/lamp/catalog.json";
  std::set<Match> own{match_of("lamp")};
  ScratchFolder folder;
  SimulatedLoop loop{Loop::WallTime(std::chrono::sys_days(std::chrono::year(2026) / 1 / 1))};
  std::unique_ptr<Database> database = Database::open(folder / "homepatch.db").value();
  FeedStore store{*database, folder / "feeds"};
  CatalogShelf shelf;
  tuf::Repository repository;
  MemorySource source{loop, repository};
  tuf::Clock clock{tuf::parse_time("2026-01-01T00:00:00Z").value(), tuf::Expiry::judge};
};

TEST_F(FeedLookTest, TakesInWhatTheVendorsRoleSigned) {
  const auto outcome = look();
  EXPECT_TRUE(outcome.status) << outcome.status.error().text;
  EXPECT_EQ(newest(), "1.1.0");
}

struct Trouble {
  const char* name;
  std::function<void(tuf::Repository&)> make;
  const char* words;
};

class FeedLookRoleTest : public FeedLookTest, public ::testing::WithParamInterface<Trouble> {};

TEST_P(FeedLookRoleTest, ADelegatedRoleInTroubleIsToldAsItIsAndWhatWasAcceptedStays) {
  ASSERT_TRUE(look().status);
  GetParam().make(repository);
  publish(kVendor, lamp_path, catalog("1.2.0"));
  const auto outcome = look();
  ASSERT_FALSE(outcome.status);
  EXPECT_THAT(outcome.status.error().text,
              AllOf(HasSubstr(lamp_path), HasSubstr(GetParam().words), Not(HasSubstr("not among"))));
  EXPECT_TRUE(outcome.may_be_elsewhere);
  EXPECT_FALSE(outcome.expired);
  EXPECT_EQ(newest(), "1.1.0");
  EXPECT_TRUE(store.load_document("acme", lamp_path).value());
}

INSTANTIATE_TEST_SUITE_P(
    All, FeedLookRoleTest,
    ::testing::Values(Trouble{"WrongKey",
                              [](tuf::Repository& repository) {
                                repository.signers(kVendor) = {tuf::SigningKey::generate().value()};
                              },
                              "sign"},
                      Trouble{"Expired",
                              [](tuf::Repository& repository) {
                                repository.content(kVendor)["expires"] = tuf::Repository::expiry(2025);
                              },
                              "expired on"},
                      Trouble{"Mixed",
                              [](tuf::Repository& repository) {
                                const auto old = repository.files.at(tuf::metadata_file_name(kVendor, 2));
                                repository.tamper[kVendor] = [old](const std::string&) { return old; };
                              },
                              "mixes files"},
                      Trouble{"Empty",
                              [](tuf::Repository& repository) {
                                repository.tamper[kVendor] = [](const std::string&) { return std::string(); };
                              },
                              "acme.example"}),
    [](const auto& shown) { return shown.param.name; });

struct OutOfReach {
  const char* name;
  Error error;
};

// Two models of the first vendor and one of another in the home.
class FeedLookReachTest : public FeedLookTest, public ::testing::WithParamInterface<OutOfReach> {
 protected:
  static constexpr const char* kOther = "bulb.example";

  FeedLookReachTest() {
    own = {match_of("lamp"), match_of("plug"), match_of("bulb")};
    repository.delegate("targets", kOther, {"bulb.example/*/*"});
    repository.list_in_snapshot(kOther);
    offer("targets", std::string(kModelsPath), models({{"lamp", lamp_path}, {"plug", plug_path}, {"bulb", bulb_path}}));
    publish_all("1.1.0");
    repository.update("targets");
  }

  void publish_all(const std::string& version) {
    offer(kVendor, lamp_path, catalog(version));
    publish(kVendor, plug_path, catalog(version, kVendor, "plug"));
    publish(kOther, bulb_path, catalog(version, kOther, "bulb"));
  }
  [[nodiscard]] std::string role_file() {
    return "metadata/" + tuf::metadata_file_name(kVendor, repository.content(kVendor)["version"].get<std::int64_t>());
  }

  const std::string plug_path = "acme.example/plug/catalog.json";
  const std::string bulb_path = "bulb.example/bulb/catalog.json";
};

TEST_P(FeedLookReachTest, ADelegatedRoleThatCannotBeHadKeepsNoOtherVendorsNewsAway) {
  ASSERT_TRUE(look().status);
  const auto kept = store.load_metadata("acme", kVendor).value();
  publish_all("1.2.0");
  source.out_of_reach.emplace(role_file(), GetParam().error);
  source.asked.clear();

  auto outcome = look();
  ASSERT_FALSE(outcome.status);
  EXPECT_EQ(outcome.status.error().text, lamp_path + ": acme.example: " + GetParam().error.text);
  EXPECT_FALSE(outcome.may_be_elsewhere) << "every mirror was asked";
  EXPECT_FALSE(outcome.expired);
  EXPECT_EQ(std::ranges::count(source.asked, role_file()), 1) << "once, whatever waits for it";
  EXPECT_EQ(newest(bulb_path), "1.2.0");
  for (const auto& path : {lamp_path, plug_path}) {
    EXPECT_EQ(newest(path), "1.1.0");
    EXPECT_TRUE(store.load_document("acme", path).value());
  }
  EXPECT_EQ(store.load_metadata("acme", kVendor).value(), kept);

  source.out_of_reach.clear();
  outcome = look();
  EXPECT_TRUE(outcome.status) << outcome.status.error().text;
  for (const auto& path : {lamp_path, plug_path, bulb_path}) EXPECT_EQ(newest(path), "1.2.0");
}

INSTANTIATE_TEST_SUITE_P(
    All, FeedLookReachTest,
    ::testing::Values(OutOfReach{"TooSlow", {Errc::unavailable, "feed.example is too slow: 10 bytes came"}},
                      OutOfReach{"NoName", {Errc::unavailable, "feed.example is not known to the name service"}},
                      OutOfReach{"Endless", {Errc::too_large, "feed.example sends more than 1048576 bytes"}}),
    [](const auto& shown) { return shown.param.name; });

TEST_F(FeedLookTest, ATopLevelRoleThatCannotBeHadEndsTheLook) {
  ASSERT_TRUE(look().status);
  publish(kVendor, lamp_path, catalog("1.2.0"));
  source.out_of_reach.emplace("metadata/timestamp.json", Error{Errc::unavailable, "feed.example cannot be reached"});
  const auto outcome = look();
  ASSERT_FALSE(outcome.status);
  EXPECT_EQ(outcome.status.error().text, "feed.example cannot be reached");
  EXPECT_FALSE(outcome.refreshed);
  EXPECT_EQ(newest(), "1.1.0");
}

TEST_F(FeedLookTest, ACatalogThatTheRoleNoLongerNamesLeavesShelfAndStore) {
  ASSERT_TRUE(look().status);
  repository.content(kVendor)["targets"].erase(lamp_path);
  repository.update(kVendor);
  const auto outcome = look();
  ASSERT_FALSE(outcome.status);
  EXPECT_THAT(outcome.status.error().text, HasSubstr("not among the feed's signed files"));
  EXPECT_EQ(newest(), "none");
  EXPECT_FALSE(store.load_document("acme", lamp_path).value());
}

TEST_F(FeedLookTest, ACatalogWhoseNewBytesAMirrorSpoiltStays) {
  ASSERT_TRUE(look().status);
  const auto next = catalog("1.2.0");
  publish(kVendor, lamp_path, next);
  source.targets[tuf::target_fetch_path(lamp_path, sha256(next).hex())] = std::string(next.size(), ' ');
  const auto outcome = look();
  EXPECT_FALSE(outcome.status);
  EXPECT_TRUE(outcome.may_be_elsewhere);
  EXPECT_EQ(newest(), "1.1.0");
}

TEST_F(FeedLookTest, OnlyWhatHasExpiredIsCalledExpired) {
  repository.signers("timestamp") = {tuf::SigningKey::generate().value()};
  repository.update("timestamp");
  auto outcome = look();
  EXPECT_FALSE(outcome.status);
  EXPECT_FALSE(outcome.expired);
  repository.set_keys("timestamp", repository.signers("timestamp"));
  repository.update("root");
  repository.content("timestamp")["expires"] = tuf::Repository::expiry(2025);
  repository.update("timestamp");
  outcome = look();
  EXPECT_FALSE(outcome.status);
  EXPECT_TRUE(outcome.expired) << outcome.status.error().text;
}

TEST_F(FeedLookTest, WhatIsTakenBackCountsWhileTheClockIsNotTrusted) {
  distrust_the_clock();
  publish("targets", std::string(kDenyPath), deny({kBad}));
  const auto outcome = look();
  ASSERT_FALSE(outcome.status);
  EXPECT_THAT(outcome.status.error().text, HasSubstr("clock is not trusted"));
  EXPECT_TRUE(is_denied(kBad));
  EXPECT_TRUE(is_kept(kBad));
  EXPECT_EQ(newest(), "none");
}

TEST_F(FeedLookTest, WithoutATrustedClockNothingTakenBackComesBack) {
  publish("targets", std::string(kDenyPath), deny({kBad}));
  ASSERT_TRUE(look().status);
  distrust_the_clock();
  publish("targets", std::string(kDenyPath), deny({kWorse}));
  look();
  for (const auto& image : {kBad, kWorse}) {
    EXPECT_TRUE(is_denied(image));
    EXPECT_TRUE(is_kept(image));
  }
  repository.content("targets")["targets"].erase(std::string(kDenyPath));
  repository.update("targets");
  look();
  EXPECT_TRUE(is_denied(kBad));
  clock.expiry = tuf::Expiry::judge;
  publish("targets", std::string(kDenyPath), deny({kWorse}));
  ASSERT_TRUE(look().status);
  EXPECT_FALSE(is_denied(kBad));
  EXPECT_FALSE(is_kept(kBad));
  EXPECT_TRUE(is_denied(kWorse));
}

TEST_F(FeedLookTest, WhatIsTakenBackCountsWhenTheIndexCannotBeRead) {
  offer("targets", std::string(kDenyPath), deny({kBad}));
  publish("targets", std::string(kModelsPath), "no index");
  const auto outcome = look();
  ASSERT_FALSE(outcome.status);
  EXPECT_THAT(outcome.status.error().text, HasSubstr("models.json"));
  EXPECT_TRUE(is_denied(kBad));
  EXPECT_TRUE(is_kept(kBad));
}

TEST_F(FeedLookTest, TheFileOfARoleThatTheFeedGaveUpIsForgotten) {
  ASSERT_TRUE(look().status);
  ASSERT_TRUE(store.save_metadata("acme", "gone.example", "{}"));
  ASSERT_TRUE(look().status);
  EXPECT_FALSE(store.load_metadata("acme", "gone.example"));
  for (const auto* const role : {"root", "timestamp", "snapshot", "targets", kVendor}) {
    EXPECT_TRUE(store.load_metadata("acme", role)) << role;
  }
}

}  // namespace
}  // namespace homepatch::test
