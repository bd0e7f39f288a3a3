#include "trust/tuf/path_pattern.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace homepatch::tuf {
namespace {

struct Case {
  std::string path;
  std::string pattern;
  bool matches;
};

class PathPattern : public ::testing::TestWithParam<Case> {};

TEST_P(PathPattern, MatchesSegmentBySegment) {
  EXPECT_EQ(matches_pattern(GetParam().path, GetParam().pattern), GetParam().matches)
      << GetParam().path << " against " << GetParam().pattern;
}

INSTANTIATE_TEST_SUITE_P(
    Patterns, PathPattern,
    ::testing::Values(
        Case{"foo.tgz", "*.tgz", true}, Case{"targets/foo.tgz", "targets/*.tgz", true},
        Case{"targets/foo.txt", "targets/*.tgz", false}, Case{"foo-version-a.tgz", "foo-version-?.tgz", true},
        Case{"foo-version-alpha.tgz", "foo-version-?.tgz", false}, Case{"foo-/.tgz", "foo-?.tgz", false},
        Case{"a/b", "*", false}, Case{"a/b", "a*", false}, Case{"a", "a/*", false}, Case{"a/b/c", "*/*", false},
        Case{"a/b/c", "*/*/*", true}, Case{"", "*", true}, Case{"", "", true}, Case{"a", "", false},
        Case{"A", "a", false}, Case{"ab", "a*b*", true}, Case{"abcbd", "a*bd", true}, Case{"abcbd", "a*b*e", false},
        Case{"a", "**", true}, Case{"b", "[abc]", true}, Case{"d", "[abc]", false}, Case{"d", "[!abc]", true},
        Case{"b", "[!abc]", false}, Case{"m", "[a-z]", true}, Case{"M", "[a-z]", false}, Case{"-", "[a-]", true},
        Case{"]", "[]]", true}, Case{"a", "[!]]", true}, Case{"[a", "[a", true}, Case{"a", "[a", false},
        Case{"/", "[/]", false}, Case{"x/y", "x[/]y", false}, Case{"x-1.bin", "*-[0-9].bin", true},
        Case{"\xC3\xA9", "?", true}, Case{"\xF0\x9F\x98\x80", "?", true}, Case{"\xC3\xA9", "??", false},
        Case{"\xC3\xA9", "[\xC3\xA0-\xC3\xBF]", true}, Case{"a\\b", "a\\b", true}, Case{"a*b", "a\\*b", false}));

TEST(PathPattern, OfManyStarsDoesNotTakeForEver) {
  const std::string path(1000, 'a');
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "*a";
  pattern += "b";
  EXPECT_FALSE(matches_pattern(path, pattern));  // exponential matching would hang here
}

TEST(PathPattern, HashPrefixesAreOfThePathsSha256) {
  // printf %s 'vendor.example/lamp/catalog.json' | sha256sum
  EXPECT_TRUE(matches_hash_prefix("vendor.example/lamp/catalog.json", "69"));
  EXPECT_TRUE(matches_hash_prefix("vendor.example/lamp/catalog.json", "6906792d"));
  EXPECT_FALSE(matches_hash_prefix("vendor.example/lamp/catalog.jsom", "6906792d"));
  EXPECT_FALSE(matches_hash_prefix("vendor.example/lamp/catalog.json", "6906792d0"));
}

}  // namespace
}  // namespace homepatch::tuf
