// Images between the cache and a delivery: verified in pieces, fetched again when they went bad, never given away
// before.
#include "daemon/act/storeroom.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <fstream>

#include "storage/database.hpp"
#include "tests/support/raw_http_server.hpp"
#include "tests/support/scratch_folder.hpp"
#include "trust/hash.hpp"

namespace homepatch::test {
namespace {

using ::testing::HasSubstr;

constexpr auto kDeadline = std::chrono::seconds(20);
constexpr std::size_t kLarge = 4UL << 20;

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

class StoreroomTest : public ::testing::Test {
 protected:
  explicit StoreroomTest(std::uint64_t write_budget = 0)
      : update(DeviceId::parse("lwm2m:lamp-1").value(), Family::lwm2m), write_budget_(write_budget) {
    update.id = 7;
    update.feed = "acme";
    update.images = {{"app", "app.bin", "image.bin", app.size(), sha256(app)},
                     {"radio", "radio.bin", "radio.bin", radio.size(), sha256(radio)}};
  }

  void take_in(const std::string& content) {
    const auto writer = cache->begin(sha256(content), content.size()).value();
    ASSERT_TRUE(writer->write(bytes_of(content)));
    ASSERT_TRUE(writer->commit(loop->now()));
  }
  void damage(const std::string& content) const {
    const auto path = folder / "cache/objects" / sha256(content).hex();
    std::filesystem::permissions(path, std::filesystem::perms(0600));
    std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(1000).put('!');
  }
  void bring() {
    answered = false;
    hold = room->bring(update, [this](Result<void> done, ImagesFailed why) {
      answered = true;
      outcome = std::move(done);
      failed = std::move(why);
    });
  }
  [[nodiscard]] bool answer() {
    return loop->run_until([this] { return answered; }, kDeadline);
  }
  [[nodiscard]] Result<std::unique_ptr<Images::Outlet>> open() { return room->open(update, "127.0.0.1", {}); }

  void leave_part(const std::string& content, std::size_t size) {
    const auto writer = cache->begin(sha256(content), content.size()).value();
    ASSERT_TRUE(writer->write(bytes_of(std::string_view(content).substr(0, size))));
  }

