// The process dies, or the disk is full, while images come in.
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "storage/settings_store.hpp"
#include "tests/storage/artifact_cache_test.hpp"

namespace homepatch::test {
namespace {

class ArtifactCrash : public ArtifactCacheTest {
 protected:
  const std::string content = image(100'000);
};

TEST_F(ArtifactCrash, LeavesAPartThatGoesOnAfterwards) {
  cache.reset();
  database.reset();
  const auto child = ::fork();
  if (child == 0) {
    restart();
    const auto writer = cache->begin(sha256(content), content.size()).value();
    (void)writer->write(bytes_of(content).first(70'000));
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  restart();
  EXPECT_FALSE(has(content));
  EXPECT_EQ(go_on(content)->offset(), 70'000U);
}

// Between the rename and the database's word of it.
TEST_F(ArtifactCrash, AWholeImageTheDatabaseDoesNotKnowNeedsNoSecondDownload) {
  ASSERT_TRUE(take_in(content));
  ASSERT_TRUE(database->execute("DELETE FROM artifacts"));
  restart();
  EXPECT_FALSE(has(content));
  const auto writer = go_on(content);
  EXPECT_EQ(writer->offset(), content.size());
  ASSERT_TRUE(writer->commit(at(5)));
  EXPECT_TRUE(open(content));
}

TEST_F(ArtifactCrash, AnImageTheDatabaseDoesNotKnowCountsAndGivesWay) {
  ASSERT_TRUE(take_in(content));
  ASSERT_TRUE(database->execute("DELETE FROM artifacts"));
  open_cache({150'000, 0});
  ASSERT_TRUE(take_in(image(100'000, 'n')));
  EXPECT_FALSE(std::filesystem::exists(object(content)));
  EXPECT_FALSE(std::filesystem::exists(partial(content)));
}

TEST_F(ArtifactCrash, StrangersFilesAreNotTouched) {
  put(folder / "cache/objects/README", "mine");
  put(folder / "cache/partial/notes.txt", image(900));
  std::filesystem::create_directory(folder / "cache/objects" / sha256("a folder").hex());
  open_cache({1000, 0});
  EXPECT_FALSE(cache->begin(sha256("x"), 1000));  // but they take room
  EXPECT_EQ(content_of(folder / "cache/objects/README"), "mine");
  EXPECT_TRUE(std::filesystem::exists(folder / "cache/partial/notes.txt"));
  EXPECT_TRUE(std::filesystem::is_directory(folder / "cache/objects" / sha256("a folder").hex()));
}

TEST_F(ArtifactCrash, ARowThatNamesNoDigestIsIgnored) {
  ASSERT_TRUE(take_in(content));
  ASSERT_TRUE(database->execute("INSERT INTO artifacts VALUES ('../../etc/passwd', 1, '', 0, 0)"));
  restart();
  EXPECT_EQ(cache->count(), 1U);
}

TEST_F(ArtifactCrash, WhatCannotBeTidiedUpIsSaidAndStopsNothing) {
  put(object(content), content);
  put(object("other"), "other");
  std::filesystem::create_directory(partial(content));
  restart();
  ASSERT_FALSE(cache->tidied());
  EXPECT_THAT(cache->tidied().error().text, ::testing::HasSubstr("taking back"));
  EXPECT_EQ(content_of(partial("other")), "other") << "the others all the same";
}

// A limit of the file's size stands for the full disk: write() fails in the middle of an image.
class FullDisk : public ArtifactCacheTest {
 protected:
  FullDisk() {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
  }
  ~FullDisk() override {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, old_handler_);
  }
  void no_file_beyond(rlim_t bytes) {
    const rlimit limit{bytes, before_.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  }
  void space_again() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
  void (*old_handler_)(int) = SIG_DFL;
};

TEST_F(FullDisk, AnImageStopsWithNoSpaceAndGoesOnWhenThereIsSome) {
  const auto content = image(500'000);
  const auto writer = cache->begin(sha256(content), content.size()).value();
  no_file_beyond(200'000);
  const auto written = writer->write(bytes_of(content));
  space_again();
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::no_space);
  EXPECT_EQ(writer->offset(), 200'000U);
  ASSERT_TRUE(writer->write(bytes_of(content).subspan(200'000)));
  EXPECT_TRUE(writer->commit(at(1)));
}

TEST_F(FullDisk, WhatWasVerifiedIsServedOnAndNoStateIsLost) {
  const auto content = image(50'000);
  ASSERT_TRUE(take_in(content, at(-100'000)));  // so long ago that its use would be written down
  SettingsStore settings(*database);
  ASSERT_TRUE(settings.save("floor", "kept"));
  no_file_beyond(0);
  const auto saved = settings.save("floor", "lost");
  const auto opened = open(content);
  space_again();
  EXPECT_FALSE(saved);
  EXPECT_TRUE(opened) << opened.error().text;
  EXPECT_EQ(settings.load("floor").value(), "kept");
  EXPECT_TRUE(settings.save("floor", "newer"));
}

// The image lies in its place and only the database could not take it: nothing is fetched twice.
TEST_F(FullDisk, AnImageTheDatabaseCouldNotTakeIsTakenLater) {
  const auto content = image(50'000);
  {
    const auto writer = cache->begin(sha256(content), content.size()).value();
    ASSERT_TRUE(writer->write(bytes_of(content)));
    no_file_beyond(0);
    EXPECT_FALSE(writer->commit(at(1)));
    space_again();
  }
  restart();
  const auto writer = go_on(content);
  EXPECT_EQ(writer->offset(), content.size());
  EXPECT_TRUE(writer->commit(at(2)));
}

}  // namespace
}  // namespace homepatch::test
