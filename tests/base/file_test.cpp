#include "base/file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

namespace homepatch {
namespace {

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "file-test-XXXXXX";
    folder = ::mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder); }
  std::filesystem::path folder;
};

TEST_F(FileTest, WritesAndReadsBackAndReplaces) {
  ASSERT_TRUE(write_file_atomically(folder / "a", "one", 0600));
  ASSERT_TRUE(write_file_atomically(folder / "a", "two", 0600));
  EXPECT_EQ(read_file(folder / "a", 10).value(), "two");
  struct stat st {};
  ASSERT_EQ(::stat((folder / "a").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777U, 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
}

TEST_F(FileTest, RefusesAboveTheLimitAndNamesTheFile) {
  std::ofstream(folder / "big") << "0123456789";
  const auto read = read_file(folder / "big", 9);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::too_large);
  EXPECT_NE(read.error().text.find("big"), std::string::npos);
}

TEST_F(FileTest, ASecretLosesItsLineEndAndMustNotBeEmpty) {
  std::ofstream(folder / "secret") << "hunter2\n";
  std::ofstream(folder / "empty") << "\n";
  EXPECT_EQ(read_secret(folder / "secret").value(), "hunter2");
  EXPECT_FALSE(read_secret(folder / "empty"));
}

TEST_F(FileTest, MissingFileIsNotFound) { EXPECT_EQ(read_file(folder / "no", 1).error().code, Errc::not_found); }

TEST_F(FileTest, MakesFoldersWithTheirParents) {
  EXPECT_TRUE(make_folder(folder / "a" / "b"));
  EXPECT_TRUE(make_folder(folder / "a" / "b"));
  std::ofstream(folder / "f") << "x";
  EXPECT_FALSE(make_folder(folder / "f"));
}

}  // namespace
}  // namespace homepatch
