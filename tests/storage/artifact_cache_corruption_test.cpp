// The bytes of a cached image change on the disk: none of them may leave the gateway (I1).
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/storage/artifact_cache_test.hpp"

namespace homepatch::test {
namespace {

using ::testing::HasSubstr;

class ArtifactCorruption : public ArtifactCacheTest {
 protected:
  ArtifactCorruption() { EXPECT_TRUE(take_in(content)); }

  void change_a_byte(std::size_t where) const {
    std::filesystem::permissions(object(content), std::filesystem::perms(0600));
    std::fstream damaged(object(content), std::ios::in | std::ios::out | std::ios::binary);
    damaged.seekp(static_cast<std::streamoff>(where)).put('!');
  }
  void put_other(std::string_view bytes) const {
    std::filesystem::permissions(object("other"), std::filesystem::perms(0600));
    put(object("other"), bytes);
  }
  // How many of ours are open on the file.
  static int descriptors_of(const std::filesystem::path& path) {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
      std::error_code gone;
      count += std::filesystem::read_symlink(entry.path(), gone) == path ? 1 : 0;
    }
    return count;
  }
  void expect_thrown_out(const Error& error) {
    EXPECT_EQ(error.code, Errc::not_trusted);
    EXPECT_THAT(error.text, HasSubstr("will be fetched again"));
    EXPECT_FALSE(has(content));
    EXPECT_FALSE(std::filesystem::exists(object(content)));
    restart();
    EXPECT_FALSE(has(content));
    EXPECT_TRUE(take_in(content));  // there is nothing in the way of a good copy
    EXPECT_TRUE(open(content));
  }

