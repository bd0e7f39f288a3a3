#include "trust/tuf/key.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <cctype>

#include "base/text.hpp"
#include "tests/trust/vectors.hpp"

namespace homepatch::tuf {
namespace {

std::string raw(std::string_view hex) {
  const auto bytes = from_hex(hex).value();
  return {bytes.begin(), bytes.end()};
}

Key ed25519() { return {"ed25519", "ed25519", std::string(vectors::kEd25519Key)}; }
Key p256() { return {"ecdsa", "ecdsa-sha2-nistp256", std::string(vectors::kP256Key)}; }
Key rsa() { return {"rsa", "rsassa-pss-sha256", std::string(vectors::kRsa2048Key)}; }

struct Good {
  const char* name;
  Key key;
  std::string_view signature;
};

class KeyVerifies : public ::testing::TestWithParam<Good> {};

TEST_P(KeyVerifies, WhatTheOpensslCommandSigned) {
  const auto key = PublicKey::open(GetParam().key);
  ASSERT_TRUE(key) << key.error().text;
  std::string message = raw(vectors::kCanonicalHex);
  std::string signature = raw(GetParam().signature);
  EXPECT_TRUE(key->verify(message, signature));

  EXPECT_FALSE(key->verify(message.substr(1), signature));
  EXPECT_FALSE(key->verify(message, signature.substr(1)));
  EXPECT_FALSE(key->verify(message, ""));
  signature[signature.size() / 2] = static_cast<char>(signature[signature.size() / 2] ^ 1);
  EXPECT_FALSE(key->verify(message, signature));
  EXPECT_EQ(ERR_peek_error(), 0U) << "a failure of ours would be found by the next user of OpenSSL";
}

INSTANTIATE_TEST_SUITE_P(
    Schemes, KeyVerifies,
    ::testing::Values(Good{"ed25519", ed25519(), vectors::kEd25519Signature},
                      Good{"ecdsa", p256(), vectors::kP256Signature},
                      Good{"ecdsa by its old key type",
                           {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256", std::string(vectors::kP256Key)},
                           vectors::kP256Signature},
                      Good{"ecdsa, compressed point",
                           {"ecdsa", "ecdsa-sha2-nistp256", std::string(vectors::kP256KeyCompressed)},
                           vectors::kP256Signature},
                      Good{"rsa", rsa(), vectors::kRsaPssSignature},
                      Good{"rsa, longest salt", rsa(), vectors::kRsaPssMaxSaltSignature}),
    [](const auto& case_info) {
      std::string name;
      for (const char c : std::string_view(case_info.param.name)) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
      }
      return name;
    });

TEST(Key, DoesNotTakeAnotherPaddingForPss) {
  EXPECT_FALSE(PublicKey::open(rsa())->verify(raw(vectors::kCanonicalHex), raw(vectors::kRsaPkcs1Signature)));
}

struct Bad {
  Key key;
  const char* says;
};

class KeyRefuses : public ::testing::TestWithParam<Bad> {};

TEST_P(KeyRefuses, WithAReason) {
  const auto key = PublicKey::open(GetParam().key);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().text, GetParam().says);
  EXPECT_EQ(ERR_peek_error(), 0U);
}

Key ecdsa_with(std::string text) { return {"ecdsa", "ecdsa-sha2-nistp256", std::move(text)}; }
const std::string kPem(vectors::kP256Key);

INSTANTIATE_TEST_SUITE_P(
    Adversary, KeyRefuses,
    ::testing::Values(
        Bad{{"ed25519", "ed25519", "abcd"}, "an ed25519 key has 64 hexadecimal digits"},
        Bad{{"ed25519", "ed25519", std::string(64, 'g')}, "hexadecimal text has a character that is no digit of it"},
        Bad{{"ed25519", "ed448", ""}, "a key of the kind ed25519/ed448"},
        Bad{{"sphincs", "x\x1b[2J", ""}, "a key of the kind sphincs/x\xEF\xBF\xBD[2J"},
        Bad{{"rsa", "ed25519", std::string(64, 'a')}, "a key of the kind rsa/ed25519"},
        Bad{ecdsa_with(std::string(vectors::kP384Key)), "the key is not on the curve P-256"},
        Bad{ecdsa_with(std::string(vectors::kRsa2048Key)), "the key is not on the curve P-256"},
        Bad{{"rsa", "rsassa-pss-sha256", kPem}, "the key is not an RSA key"},
        Bad{{"rsa", "rsassa-pss-sha256", std::string(vectors::kRsa1024Key)}, "an RSA key below 2048 bits"},
        Bad{ecdsa_with(""), "the key is not exactly one PEM block PUBLIC KEY"},
        Bad{ecdsa_with(kPem + kPem), "the key is not exactly one PEM block PUBLIC KEY"},
        Bad{ecdsa_with("x\n" + kPem), "the key is not exactly one PEM block PUBLIC KEY"},
        Bad{ecdsa_with(kPem + "x"), "the key is not exactly one PEM block PUBLIC KEY"},
        Bad{ecdsa_with(kPem + std::string(kMaxPem, ' ')), "the PEM text of the key is too large"},
        Bad{ecdsa_with("-----BEGIN PUBLIC KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-CBC,00\n\n"
                       "AAAA\n-----END PUBLIC KEY-----\n"),
            "the key's PEM block has headers"},
        Bad{ecdsa_with("-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----\n"),
            "the key's PEM text cannot be read"},
        Bad{ecdsa_with("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
            "the key's PEM text holds no public key"}));

TEST(Key, HasOneMaterialHoweverItIsSpelled) {
  const auto material = [](std::string_view pem) { return PublicKey::open(ecdsa_with(std::string(pem)))->material(); };
  EXPECT_EQ(material(vectors::kP256Key), material(vectors::kP256KeyCompressed));
  EXPECT_EQ(material(vectors::kP256Key), material(std::string(vectors::kP256Key) + "\n\n"));
  std::string upper = to_hex(raw(vectors::kEd25519Key));
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_EQ(PublicKey::open(ed25519())->material(), PublicKey::open(Key{"ed25519", "ed25519", upper})->material());
}

TEST(Key, OfAnUnknownKindIsKeptAndTheFormIsAskedFor) {
  const auto parsed = Key::parse({{"keytype", "new"}, {"scheme", "newer"}, {"keyval", {{"point", 1}}}, {"x", 1}});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(*parsed, (Key{"new", "newer", ""}));
  EXPECT_EQ(Key::parse({{"scheme", "s"}, {"keyval", {}}}).error().text, "keytype: is missing");
  EXPECT_EQ(Key::parse({{"keytype", "k"}, {"scheme", "s"}, {"keyval", "v"}}).error().text, "keyval: is not an object");
}

}  // namespace
}  // namespace homepatch::tuf