  const std::string app = std::string(kLarge, 'a');
  const std::string radio = std::string(5000, 'r');
  Update update;
  const std::uint64_t write_budget_;
  ScratchFolder folder;
  std::map<std::string, std::string> site;
  std::atomic<int> requests = 0;
  std::atomic<std::size_t> resumed_at = 0;
  RawHttpServer web{[this](RawHttpServer::Exchange& exchange) {
    ++requests;
    const auto file = site.find(exchange.path());
    if (file == site.end()) return exchange.answer(404, "");
    const std::string range = exchange.field("Range");
    if (range.empty()) return exchange.answer(200, file->second);
    const auto first = std::stoul(range.substr(range.find('=') + 1));
    resumed_at = first;
    const auto size = file->second.size();
    return exchange.answer(206, file->second.substr(first),
                           fmt::format("Content-Range: bytes {}-{}/{}\r\n", first, size - 1, size));
  }};
  std::unique_ptr<EventLoop> loop = EventLoop::open().value();
  std::unique_ptr<Database> database = Database::open(folder / "homepatch.db").value();
  std::unique_ptr<ArtifactCache> cache =
      ArtifactCache::open(*database, folder / "cache", {64U << 20U, 0, write_budget_}).value();
  std::unique_ptr<Fetcher> fetcher = Fetcher::open(*loop).value();
  std::unique_ptr<ArtifactServer> server = ArtifactServer::open(*loop, {}).value();
  Supply supply{*loop, *fetcher, *cache, [this](std::string_view, const UpdateImage& image) {
                  return Supply::Places{{web.url("/" + image.target)}, {}};
                }};
  std::unique_ptr<Storeroom> room = std::make_unique<Storeroom>(*loop, supply, *cache, *server);
  bool answered = false;
  Result<void> outcome;
  ImagesFailed failed;
  std::unique_ptr<Images::Hold> hold;
};

TEST_F(StoreroomTest, OpensWhatIsThereWithoutFetching) {
  take_in(app);
  take_in(radio);
  bring();
  EXPECT_FALSE(answered);
  ASSERT_TRUE(answer());
  ASSERT_TRUE(outcome);
  const auto outlet = open();
  ASSERT_TRUE(outlet) << outlet.error().text;
  ASSERT_EQ((*outlet)->images.size(), 2U);
  std::string read(radio.size(), '\0');
  EXPECT_EQ(::pread((*outlet)->images[1].fd, read.data(), read.size(), 0), static_cast<ssize_t>(read.size()));
  EXPECT_EQ(read, radio);
  EXPECT_EQ(requests, 0);
  EXPECT_EQ(room->saved_bytes(), app.size() + radio.size());
}

// 4 MiB in pieces of 256 KiB: the loop turns at least so often before the answer.
TEST_F(StoreroomTest, ALargeImageDoesNotHoldUpTheLoop) {
  take_in(app);
  take_in(radio);
  int turns = 0;
  Timer timer;
  const std::function<void()> turn = [&] {
    ++turns;
    timer = loop->after(Duration::zero(), turn);
  };
  turn();
  bring();
  ASSERT_TRUE(answer());
  EXPECT_GE(turns, 16);
}

TEST_F(StoreroomTest, GivesNothingAwayBeforeItIsVerified) {
  take_in(app);
  take_in(radio);
  bring();
  const auto early = open();
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, Errc::unavailable);
  ASSERT_TRUE(answer());
  EXPECT_TRUE(open());
  hold.reset();
  EXPECT_FALSE(open());
}

TEST_F(StoreroomTest, FetchesOnceMoreWhatWentBadOnTheDisk) {
  take_in(app);
  take_in(radio);
  damage(app);
  site["/app.bin"] = app;
  bring();
  ASSERT_TRUE(answer());
  EXPECT_TRUE(outcome) << outcome.error().text;
  EXPECT_EQ(requests, 1);
  EXPECT_TRUE(open());
}

TEST_F(StoreroomTest, SaysWhyWhenWhatWentBadCannotBeFetched) {
  take_in(app);
  take_in(radio);
  damage(radio);
  bring();
  ASSERT_TRUE(answer());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(failed.reason, Reason::image_not_available);
  EXPECT_TRUE(failed.may_retry);
  EXPECT_FALSE(open());
  EXPECT_FALSE(cache->contains(sha256(radio)));
}

TEST_F(StoreroomTest, WhatWasTakenOutOfTheCacheIsNotGivenAway) {
  take_in(app);
  take_in(radio);
  bring();
  ASSERT_TRUE(answer());
  ASSERT_TRUE(cache->remove(sha256(radio)));
  EXPECT_EQ(open().error().code, Errc::not_found);
}

TEST_F(StoreroomTest, WhatIsTakenBackIsNeitherFetchedNorOpened) {
  site["/app.bin"] = app;
  take_in(radio);
  std::string by = "acme: it bricks";
  room->heed([&](std::string_view feed, const Digest& image) {
    return feed == "acme" && image == sha256(app) ? by : std::string();
  });
  bring();
  ASSERT_TRUE(answer());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(failed.reason, Reason::taken_back);
  EXPECT_FALSE(failed.may_retry);
  EXPECT_THAT(outcome.error().text, HasSubstr("taken back by the feed acme: it bricks"));
  EXPECT_EQ(requests, 0);
  by.clear();
  bring();
  ASSERT_TRUE(answer());
  ASSERT_TRUE(open());
  by = "acme";
  EXPECT_THAT(open().error().text, HasSubstr("taken back"));
}

TEST_F(StoreroomTest, WhatIsClosedGivesNotOneMoreByteToThoseWhoHaveItOpen) {
  take_in(app);
  take_in(radio);
  bring();
  ASSERT_TRUE(answer());
  const auto outlet = open().value();
  room->close(sha256(std::string("something else")));
  char byte = 0;
  EXPECT_EQ(::pread(outlet->images[0].fd, &byte, 1, 0), 1);
  room->close(sha256(app));
  EXPECT_EQ(::pread(outlet->images[0].fd, &byte, 1, 0), 0);
  EXPECT_FALSE(open());
  bring();
  ASSERT_TRUE(answer());
  EXPECT_TRUE(open());
}

TEST_F(StoreroomTest, WhatIsTakenBackWhileItComesEndsThere) {
  take_in(app);
  take_in(radio);
  std::string by;
  room->heed([&](std::string_view, const Digest&) { return by; });
  bring();
  by = "acme";
  room->close(sha256(app));
  ASSERT_TRUE(answer());
  EXPECT_EQ(failed.reason, Reason::taken_back);
}

TEST_F(StoreroomTest, AnOutletOutlivesItsHold) {
  take_in(app);
  take_in(radio);
  bring();
  ASSERT_TRUE(answer());
  const auto outlet = open().value();
  hold.reset();
  char byte = 0;
  EXPECT_EQ(::pread(outlet->images[0].fd, &byte, 1, 0), 1);
  EXPECT_EQ(byte, 'a');
}

// 3 MiB of an earlier attempt are hashed in pieces of 1 MiB, and only the rest is asked for.
TEST_F(StoreroomTest, GoesOnWhereAnEarlierAttemptStopped) {
  leave_part(app, 3UL << 20);
  site["/app.bin"] = app;
  site["/radio.bin"] = radio;
  int turns = 0;
  Timer timer;
  const std::function<void()> turn = [&] {
    if (requests == 0) ++turns;
    timer = loop->after(Duration::zero(), turn);
  };
  turn();
  bring();
  ASSERT_TRUE(answer());
  EXPECT_TRUE(outcome) << outcome.error().text;
  EXPECT_EQ(resumed_at, 3UL << 20);
  EXPECT_GE(turns, 3);
}

class StoreroomWithABudget : public StoreroomTest {
 protected:
  StoreroomWithABudget() : StoreroomTest(kLarge) {}
};

TEST_F(StoreroomWithABudget, SaysWhenItGoesOn) {
  site["/app.bin"] = app;
  site["/radio.bin"] = radio;
  bring();
  ASSERT_TRUE(answer());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(failed.reason, Reason::write_budget_spent);
  EXPECT_TRUE(failed.may_retry);
  EXPECT_THAT(failed.text, HasSubstr("write_budget_mib_per_day under [cache]"));
  ASSERT_TRUE(failed.not_before);
  EXPECT_GT(*failed.not_before, loop->now());
  EXPECT_LE(*failed.not_before, loop->now() + std::chrono::hours(26));
}

TEST_F(StoreroomTest, ADroppedHoldIsNeverAnswered) {
  take_in(app);
  take_in(radio);
  bring();
  hold.reset();
  int turns = 0;
  EXPECT_TRUE(loop->run_until([&] { return ++turns > 50 || answered; }, std::chrono::milliseconds(200)) || !answered);
  EXPECT_FALSE(answered);
}

}  // namespace
}  // namespace homepatch::test
