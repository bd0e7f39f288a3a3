// The unsigned indexes: fetched one after the other, kept only when they can be used, searched together.
#include "daemon/fetch/indexes.hpp"

#include <gmock/gmock.h>

#include "base/file.hpp"
#include "tests/support/raw_http_server.hpp"
#include "tests/support/scratch_folder.hpp"

namespace homepatch::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kDeadline = std::chrono::seconds(20);

std::string zigbee(const std::string& name, int count = 1) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    out += (i == 0 ? "" : ",") + (R"({"fileVersion":7,"imageType":2,"manufacturerCode":1,"url":"https://a.example/)" +
                                  name + std::to_string(i) + "\"}");
  }
  return "[" + out + "]";
}

const std::string kManifest =
    R"({"name":"Lamp","version":"1","builds":[{"chipFamily":"ESP32","ota":{"path":"x.bin"}}]})";

class IndexesTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<Indexes> open(std::vector<IndexConfig> configs) {
    auto indexes =
        std::make_unique<Indexes>(*loop, *fetcher, folder / "indexes", std::move(configs), std::chrono::hours(6));
    const auto started = indexes->start();
    EXPECT_TRUE(started) << started.error().text;
    return indexes;
  }
  [[nodiscard]] IndexConfig on_web(const std::string& name, IndexKind kind = IndexKind::zigbee) const {
    return {name, kind, web.url("/" + name), {}, {}};
  }
  Status refresh(Indexes& indexes) {
    std::optional<Status> outcome;
    indexes.refresh([&](Status status) { outcome = std::move(status); });
    EXPECT_FALSE(outcome) << "answered before a turn of the loop";
    EXPECT_TRUE(loop->run_until([&] { return outcome.has_value(); }, kDeadline));
    return outcome.value_or(fail(Errc::internal, "no answer"));
  }

  ScratchFolder folder;
  std::map<std::string, std::string> site;
  std::string tag;
  RawHttpServer web{[this](RawHttpServer::Exchange& exchange) {
    const auto file = site.find(exchange.path());
    if (file == site.end()) return exchange.answer(404, "");
    if (tag.empty()) return exchange.answer(200, file->second);
    if (exchange.field("If-None-Match") == tag) return exchange.send("HTTP/1.1 304 Not Modified\r\n\r\n");
    return exchange.answer(200, file->second, "ETag: " + tag + "\r\n");
  }};
  std::unique_ptr<EventLoop> loop = EventLoop::open().value();
  std::unique_ptr<Fetcher> fetcher = Fetcher::open(*loop).value();
};

TEST_F(IndexesTest, EachIsFetchedKeptAndSearched) {
  site = {{"/a", zigbee("bulb")}, {"/b", kManifest}};
  const auto indexes = open({on_web("a"), on_web("b", IndexKind::esp)});
  EXPECT_THAT(indexes->list()[0].failure, "not fetched yet");
  ASSERT_TRUE(refresh(*indexes));
  EXPECT_EQ(web.requests().size(), 2U);
  const auto found = indexes->search("lamp");
  ASSERT_EQ(found.images.size(), 1U);
  EXPECT_EQ(found.images[0].url, web.url("/x.bin"));
  EXPECT_EQ(indexes->search("bulb").images.size(), 1U);
  EXPECT_NE(indexes->list()[0].taken, Time{});
  EXPECT_NE(indexes->list()[0].checked, Time{});
}

TEST_F(IndexesTest, OneThatBreaksKeepsWhatItGaveAndIsNamedWithItsComplaint) {
  site = {{"/a", zigbee("bulb")}, {"/b", zigbee("plug")}};
  const auto indexes = open({on_web("a"), on_web("b")});
  ASSERT_TRUE(refresh(*indexes));
  for (const std::string bad : {"", "[]", "[{\"fileVersion\":1}]", "{}"}) {
    site["/a"] = bad;
    site["/b"] = zigbee("lamp");
    const auto outcome = refresh(*indexes);
    ASSERT_FALSE(outcome) << bad;
    EXPECT_THAT(outcome.error().text, HasSubstr("index a: what came cannot be used, what was there is kept: "));
    EXPECT_THAT(outcome.error().text, ::testing::Not(HasSubstr("index b")));
    EXPECT_EQ(indexes->search("bulb").images.size(), 1U);
    EXPECT_EQ(indexes->search("lamp").images.size(), 1U);
    EXPECT_THAT(indexes->list()[0].failure, HasSubstr("is kept"));
    EXPECT_THAT(indexes->list()[1].failure, IsEmpty());
  }
}

