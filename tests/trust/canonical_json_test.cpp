#include "trust/canonical_json.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "tests/trust/vectors.hpp"
#include "trust/strict_json.hpp"

namespace homepatch {
namespace {

using nlohmann::json;

TEST(CanonicalJson, AgreesWithTheForeignEncoder) {
  JsonLimits limits;
  limits.reject_floats = true;
  const auto value = parse_json(vectors::kJson, limits);
  ASSERT_TRUE(value) << value.error().text;
  EXPECT_EQ(to_hex(canonical_json(*value).value()), vectors::kCanonicalHex);
}

TEST(CanonicalJson, LeavesNewlinesRawAndEscapesOnlyQuoteAndBackslash) {
  EXPECT_EQ(canonical_json(json{{"k", "a\nb\t\"\\/\x01"}}).value(), "{\"k\":\"a\nb\t\\\"\\\\/\x01\"}");
}

TEST(CanonicalJson, SortsKeysByTheirBytes) {
  EXPECT_EQ(canonical_json(json{{"b", 1}, {"B", 2}, {"\xC3\xA9", 3}, {"a", 4}, {"", 5}}).value(),
            "{\"\":5,\"B\":2,\"a\":4,\"b\":1,\"\xC3\xA9\":3}");
}

TEST(CanonicalJson, HasNoFloatsAndNoIntegersBeyondInt64) {
  EXPECT_FALSE(canonical_json(json{1.0}));
  EXPECT_FALSE(canonical_json(json(UINT64_MAX)));
  EXPECT_FALSE(canonical_json(json::binary({1, 2})));
  EXPECT_EQ(canonical_json(json(std::uint64_t{5})).value(), "5");
}

TEST(CanonicalJson, RefusesNestingThatCouldExhaustTheStack) {
  json deep = 1;
  for (int i = 0; i < 65; ++i) deep = json::array({std::move(deep)});
  const auto written = canonical_json(deep);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, Errc::too_large);
}

}  // namespace
}  // namespace homepatch
