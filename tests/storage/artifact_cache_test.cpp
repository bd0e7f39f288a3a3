// Images on their way into the cache, and the room that they take there.
#include "tests/storage/artifact_cache_test.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

namespace homepatch::test {
namespace {

using ::testing::HasSubstr;

class ArtifactOnItsWay : public ArtifactCacheTest {};
class ArtifactRoom : public ArtifactCacheTest {
 protected:
  static constexpr std::uint64_t kKeepNothingFree = 0;
};

TEST_F(ArtifactOnItsWay, IsThereOnlyWhenItIsWholeAndRight) {
  const auto content = image(100'000);
  const auto writer = cache->begin(sha256(content), content.size()).value();
  for (std::size_t i = 0; i < content.size(); i += 1000) {
    EXPECT_FALSE(has(content));
    ASSERT_TRUE(writer->write(bytes_of(content).subspan(i, 1000)));
  }
  ASSERT_TRUE(writer->commit(at(7)));
  ASSERT_TRUE(has(content));
  EXPECT_EQ(content_of(object(content)), content);
  EXPECT_FALSE(std::filesystem::exists(partial(content)));
  const auto* const artifact = cache->find(sha256(content));
  EXPECT_EQ(artifact->length, content.size());
  EXPECT_EQ(artifact->md5, md5_hex(content));
  EXPECT_EQ(artifact->added, at(7));
}

TEST_F(ArtifactOnItsWay, IsKeptOnceHoweverOftenItComes) {
  const auto content = image(1000);
  ASSERT_TRUE(take_in(content));
  ASSERT_TRUE(take_in(content));
  EXPECT_EQ(cache->count(), 1U);
  EXPECT_EQ(cache->bytes(), content.size());
}

TEST_F(ArtifactOnItsWay, IsProtectedFromEverybodyWhenItIsThere) {
  const auto content = image(10);
  ASSERT_TRUE(take_in(content));
  struct stat st {};
  ASSERT_EQ(::stat(object(content).c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777U, 0400U);
}

TEST_F(ArtifactOnItsWay, MoreBytesThanWereSignedAreRefused) {
  const auto content = image(100);
  const auto writer = cache->begin(sha256(content), 50).value();
  const auto written = writer->write(bytes_of(content));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::too_large);
  EXPECT_THAT(written.error().text, HasSubstr("50"));
}

TEST_F(ArtifactOnItsWay, FewerBytesThanWereSignedAreNotTaken) {
  const auto content = image(100);
  const auto writer = cache->begin(sha256(content), 100).value();
  ASSERT_TRUE(writer->write(bytes_of(content).first(99)));
  EXPECT_EQ(writer->commit(at(1)).error().code, Errc::unavailable);
  ASSERT_TRUE(writer->write(bytes_of(content).last(1)));
  EXPECT_TRUE(writer->commit(at(1)));
}

TEST_F(ArtifactOnItsWay, OtherBytesThanWereSignedAreThrownAway) {
  const auto wanted = image(1000, 'w');
  const auto came = image(1000, 'c');
  const auto writer = cache->begin(sha256(wanted), wanted.size()).value();
  ASSERT_TRUE(writer->write(bytes_of(came)));
  const auto committed = writer->commit(at(1));
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().code, Errc::not_trusted);
  EXPECT_THAT(committed.error().text, HasSubstr(sha256(wanted).brief()));
  EXPECT_FALSE(has(wanted));
  EXPECT_EQ(std::filesystem::file_size(partial(wanted)), 0U);
  // The same writer takes the right ones from the next mirror.
  EXPECT_EQ(writer->offset(), 0U);
  ASSERT_TRUE(writer->write(bytes_of(wanted)));
  EXPECT_TRUE(writer->commit(at(1)));
}

TEST_F(ArtifactOnItsWay, GoesOnWhereItStopped) {
  const auto content = image(200'000);
  take_in_part(content, 150'000);
  restart();
  const auto writer = go_on(content);
  EXPECT_EQ(writer->offset(), 150'000U);
  ASSERT_TRUE(writer->write(bytes_of(content).subspan(150'000)));
  ASSERT_TRUE(writer->commit(at(1)));
  EXPECT_EQ(cache->find(sha256(content))->md5, md5_hex(content));
}

TEST_F(ArtifactOnItsWay, APartThatWentBadIsFoundAtTheEnd) {
  const auto content = image(1000);
  take_in_part(content, 600);
  put(partial(content), image(600, 'x'));
  const auto writer = go_on(content);
  ASSERT_TRUE(writer->write(bytes_of(content).subspan(600)));
  EXPECT_EQ(writer->commit(at(1)).error().code, Errc::not_trusted);
}

TEST_F(ArtifactOnItsWay, APartLongerThanTheImageBeginsAnew) {
  const auto content = image(1000);
  put(partial(content), image(1001));
  EXPECT_EQ(go_on(content)->offset(), 0U);
  EXPECT_EQ(std::filesystem::file_size(partial(content)), 0U);
}

TEST_F(ArtifactOnItsWay, APartIsTakenUpInPiecesOfAnySize) {
  const auto content = image(200'000);
  for (const std::uint64_t piece : {1U << 10U, 65'535U, 65'536U, 149'999U, 150'000U, 150'001U}) {
    take_in_part(content, 150'000);
    const auto writer = cache->begin(sha256(content), content.size()).value();
    EXPECT_EQ(writer->offset(), 0U) << "begin() reads nothing yet";
    std::uint64_t before = 0;
    while (!writer->take_up(piece).value()) {
      EXPECT_LE(writer->offset() - before, piece);
      before = writer->offset();
    }
    EXPECT_EQ(writer->offset(), 150'000U) << piece;
    ASSERT_TRUE(writer->write(bytes_of(content).subspan(150'000)));
    ASSERT_TRUE(writer->commit(at(1)));
    ASSERT_TRUE(cache->remove(sha256(content)));
  }
}

TEST_F(ArtifactOnItsWay, APartThatIsCutWhileItIsTakenUpGoesOnFromItsNewEnd) {
  const auto content = image(200'000);
  take_in_part(content, 150'000);
  const auto writer = cache->begin(sha256(content), content.size()).value();
  ASSERT_FALSE(writer->take_up(10'000).value());
  std::filesystem::resize_file(partial(content), 20'000);
  ASSERT_TRUE(writer->take_up(150'000).value());
  EXPECT_EQ(writer->offset(), 20'000U);
  ASSERT_TRUE(writer->write(bytes_of(content).subspan(20'000)));
  EXPECT_TRUE(writer->commit(at(1)));
}

TEST_F(ArtifactOnItsWay, APartThatIsNotTakenUpIsWrittenOver) {
  const auto content = image(1000);
  put(partial(content), image(600, 'x'));
  ASSERT_TRUE(take_in(content));
  EXPECT_TRUE(open(content));
}

TEST_F(ArtifactOnItsWay, RemembersWhereItCameFrom) {
  const auto content = image(1000);
  {
    const auto writer = cache->begin(sha256(content), content.size()).value();
    ASSERT_TRUE(writer->came_from({"https://acme.example/a", "\"tag\""}));
    EXPECT_FALSE(writer->came_from({"https://acme.example/a", "two\nlines"})) << "and what is refused leaves nothing";
    ASSERT_TRUE(writer->came_from({"https://acme.example/b", "\"tag\""}));
    ASSERT_TRUE(writer->write(bytes_of(content).first(500)));
  }
  restart();
  const auto writer = go_on(content);
  ASSERT_TRUE(writer->origin());
  EXPECT_EQ(writer->origin()->url, "https://acme.example/b");
  EXPECT_EQ(writer->origin()->validator, "\"tag\"");
  ASSERT_TRUE(writer->restart());
  EXPECT_FALSE(writer->origin());
  EXPECT_FALSE(std::filesystem::exists(partial(content).string() + ".from"));
}

TEST_F(ArtifactOnItsWay, IsWrittenByOneAtATime) {
  const auto content = image(1000);
  const auto writer = cache->begin(sha256(content), content.size()).value();
  EXPECT_EQ(cache->begin(sha256(content), content.size()).error().code, Errc::already_exists);
}

TEST_F(ArtifactOnItsWay, ALinkInItsPlaceIsNotFollowed) {
  const auto content = image(1000);
  put(folder / "precious", "data");
  std::filesystem::create_symlink(folder / "precious", partial(content));
  EXPECT_FALSE(cache->begin(sha256(content), content.size()));
  EXPECT_EQ(content_of(folder / "precious"), "data");
}

TEST_F(ArtifactRoom, AnImageLargerThanTheQuotaIsRefusedWithWhatToDo) {
  open_cache({1000, kKeepNothingFree});
  const auto begun = cache->begin(sha256("x"), 1001);
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().code, Errc::no_space);
  EXPECT_THAT(begun.error().text, HasSubstr("raise it in the configuration"));
}

TEST_F(ArtifactRoom, TheLongestUnusedGoesFirst) {
  open_cache({1000, kKeepNothingFree});
  ASSERT_TRUE(take_in(image(400, 'a'), at(10'000)));
  ASSERT_TRUE(take_in(image(400, 'b'), at(5'000)));
  ASSERT_TRUE(take_in(image(400, 'c'), at(20'000)));
  EXPECT_TRUE(has(image(400, 'a')));
  EXPECT_FALSE(has(image(400, 'b')));
  EXPECT_FALSE(std::filesystem::exists(object(image(400, 'b'))));
  EXPECT_EQ(cache->bytes(), 800U);
}

TEST_F(ArtifactRoom, TheLeastUsefulGoesBeforeTheLongestUnused) {
  open_cache({1000, kKeepNothingFree});
  ASSERT_TRUE(take_in(image(400, 'a'), at(10'000)));
  ASSERT_TRUE(take_in(image(400, 'b'), at(20'000)));
  cache->rank_by([] { return std::map<Digest, int>{{sha256(image(400, 'a')), 3}, {sha256(image(400, 'b')), 1}}; });
  ASSERT_TRUE(take_in(image(400, 'c'), at(30'000)));
  EXPECT_TRUE(has(image(400, 'a')));
  EXPECT_FALSE(has(image(400, 'b')));
  cache->rank_by([] {
    return std::map<Digest, int>{{sha256(image(400, 'a')), ArtifactCache::kNeverEvicted},
                                 {sha256(image(400, 'c')), ArtifactCache::kNeverEvicted}};
  });
  EXPECT_FALSE(take_in(image(400, 'd')));
}

TEST_F(ArtifactRoom, BeingOpenedCountsAsUse) {
  open_cache({1000, kKeepNothingFree});
  ASSERT_TRUE(take_in(image(400, 'a'), at(-90'000)));
  ASSERT_TRUE(take_in(image(400, 'b'), at(-80'000)));
  ASSERT_TRUE(open(image(400, 'a')));
  restart();  // and outlives a restart
  ASSERT_TRUE(take_in(image(400, 'c'), at(20'000)));
  EXPECT_TRUE(has(image(400, 'a')));
  EXPECT_FALSE(has(image(400, 'b')));
}

TEST_F(ArtifactRoom, APinnedOneStaysWhateverComes) {
  open_cache({1000, kKeepNothingFree});
  ASSERT_TRUE(take_in(image(600, 'a')));
  {
    auto pin = cache->pin(sha256(image(600, 'a')));
    const auto second = cache->pin(sha256(image(600, 'a')));
    auto moved = std::move(pin);
    const auto refused = take_in(image(600, 'b'));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::no_space);
    EXPECT_THAT(refused.error().text, HasSubstr("in use by updates under way"));
  }
  ASSERT_TRUE(take_in(image(600, 'b')));
  EXPECT_FALSE(has(image(600, 'a')));
}

TEST_F(ArtifactRoom, AMovedPinHoldsWhatItTookOver) {
  open_cache({1000, kKeepNothingFree});
  ASSERT_TRUE(take_in(image(600, 'a')));
  ArtifactCache::Pin outer;
  { outer = cache->pin(sha256(image(600, 'a'))); }
  EXPECT_FALSE(take_in(image(600, 'b')));
  outer = {};
  EXPECT_TRUE(take_in(image(600, 'b')));
}

TEST_F(ArtifactRoom, PartsNobodyWritesGoBeforeWholeImages) {
  open_cache({1000, kKeepNothingFree});
  ASSERT_TRUE(take_in(image(400, 'a')));
  take_in_part(image(500, 'p'), 300);
  ASSERT_TRUE(take_in(image(400, 'b')));
  EXPECT_FALSE(std::filesystem::exists(partial(image(500, 'p'))));
  EXPECT_TRUE(has(image(400, 'a')));
}

TEST_F(ArtifactRoom, NothingLeavesForAnImageThatWouldNotFitAllTheSame) {
  open_cache({1000, kKeepNothingFree});
  ASSERT_TRUE(take_in(image(500, 'a')));
  ASSERT_TRUE(take_in(image(200, 'b')));
  take_in_part(image(300, 'p'), 200);
  const auto pin = cache->pin(sha256(image(500, 'a')));
  EXPECT_EQ(cache->begin(sha256("x"), 600).error().code, Errc::no_space);
  EXPECT_TRUE(has(image(200, 'b')));
  EXPECT_TRUE(std::filesystem::exists(partial(image(300, 'p'))));
}

TEST_F(ArtifactRoom, OnlyAsManyLeaveAsAreNeeded) {
  open_cache({1000, kKeepNothingFree});
  take_in_part(image(300, 'p'), 100);
  take_in_part(image(300, 'q'), 100);
  std::filesystem::last_write_time(partial(image(300, 'p')),
                                   std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  ASSERT_TRUE(take_in(image(300, 'a'), at(1)));
  ASSERT_TRUE(take_in(image(300, 'b'), at(2)));
  EXPECT_TRUE(cache->begin(sha256("x"), 250));
  EXPECT_FALSE(std::filesystem::exists(partial(image(300, 'p'))));
  EXPECT_TRUE(std::filesystem::exists(partial(image(300, 'q'))));
  EXPECT_TRUE(has(image(300, 'a')));
}

TEST_F(ArtifactRoom, WhatWouldLeaveFirstStaysWhereAnotherIsEnough) {
  open_cache({1000, kKeepNothingFree});
  take_in_part(image(300, 'p'), 100);
  ASSERT_TRUE(take_in(image(600, 'a'), at(1)));
  EXPECT_TRUE(cache->begin(sha256("x"), 800));
  EXPECT_FALSE(has(image(600, 'a')));
  EXPECT_TRUE(std::filesystem::exists(partial(image(300, 'p'))));
}

TEST_F(ArtifactRoom, IsTakenFromTheDiskBeforeTheFirstByte) {
  const auto content = image(1U << 20U);
  const auto blocks = [&] {
    struct stat st {};
    return ::stat(partial(content).c_str(), &st) == 0 ? static_cast<std::uint64_t>(st.st_blocks) * 512 : 0;
  };
  auto writer = cache->begin(sha256(content), content.size()).value();
  if (blocks() == 0) GTEST_SKIP() << "this file system reserves nothing";
  EXPECT_GE(blocks(), content.size());
  EXPECT_EQ(std::filesystem::file_size(partial(content)), 0U);
  ASSERT_TRUE(writer->write(bytes_of(content).first(1000)));
  writer.reset();
  EXPECT_EQ(std::filesystem::file_size(partial(content)), 1000U);
  EXPECT_LT(blocks(), content.size()) << "given back by who goes away";
}

// Both are empty yet when the second one asks.
TEST_F(ArtifactRoom, TwoOnTheirWayDoNotGetTheSameRoom) {
  open_cache({1000, kKeepNothingFree});
  const auto first = cache->begin(sha256("first"), 600).value();
  EXPECT_EQ(cache->begin(sha256("second"), 600).error().code, Errc::no_space);
  EXPECT_TRUE(cache->begin(sha256("third"), 400));
}

TEST_F(ArtifactRoom, TheFileSystemKeepsItsShare) {
  const auto free = std::filesystem::space(folder.path()).available;
  open_cache({std::numeric_limits<std::uint64_t>::max() / 2, free + (1U << 30U)});
  const auto begun = cache->begin(sha256("x"), 1000);
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().code, Errc::no_space);
  EXPECT_THAT(begun.error().text, HasSubstr("stay free"));
}

}  // namespace
}  // namespace homepatch::test