  const std::string content = image(300'000);
};

TEST_F(ArtifactCorruption, WhatDidNotChangeIsOpened) {
  const auto fd = open(content);
  ASSERT_TRUE(fd);
  std::string read(content.size(), '\0');
  EXPECT_EQ(::pread(fd->get(), read.data(), read.size(), 0), static_cast<ssize_t>(content.size()));
  EXPECT_EQ(read, content);
}

TEST_F(ArtifactCorruption, OneByteIsEnough) {
  for (const std::size_t where : {std::size_t{0}, std::size_t{150'000}, content.size() - 1}) {
    change_a_byte(where);
    const auto fd = open(content);
    ASSERT_FALSE(fd) << where;
    expect_thrown_out(fd.error());
  }
}

TEST_F(ArtifactCorruption, AFileCutShortIsThrownOut) {
  std::filesystem::resize_file(object(content), content.size() - 1);
  expect_thrown_out(open(content).error());
}

TEST_F(ArtifactCorruption, AFileThatGrewIsThrownOut) {
  std::filesystem::resize_file(object(content), content.size() + 1);
  expect_thrown_out(open(content).error());
}

TEST_F(ArtifactCorruption, AFileThatIsGoneIsFetchedAgain) {
  std::filesystem::remove(object(content));
  expect_thrown_out(open(content).error());
}

TEST_F(ArtifactCorruption, APipeInItsPlaceDoesNotHoldUpTheLoop) {
  std::filesystem::remove(object(content));
  ASSERT_EQ(::mkfifo(object(content).c_str(), 0600), 0);
  expect_thrown_out(open(content).error());
}

TEST_F(ArtifactCorruption, ALinkInItsPlaceIsNotFollowed) {
  put(folder / "elsewhere", content);
  std::filesystem::remove(object(content));
  std::filesystem::create_symlink(folder / "elsewhere", object(content));
  expect_thrown_out(open(content).error());
  EXPECT_TRUE(std::filesystem::exists(folder / "elsewhere"));
}

TEST_F(ArtifactCorruption, ATruncationBetweenTwoPiecesIsFound) {
  auto opening = ArtifactOpening::begin(*cache, sha256(content)).value();
  ASSERT_FALSE(opening.step(100'000).value());
  std::filesystem::resize_file(object(content), 150'000);
  ASSERT_FALSE(opening.step(100'000));
  EXPECT_FALSE(has(content));
}

TEST_F(ArtifactCorruption, WhatIsTakenOutWhileItIsHashedIsNotOpened) {
  auto opening = ArtifactOpening::begin(*cache, sha256(content)).value();
  ASSERT_FALSE(opening.step(100'000).value());
  ASSERT_TRUE(cache->remove(sha256(content)));
  EXPECT_EQ(opening.step(300'000).error().code, Errc::not_found);
}

TEST_F(ArtifactCorruption, NoDescriptorComesOutBeforeTheLastPiece) {
  auto opening = ArtifactOpening::begin(*cache, sha256(content)).value();
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(opening.step(100'000).value());
  EXPECT_FALSE(opening.step(99'999).value());
  EXPECT_TRUE(opening.step(100'000).value());
}

TEST_F(ArtifactCorruption, PiecesOfAnySizeComeToTheSame) {
  for (const std::uint64_t piece : {1U << 10U, 65'535U, 65'536U, 299'999U, 300'000U, 300'001U}) {
    EXPECT_TRUE(open(content, piece)) << piece;
  }
}

TEST_F(ArtifactCorruption, WhatIsNotInTheCacheIsNotFound) {
  EXPECT_EQ(ArtifactOpening::begin(*cache, sha256("other")).error().code, Errc::not_found);
}

TEST_F(ArtifactCorruption, WhoPausesHoldsNoRoomOfWhatIsEvicted) {
  auto opening = ArtifactOpening::begin(*cache, sha256(content)).value();
  ASSERT_FALSE(opening.step(100'000).value());
  opening.pause();
  ASSERT_FALSE(opening.step(100'000).value());
  opening.pause();
  EXPECT_EQ(descriptors_of(object(content)), 0);
  ASSERT_TRUE(cache->remove(sha256(content)));
  EXPECT_EQ(opening.step(100'000).error().code, Errc::not_found);
}

TEST_F(ArtifactCorruption, DamageBehindAPauseIsFound) {
  auto opening = ArtifactOpening::begin(*cache, sha256(content)).value();
  ASSERT_FALSE(opening.step(100'000).value());
  opening.pause();
  change_a_byte(200'000);
  EXPECT_EQ(opening.step(300'000).error().code, Errc::not_trusted);
  EXPECT_FALSE(has(content));
}

TEST_F(ArtifactCorruption, WhichImageWhenAndHowOftenIsRemembered) {
  std::vector<Digest> told;
  cache->listen_damaged([&](const Digest& digest) { told.push_back(digest); });
  change_a_byte(7);
  EXPECT_FALSE(open(content));
  EXPECT_EQ(told, std::vector{sha256(content)});
  ASSERT_TRUE(take_in("other"));
  put_other("0ther");
  now += std::chrono::hours(5);
  EXPECT_FALSE(open("other"));
  now += std::chrono::hours(5);
  ASSERT_TRUE(take_in(content));
  change_a_byte(9);
  EXPECT_FALSE(open(content));
  const std::vector<Damage> expected{{sha256(content), content.size(), 2, now},
                                     {sha256("other"), 5, 1, now - std::chrono::hours(5)}};
  EXPECT_EQ(cache->damages().list(), expected);
  restart();
  EXPECT_EQ(cache->damages().list(), expected);
}

TEST_F(ArtifactCorruption, WhatSomebodyRemovedIsNoDamage) {
  std::filesystem::remove(object(content));
  EXPECT_FALSE(open(content));
  EXPECT_TRUE(cache->damages().list().empty());
}

TEST_F(ArtifactCorruption, TheMemoryOfDamagesIsBounded) {
  for (std::size_t i = 0; i < DamageLog::kMaxKept + 4; ++i) {
    const auto one = image(50, static_cast<char>('A' + i));
    ASSERT_TRUE(take_in(one));
    std::filesystem::resize_file(object(one), 49);
    now += std::chrono::seconds(1);
    EXPECT_FALSE(open(one));
  }
  EXPECT_EQ(cache->damages().list().size(), DamageLog::kMaxKept);
  restart();
  EXPECT_EQ(cache->damages().list().size(), DamageLog::kMaxKept);
  EXPECT_EQ(cache->damages().list().front().last, now);
  EXPECT_EQ(ask("SELECT count(*) FROM damaged_artifacts"), std::to_string(DamageLog::kMaxKept));
}

TEST_F(ArtifactCorruption, AStartFindsWhatIsGoneOrHasAnotherLength) {
  ASSERT_TRUE(take_in("short"));
  ASSERT_TRUE(take_in("gone"));
  std::filesystem::resize_file(object("short"), 3);
  std::filesystem::remove(object("gone"));
  restart();
  EXPECT_TRUE(has(content));
  EXPECT_FALSE(has("short"));
  EXPECT_FALSE(has("gone"));
  EXPECT_EQ(ask("SELECT count(*) FROM artifacts"), "1");
  ASSERT_EQ(cache->damages().list().size(), 1U);
  EXPECT_EQ(cache->damages().list().front().sha256, sha256("short"));
}

}  // namespace
}  // namespace homepatch::test