TEST_F(IndexesTest, OneThatIsTooLargeIsNotTaken) {
  site = {{"/b", std::string(feeds::kMaxEspManifestBytes + 1, ' ')}};
  const auto indexes = open({on_web("b", IndexKind::esp)});
  EXPECT_FALSE(refresh(*indexes));
  EXPECT_FALSE(std::filesystem::exists(folder / "indexes/b.json"));
}

TEST_F(IndexesTest, ASecondRefreshJoinsTheFirst) {
  site = {{"/a", zigbee("bulb")}};
  const auto indexes = open({on_web("a")});
  int answers = 0;
  for (int i = 0; i < 2; ++i) indexes->refresh([&](const Status&) { ++answers; });
  ASSERT_TRUE(loop->run_until([&] { return answers == 2; }, kDeadline));
  EXPECT_EQ(web.requests().size(), 1U);
}

TEST_F(IndexesTest, ASearchGivesAHundredAndCountsTheOthers) {
  site = {{"/a", zigbee("bulb", 70)}, {"/b", zigbee("bulb", 50)}};
  const auto indexes = open({on_web("a"), on_web("b")});
  ASSERT_TRUE(refresh(*indexes));
  const auto found = indexes->search("bulb");
  EXPECT_EQ(found.images.size(), Indexes::kMaxFound);
  EXPECT_EQ(found.more, 20U);
  EXPECT_EQ(found.images.back().index, "b");
}

TEST_F(IndexesTest, WhatHasNotChangedIsNotSentAgainAlsoAfterARestart) {
  site = {{"/a", zigbee("bulb")}};
  tag = "W/\"one\"";
  ASSERT_TRUE(refresh(*open({on_web("a")})));
  const auto indexes = open({on_web("a")});
  site["/a"] = "what nobody asks for";
  ASSERT_TRUE(refresh(*indexes));
  EXPECT_EQ(indexes->search("bulb").images.size(), 1U);
  EXPECT_NE(indexes->list()[0].checked, Time{});
  site["/a"] = zigbee("plug");
  tag = "W/\"two\"";
  ASSERT_TRUE(refresh(*indexes));
  EXPECT_EQ(indexes->search("plug").images.size(), 1U);
  EXPECT_THAT(web.requests().back(), HasSubstr("If-None-Match: W/\"one\""));
}

TEST_F(IndexesTest, ATagIsWorthNothingWithoutWhatItStandsFor) {
  site = {{"/a", zigbee("bulb")}};
  tag = "\"one\"";
  const auto indexes = open({on_web("a")});
  ASSERT_TRUE(refresh(*indexes));
  ASSERT_TRUE(write_file_atomically(folder / "indexes/a.json", "[{"));
  ASSERT_TRUE(refresh(*indexes));
  EXPECT_THAT(web.requests().back(), ::testing::Not(HasSubstr("If-None-Match")));
  EXPECT_EQ(indexes->search("bulb").images.size(), 1U);
}

TEST_F(IndexesTest, WhatIsNoLongerConfiguredIsThrownAway) {
  site = {{"/a", zigbee("bulb")}, {"/b", zigbee("plug")}};
  ASSERT_TRUE(refresh(*open({on_web("a"), on_web("b")})));
  const auto indexes = open({on_web("b")});
  EXPECT_FALSE(std::filesystem::exists(folder / "indexes/a.json"));
  EXPECT_EQ(indexes->search("plug").images.size(), 1U);
}

}  // namespace
}  // namespace homepatch::test
