#include "core/artifact_use.hpp"

#include <gtest/gtest.h>

namespace homepatch {
namespace {

Digest image(char letter) { return Digest::parse(std::string(64, letter)).value(); }

Release release(const std::string& version, std::int64_t seq, char letter, ReleaseKind kind = ReleaseKind::security) {
  Release out;
  out.id = out.version = version;
  out.seq = seq;
  out.kind = kind;
  Image one;
  one.sha256 = image(letter);
  out.images.push_back(one);
  return out;
}

class ArtifactUseTest : public ::testing::Test {
 protected:
  ArtifactUseTest() {
    catalog.path = "acme.example/lamp/catalog.json";
    catalog.releases = {release("1", 1, 'a'), release("2", 2, 'b'), release("3", 3, 'c')};
  }
  ArtifactRank rank(char letter) {
    const OwnedModel model{&catalog, installed, updates};
    return use_of(image(letter), std::span(&model, 1)).rank;
  }

  Catalog catalog;
  std::vector<std::string> installed;
  std::vector<const Update*> updates;
};

TEST_F(ArtifactUseTest, TheNewestReleaseIsKeptByItsKindAndOlderOnesAreSuperseded) {
  EXPECT_EQ(rank('c'), ArtifactRank::security);
  EXPECT_EQ(rank('b'), ArtifactRank::superseded);
  catalog.releases.back().kind = ReleaseKind::feature;
  EXPECT_EQ(rank('c'), ArtifactRank::feature);
}

TEST_F(ArtifactUseTest, WhatWasImportedByHandIsNeverEvictedWhateverItsAge) {
  catalog.feed = "local";
  EXPECT_EQ(rank('a'), ArtifactRank::imported);
  EXPECT_EQ(rank('c'), ArtifactRank::imported);
  EXPECT_GT(ArtifactRank::imported, ArtifactRank::in_use);
}

TEST_F(ArtifactUseTest, WhatNoCatalogNamesIsUnreferenced) {
  EXPECT_EQ(rank('f'), ArtifactRank::unreferenced);
  EXPECT_EQ(use_of(image('a'), {}).rank, ArtifactRank::unreferenced);
}

TEST_F(ArtifactUseTest, WhatADeviceRunsIsItsWayBack) {
  installed = {"2"};
  EXPECT_EQ(rank('b'), ArtifactRank::last_known_good);
  EXPECT_EQ(rank('a'), ArtifactRank::superseded);
}

TEST_F(ArtifactUseTest, AnUpdateUnderWayHoldsTheImageItCameFromAndEveryStepAhead) {
  Update update(DeviceId::from_endpoint("lamp").value(), Family::lwm2m);
  update.from_version = "2";
  update.to_version = "3";
  updates = {&update};
  installed = {"2"};
  EXPECT_EQ(rank('a'), ArtifactRank::superseded);
  EXPECT_EQ(rank('b'), ArtifactRank::in_use);
  EXPECT_EQ(rank('c'), ArtifactRank::in_use);
  update.from_version = "not in the catalog";
  EXPECT_EQ(rank('b'), ArtifactRank::last_known_good);
  EXPECT_EQ(rank('c'), ArtifactRank::in_use);
}

TEST_F(ArtifactUseTest, OfTwoModelsTheBetterUseCounts) {
  Catalog other = catalog;
  other.path = "acme.example/lamp-2/catalog.json";
  other.releases.pop_back();
  const std::vector<OwnedModel> models{{&catalog, {}, {}}, {&other, {}, {}}};
  const auto use = use_of(image('b'), models);
  EXPECT_EQ(use.rank, ArtifactRank::security);
  EXPECT_EQ(use.catalog, other.path);
  EXPECT_EQ(use.version, "2");
}

}  // namespace
}  // namespace homepatch
