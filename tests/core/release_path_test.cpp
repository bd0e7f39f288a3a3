#include "core/release_path.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/core/catalog_maker.hpp"

namespace homepatch {
namespace {

using Versions = std::vector<std::string>;

Versions path(const Catalog& catalog, std::int64_t from, std::string_view hardware = "A") {
  Versions versions;
  for (const Release* release : release_path(catalog, from, hardware)) versions.push_back(release->version);
  return versions;
}

std::vector<std::string> targets(const std::vector<const Image*>& images) {
  std::vector<std::string> found;
  for (const Image* image : images) found.push_back(image->target);
  return found;
}

TEST(Hardware, FitsOnlyExactlyOrAny) {
  EXPECT_TRUE(fits_hardware(image({"A", "B"}), "B"));
  EXPECT_FALSE(fits_hardware(image({"A", "B"}), "C"));
  EXPECT_FALSE(fits_hardware(image({"A"}), "a"));
  EXPECT_FALSE(fits_hardware(image({"AB"}), "A"));
  EXPECT_TRUE(fits_hardware(image({"any"}), "C"));
  EXPECT_FALSE(fits_hardware(image({}), "A"));
}

TEST(Hardware, ThatIsNotReportedFitsOnlyAny) {
  EXPECT_FALSE(fits_hardware(image({"A"}), ""));
  EXPECT_FALSE(fits_hardware(image({""}), ""));
  EXPECT_TRUE(fits_hardware(image({"any"}), ""));
}

TEST(Hardware, ADeviceThatCallsItsHardwareAnyGetsNothingButWhatIsForAny) {
  EXPECT_FALSE(fits_hardware(image({"A"}), "any"));
}

TEST(ImagesFor, AnImageForThisHardwareComesBeforeOneForAny) {
  Release release;
  release.images = {image({"any"}, "app", "common.bin"), image({"A"}, "app", "a.bin")};
  EXPECT_EQ(targets(images_for(release, "A")), (Versions{"a.bin"}));
  EXPECT_EQ(targets(images_for(release, "B")), (Versions{"common.bin"}));
  EXPECT_EQ(targets(images_for(release, "")), (Versions{"common.bin"}));
  std::ranges::reverse(release.images);
  EXPECT_EQ(targets(images_for(release, "A")), (Versions{"a.bin"}));
}

TEST(ImagesFor, TheOneThatRunsComesFirstAndItsHelpersFollowOnceEach) {
  Release release;
  release.images = {image({"A"}, "minimal", "minimal-a.bin"), image({"any"}, "minimal", "minimal.bin"),
                    image({"B"}, "safeboot", "safeboot-b.bin"), image({"A"}, "app", "a.bin")};
  EXPECT_EQ(targets(images_for(release, "A")), (Versions{"a.bin", "minimal-a.bin"}));
}

TEST(ImagesFor, AHelperAloneIsNothingToRun) {
  Release release;
  release.images = {image({"any"}, "minimal")};
  EXPECT_TRUE(images_for(release, "A").empty());
}

TEST(ReleasePath, GoesStraightToTheNewest) {
  const auto catalog = catalog_of({release("1.0", 10), release("1.1", 11), release("2.0", 20)});
  EXPECT_EQ(path(catalog, 10), (Versions{"2.0"}));
  EXPECT_EQ(path(catalog, 20), (Versions{}));
  EXPECT_EQ(path(catalog, 99), (Versions{}));
}

TEST(ReleasePath, GoesByNumberAndNeverByTheTextOfTheVersion) {
  const auto catalog = catalog_of({release("1.10", 2), release("1.9", 1), release("zebra", 3)});
  EXPECT_EQ(path(catalog, 1), (Versions{"zebra"}));
  EXPECT_EQ(path(catalog, 3), (Versions{}));
}

TEST(ReleasePath, TakesTheSteppingStonesThatTheMakerDemands) {
  const auto catalog = catalog_of({release("1.0", 10), release("1.5", 15), from_at_least(15, release("2.0", 20)),
                                   from_at_least(20, release("3.0", 30))});
  EXPECT_EQ(path(catalog, 10), (Versions{"1.5", "2.0", "3.0"}));
  EXPECT_EQ(path(catalog, 15), (Versions{"2.0", "3.0"}));
}

TEST(ReleasePath, TakesTheFewestStepsAndAmongThoseTheNewestStones) {
  const auto catalog = catalog_of({release("1.0", 10), release("1.5", 15), release("1.8", 18), release("1.9", 19),
                                   from_at_least(15, release("2.0", 20))});
  EXPECT_EQ(path(catalog, 10), (Versions{"1.9", "2.0"}));
}

TEST(ReleasePath, DoesNotTakeAStepFromWhichTheNewestCannotBeReached) {
  // 1.9 is a dead end: 2.0 may be installed from 1.5 at most.
  const auto catalog = catalog_of(
      {release("1.0", 10), release("1.5", 15), release("1.9", 19), from_between(15, 15, release("2.0", 20))});
  EXPECT_EQ(path(catalog, 10), (Versions{"1.5", "2.0"}));
  EXPECT_EQ(path(catalog, 19), (Versions{}));
}

TEST(ReleasePath, GoesAsFarAsItCan) {
  const auto catalog = catalog_of({release("1.0", 10), release("1.5", 15), from_at_least(18, release("2.0", 20))});
  EXPECT_EQ(path(catalog, 10), (Versions{"1.5"}));
  EXPECT_EQ(path(catalog, 15), (Versions{}));
}

TEST(ReleasePath, AStoneThatDoesNotFitThisHardwareIsNone) {
  auto stone = release("1.5", 15);
  stone.images = {image({"B"})};
  const auto catalog = catalog_of({release("1.0", 10), stone, from_at_least(15, release("2.0", 20))});
  EXPECT_EQ(path(catalog, 10, "A"), (Versions{}));
  EXPECT_EQ(path(catalog, 10, "B"), (Versions{"1.5", "2.0"}));
}

TEST(ReleasePath, AReleaseWithoutImagesIsKnownButNotOffered) {
  auto shipped = release("2.0", 20);
  shipped.images.clear();
  const auto catalog = catalog_of({release("1.0", 10), shipped});
  EXPECT_EQ(path(catalog, 10), (Versions{}));
}

TEST(ReleasePath, IsTheSameInWhateverOrderTheCatalogLists) {
  auto catalog = catalog_of({release("1.0", 10), release("1.5", 15), release("1.8", 18),
                             from_at_least(15, release("2.0", 20)), from_at_least(20, release("3.0", 30))});
  const auto expected = path(catalog, 10);
  std::ranges::reverse(catalog.releases);
  EXPECT_EQ(path(catalog, 10), expected);
}

TEST(ReleasePath, ALargeCatalogIsNoBurden) {
  std::vector<Release> releases;
  for (int i = 0; i < static_cast<int>(kMaxReleases); ++i) {
    releases.push_back(from_between(i - 1, i - 1, release("1." + std::to_string(i), i)));
  }
  EXPECT_EQ(path(catalog_of(std::move(releases)), 0).size(), kMaxReleases - 1);
}

}  // namespace
}  // namespace homepatch
