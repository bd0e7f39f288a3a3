// What the flash forgets is noticed before a device needs it.
#include "daemon/fetch/caretaker.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "base/simulated_loop.hpp"
#include "tests/support/scratch_folder.hpp"

namespace homepatch::test {
namespace {

using std::chrono::days;
using std::chrono::hours;

class CaretakerTest : public ::testing::Test {
 protected:
  std::string take_in(char letter) {
    const std::string content(600'000, letter);
    const auto writer = cache->begin(sha256(content), content.size()).value();
    EXPECT_TRUE(writer->write({reinterpret_cast<const std::uint8_t*>(content.data()), content.size()}));
    EXPECT_TRUE(writer->commit(loop.now()));
    return content;
  }
  void damage(const std::string& content) const {
    const auto path = folder / "cache/objects" / sha256(content).hex();
    std::filesystem::permissions(path, std::filesystem::perms(0600));
    std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(599'999).put('!');
  }

  ScratchFolder folder;
  SimulatedLoop loop{Loop::WallTime(std::chrono::sys_days(std::chrono::year(2026) / 11 / 23))};
  std::unique_ptr<Database> database = Database::open(folder / "homepatch.db").value();
  std::unique_ptr<ArtifactCache> cache =
      ArtifactCache::open(*database, folder / "cache", {64U << 20U, 0, 0}, [this] { return loop.now(); }).value();
  Caretaker caretaker{loop, *cache};
};

TEST_F(CaretakerTest, ReadsEveryImageOnceAWeekAndWritesNothing) {
  for (const char letter : {'a', 'b', 'c'}) take_in(letter);
  caretaker.start();
  const auto commits = database->commits();
  loop.advance(Caretaker::kFirst - std::chrono::seconds(1));
  EXPECT_EQ(caretaker.checked(), 0U) << "a gateway that has just started has other things to do";
  loop.advance(days(7));
  EXPECT_GE(caretaker.checked(), 3U);
  EXPECT_LE(caretaker.checked(), 4U);
  loop.advance(days(21));
  EXPECT_LE(caretaker.checked(), 14U);
  EXPECT_EQ(database->commits(), commits);
  EXPECT_TRUE(cache->damages().list().empty());
}

TEST_F(CaretakerTest, ThrowsOutWhatWentBadAndRemembersIt) {
  const auto good = take_in('a');
  const auto bad = take_in('b');
  damage(bad);
  caretaker.start();
  loop.advance(days(8));
  EXPECT_TRUE(cache->contains(sha256(good)));
  EXPECT_FALSE(cache->contains(sha256(bad)));
  ASSERT_EQ(cache->damages().list().size(), 1U);
  EXPECT_EQ(cache->damages().list()[0].sha256, sha256(bad));
  EXPECT_EQ(cache->damages().list()[0].times, 1U);
}

TEST_F(CaretakerTest, AnImageThatIsTakenAwayMeanwhileIsNoDamage) {
  const auto content = take_in('a');
  caretaker.start();
  loop.advance(Caretaker::kFirst + Caretaker::kBetween);  // in the middle of it
  ASSERT_TRUE(cache->remove(sha256(content)));
  loop.advance(hours(1));
  EXPECT_TRUE(cache->damages().list().empty());
  EXPECT_EQ(caretaker.checked(), 0U);
  take_in('b');
  loop.advance(days(8));
  EXPECT_GE(caretaker.checked(), 1U);
}

}  // namespace
}  // namespace homepatch::test
