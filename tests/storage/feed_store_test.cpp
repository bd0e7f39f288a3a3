// What a feed can do to the place where its words are kept.
#include "storage/feed_store.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/storage/storage_test.hpp"
#include "trust/hash.hpp"
#include "trust/tuf/metadata.hpp"

namespace homepatch::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class FeedStoreTest : public StorageTest {
 protected:
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / "feeds")) {
      if (entry.is_regular_file()) out.push_back(entry.path().lexically_relative(folder / "feeds").string());
    }
    return out;
  }

  FeedStore feeds{*database, folder / "feeds"};
};

TEST_F(FeedStoreTest, KeepsMetadataByteForByte) {
  const std::string bytes("{\"a\": 1}\r\n\0\xFF end", 16);
  ASSERT_TRUE(feeds.save_metadata("acme", "timestamp", bytes));
  EXPECT_EQ(feeds.load_metadata("acme", "timestamp").value(), bytes);
  ASSERT_TRUE(feeds.save_metadata("acme", "timestamp", "newer"));
  EXPECT_EQ(feeds.load_metadata("acme", "timestamp").value(), "newer");
  EXPECT_THAT(files(), ElementsAre("acme/metadata/timestamp.json"));
}

TEST_F(FeedStoreTest, NoRoleNameLeavesTheFeedsFolder) {
  for (const auto* const name : {"../../escape", "/etc/passwd", "..", ".", "a/b", "a\nb"}) {
    ASSERT_TRUE(feeds.save_metadata("acme", name, "x")) << name;
    EXPECT_EQ(feeds.load_metadata("acme", name).value(), "x");
  }
  for (const auto& name : files()) {
    EXPECT_TRUE(name.starts_with("acme/metadata/")) << name;
    EXPECT_EQ(name.find('/', sizeof "acme/metadata/" - 1), std::string::npos) << name;
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "escape.json"));
}

TEST_F(FeedStoreTest, KeepsOnlyTheMetadataOfRolesThatAreNamed) {
  for (const auto* const name : {"root", "a/b", "gone", "../x"}) ASSERT_TRUE(feeds.save_metadata("acme", name, "x"));
  ASSERT_TRUE(feeds.save_metadata("other", "gone", "x"));
  ASSERT_TRUE(feeds.keep_metadata_of("acme", {"root", "a/b"}));
  EXPECT_THAT(files(),
              UnorderedElementsAre("acme/metadata/root.json", "acme/metadata/a%2Fb.json", "other/metadata/gone.json"));
}

TEST_F(FeedStoreTest, TheLongestRoleNameIsAFileName) {
  for (const auto& name : {std::string(tuf::kMaxRoleName, 'x'), std::string(tuf::kMaxRoleName / 3, '.'),
                           std::string(tuf::kMaxRoleName / 3, '\xC3')}) {
    ASSERT_TRUE(feeds.save_metadata("acme", name, "x"));
    EXPECT_EQ(feeds.load_metadata("acme", name).value(), "x");
  }
}

TEST_F(FeedStoreTest, OthersMayNotReadIt) {
  ASSERT_TRUE(feeds.save_metadata("acme", "root", "x"));
  struct stat st {};
  ASSERT_EQ(::stat((folder / "feeds/acme/metadata/root.json").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07U, 0U);
}

TEST_F(FeedStoreTest, WhatIsNotThereIsNotFoundAndIsRemovedAlready) {
  EXPECT_EQ(feeds.load_metadata("acme", "root").error().code, Errc::not_found);
  EXPECT_TRUE(feeds.remove_metadata("acme", "root"));
  ASSERT_TRUE(feeds.save_metadata("acme", "root", "x"));
  ASSERT_TRUE(feeds.remove_metadata("acme", "root"));
  EXPECT_EQ(feeds.load_metadata("acme", "root").error().code, Errc::not_found);
}

TEST_F(FeedStoreTest, AFileThatGrewBeyondAllBoundsIsNotRead) {
  ASSERT_TRUE(feeds.save_metadata("acme", "root", "x"));
  std::filesystem::resize_file(folder / "feeds/acme/metadata/root.json", FeedStore::kMaxMetadataFile + 1);
  EXPECT_EQ(feeds.load_metadata("acme", "root").error().code, Errc::too_large);
}

TEST_F(FeedStoreTest, KeepsDocumentsAndTheirDigestsAcrossARestart) {
  const std::string bytes("catalog \0 bytes", 15);
  ASSERT_TRUE(feeds.save_document("acme", "lamp/catalog.json", sha256(bytes), bytes));
  reopen();
  FeedStore again(*database, folder / "feeds");
  EXPECT_EQ(again.load_document("acme", "lamp/catalog.json").value(), bytes);
  EXPECT_EQ(again.document_digest("acme", "lamp/catalog.json").value(), sha256(bytes));
  EXPECT_FALSE(again.load_document("acme", "other").value());
  EXPECT_FALSE(again.document_digest("acme", "other").value());
}

TEST_F(FeedStoreTest, NoFeedSeesAnothersDocuments) {
  ASSERT_TRUE(feeds.save_document("acme", "b.json", sha256("1"), "1"));
  ASSERT_TRUE(feeds.save_document("acme", "a.json", sha256("2"), "2"));
  ASSERT_TRUE(feeds.save_document("other", "b.json", sha256("3"), "3"));
  EXPECT_THAT(feeds.document_paths("acme").value(), ElementsAre("a.json", "b.json"));
  ASSERT_TRUE(feeds.remove_document("acme", "b.json"));
  EXPECT_THAT(feeds.document_paths("acme").value(), ElementsAre("a.json"));
  EXPECT_EQ(feeds.load_document("other", "b.json").value(), "3");
  EXPECT_THAT(feeds.document_paths("nobody").value(), IsEmpty());
}

}  // namespace
}  // namespace homepatch::test
