#include "core/provenance.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace homepatch {
namespace {

TEST(Provenance, IsSpelledOneWayEverywhere) {
  std::set<std::string_view> names;
  std::set<std::string_view> sentences;
  for (const auto provenance : all_provenances()) {
    EXPECT_EQ(provenance_from(to_string(provenance)), provenance);
    names.insert(to_string(provenance));
    sentences.insert(sentence(provenance));
  }
  EXPECT_EQ(names,
            (std::set<std::string_view>{"signed_feed", "signed_bundle", "operator", "hash_only", "local_admin"}));
  EXPECT_EQ(sentences.size(), names.size());
  for (const auto* other : {"", "signed-feed", "operator_", "SIGNED_FEED", "signed_feed "}) {
    EXPECT_EQ(provenance_from(other), std::nullopt) << other;
  }
}

TEST(Provenance, OnlyASignedFeedAndAnOperatorWhomTheOwnerLetInActUnasked) {
  for (const auto provenance : all_provenances()) {
    EXPECT_EQ(may_be_automatic(provenance, false), provenance == Provenance::signed_feed) << to_string(provenance);
    EXPECT_EQ(may_be_automatic(provenance, true),
              provenance == Provenance::signed_feed || provenance == Provenance::operator_)
        << to_string(provenance);
  }
}

// They are shown while the feed is stale and the clock not trusted, too.
TEST(Provenance, NoSentenceSpeaksOfNow) {
  for (const auto provenance : all_provenances()) {
    EXPECT_EQ(sentence(provenance).find("is current"), std::string_view::npos) << to_string(provenance);
  }
}

}  // namespace
}  // namespace homepatch
