#include "trust/tuf/envelope.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "tests/trust/vectors.hpp"
#include "trust/tuf/signing.hpp"

namespace homepatch::tuf {
namespace {

using nlohmann::json;

constexpr std::size_t kLimit = 100'000;

// Signed by one key; what is done to `signatures` and to the role is the test's.
class EnvelopeTest : public ::testing::Test {
 protected:
  SigningKey a = SigningKey::generate().value();
  SigningKey b = SigningKey::generate().value();
  json whole = json::parse(sign_envelope({{"n", 1}}, {a, b}).value());

  [[nodiscard]] Result<Envelope> envelope() const { return Envelope::parse(whole.dump(), kLimit); }
  static Key key_of(const SigningKey& key) { return Key::parse(key.public_key()).value(); }
  [[nodiscard]] RoleKeys role(int threshold) const { return {{{a.id(), key_of(a)}, {b.id(), key_of(b)}}, threshold}; }
};

TEST_F(EnvelopeTest, CountsTwoKeysAsTwo) {
  EXPECT_TRUE(check_signatures(envelope().value(), role(2)));
  EXPECT_FALSE(check_signatures(envelope().value(), role(3)));
}

TEST_F(EnvelopeTest, RefusesVeryManyValuesBeforeTheirMemoryIsSpent) {
  const auto with_values = [](std::size_t count) {
    std::string bytes = R"({"signatures":[],"signed":{"a":[0)";
    for (std::size_t i = 1; i < count; ++i) bytes += ",0";
    return bytes + "]}}";
  };
  EXPECT_TRUE(Envelope::parse(with_values(kLimit / 12 - 4), kLimit)) << "the list, and the four around it";
  const auto refused = Envelope::parse(with_values(kLimit / 12 - 3), kLimit);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::too_large);
  EXPECT_EQ(refused.error().text, "more than 8333 values");
  // What comes after the limit is not even read: it is no JSON.
  auto broken = with_values(kLimit / 12);
  broken.replace(broken.size() - 3, 3, "!!!");
  EXPECT_EQ(Envelope::parse(broken, kLimit).error().code, Errc::too_large);
}

TEST_F(EnvelopeTest, CountsOneKeyUnderTwoLabelsAsOne) {
  json copy = whole["signatures"][0];
  copy["keyid"] = "another label";
  whole["signatures"] = {whole["signatures"][0], copy};
  RoleKeys keys{{{a.id(), key_of(a)}, {"another label", key_of(a)}}, 2};
  const auto checked = check_signatures(envelope().value(), keys);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().text.substr(0, 47), "signed by 1 of its keys, but 2 must sign; it wa");
  keys.threshold = 1;
  EXPECT_TRUE(check_signatures(envelope().value(), keys));
}

TEST_F(EnvelopeTest, RefusesAKeyIdThatSignsTwice) {
  whole["signatures"].push_back(whole["signatures"][0]);
  ASSERT_FALSE(envelope());
  EXPECT_EQ(envelope().error().text, "signatures: the key " + a.id() + " appears twice");
}

TEST_F(EnvelopeTest, IgnoresEmptyAndMalformedSignatures) {
  for (const auto* sig : {"", "zz", "abc", "00"}) {
    whole["signatures"][0]["sig"] = sig;
    EXPECT_TRUE(check_signatures(envelope().value(), role(1))) << sig;
    EXPECT_FALSE(check_signatures(envelope().value(), role(2))) << sig;
  }
}

TEST_F(EnvelopeTest, IgnoresSignaturesOfKeysThatTheRoleDoesNotName) {
  const auto stranger = SigningKey::generate().value();
  whole = json::parse(sign_envelope({{"n", 1}}, {stranger, a}).value());
  EXPECT_TRUE(check_signatures(envelope().value(), role(1)));
  EXPECT_FALSE(check_signatures(envelope().value(), role(2)));
}

TEST_F(EnvelopeTest, KeysOfUnknownKindsCountForNothingAndBreakNothing) {
  auto keys = role(1);
  keys.keys.at(a.id()) = Key{"sphincs", "new", ""};
  EXPECT_TRUE(check_signatures(envelope().value(), keys));
  keys.threshold = 2;
  EXPECT_FALSE(check_signatures(envelope().value(), keys));
}

TEST_F(EnvelopeTest, KeyIdsAreLabelsAndNeedNotBeHashes) {
  whole["signatures"][0]["keyid"] = "label";
  EXPECT_TRUE(check_signatures(envelope().value(), RoleKeys{{{"label", key_of(a)}}, 1}));
}

TEST_F(EnvelopeTest, AThresholdBelowOneSatisfiesNobody) {
  for (const int threshold : {0, -1}) {
    EXPECT_EQ(check_signatures(envelope().value(), role(threshold)).error().text, "its threshold is below one");
  }
}

TEST_F(EnvelopeTest, EveryUnknownFieldIsPartOfWhatWasSigned) {
  whole["signed"]["more"] = "x";
  EXPECT_FALSE(check_signatures(envelope().value(), role(1)));
}

TEST_F(EnvelopeTest, RefusesWhatHasNotItsForm) {
  for (const auto* text : {"[]", "1", "{}", R"({"signed":{},"signatures":{}})", R"({"signed":[],"signatures":[]})",
                           R"({"signed":{},"signatures":[1]})", R"({"signed":{},"signatures":[{"keyid":"a"}]})",
                           R"({"signed":{},"signatures":[{"keyid":1,"sig":""}]})"}) {
    const auto parsed = Envelope::parse(text, kLimit);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, Errc::malformed) << text;
  }
  json many = {{"signed", json::object()}, {"signatures", json::array()}};
  for (std::size_t i = 0; i <= kMaxSignatures; ++i) {
    many["signatures"].push_back({{"keyid", std::to_string(i)}, {"sig", ""}});
  }
  EXPECT_EQ(Envelope::parse(many.dump(), kLimit).error().text, "more than 256 signatures");
}

}  // namespace
}  // namespace homepatch::tuf
