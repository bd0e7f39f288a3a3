#include "trust/tuf/signing.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/file.hpp"
#include "base/text.hpp"
#include "trust/hash.hpp"
#include "trust/tuf/envelope.hpp"

namespace homepatch::tuf {
namespace {

using nlohmann::json;

constexpr std::size_t kLimit = 100'000;

RoleKeys role_of(const std::vector<SigningKey>& keys, int threshold) {
  RoleKeys role;
  role.threshold = threshold;
  for (const auto& key : keys) role.keys.emplace(key.id(), Key::parse(key.public_key()).value());
  return role;
}

// A private key made by the openssl command, as a vendor may already have one.
std::string openssl_key(const std::string& arguments) {
  std::string pem;
  FILE* pipe = ::popen(("openssl genpkey " + arguments + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return pem;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) pem += static_cast<char>(c);
  ::pclose(pipe);
  return pem;
}

TEST(Signing, MakesAnEnvelopeThatVerifies) {
  const auto key = SigningKey::generate().value();
  const json content = {{"_type", "x"}, {"text", "a\nb"}, {"n", 1}};
  const auto bytes = sign_envelope(content, {key}).value();
  const auto envelope = Envelope::parse(bytes, kLimit);
  ASSERT_TRUE(envelope) << envelope.error().text;
  EXPECT_EQ(envelope->content, content);
  EXPECT_TRUE(check_signatures(*envelope, role_of({key}, 1)));
}

TEST(Signing, KeyIdIsTheHashOfTheCanonicalKey) {
  const auto key = SigningKey::generate().value();
  const auto hex = key.public_key()["keyval"]["public"].get<std::string>();
  const auto canonical = R"({"keytype":"ed25519","keyval":{"public":")" + hex + R"("},"scheme":"ed25519"})";
  EXPECT_EQ(key.id(), sha256(canonical).hex());
}

TEST(Signing, KeepsAKeyUnderItsPassphrase) {
  const auto key = SigningKey::generate().value();
  const auto pem = key.to_pem("correct horse").value();
  EXPECT_TRUE(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
  const auto again = SigningKey::from_pem(pem, "correct horse");
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(again->id(), key.id());

  const auto wrong = SigningKey::from_pem(pem, "battery staple");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Errc::not_authorised);
  EXPECT_EQ(wrong.error().text, "the private key does not open with this passphrase");
  EXPECT_FALSE(SigningKey::from_pem(pem, ""));  // and never asks a terminal
  EXPECT_EQ(key.to_pem("").error().text, "a private key is kept under a passphrase");
}

TEST(Signing, WritesKeysThatTheOpensslCommandReads) {
  std::string path = ::testing::TempDir() + "signing-test-XXXXXX";
  ASSERT_GE(::mkstemp(path.data()), 0);
  const auto key = SigningKey::generate().value();
  ASSERT_TRUE(write_file_atomically(path, key.to_pem("pass").value(), 0600));
  FILE* pipe =
      ::popen(("openssl pkey -in " + path + " -passin pass:pass -pubout -outform DER | tail -c 32").c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::array<char, 33> raw{};
  const auto size = std::fread(raw.data(), 1, raw.size(), pipe);
  ::pclose(pipe);
  ::unlink(path.c_str());
  EXPECT_EQ(to_hex(std::string_view(raw.data(), size)), key.public_key()["keyval"]["public"].get<std::string>());
}

TEST(Signing, UsesKeysOfOtherKindsFromPem) {
  for (const auto* arguments : {"-algorithm ed25519", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
                                "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"}) {
    const auto key = SigningKey::from_pem(openssl_key(arguments), "");
    ASSERT_TRUE(key) << arguments << ": " << key.error().text;
    const auto envelope = Envelope::parse(sign_envelope({{"a", 1}}, {*key}).value(), kLimit).value();
    EXPECT_TRUE(check_signatures(envelope, role_of({*key}, 1))) << arguments;
  }
}

TEST(Signing, RefusesKeysThatNoClientWouldAccept) {
  EXPECT_EQ(SigningKey::from_pem(openssl_key("-algorithm EC -pkeyopt ec_paramgen_curve:P-384"), "").error().text,
            "the key is not on the curve P-256");
  EXPECT_EQ(SigningKey::from_pem(openssl_key("-algorithm RSA -pkeyopt rsa_keygen_bits:1024"), "").error().text,
            "an RSA key below 2048 bits");
  EXPECT_EQ(SigningKey::from_pem(openssl_key("-algorithm ed448"), "").error().text,
            "a private key must be ed25519, ECDSA P-256 or RSA");
  EXPECT_EQ(SigningKey::from_pem("hello", "").error().text, "the text holds no private key in PEM");
}

TEST(Signing, AttachesASignatureThatWasMadeElsewhere) {
  const auto here = SigningKey::generate().value();
  const auto elsewhere = SigningKey::generate().value();
  const auto prepared = sign_envelope({{"a", "line\nbreak"}}, {here}).value();
  const auto signature = elsewhere.sign(signed_bytes(prepared).value()).value();

  const auto attached = attach_signature(prepared, elsewhere.public_key(), signature);
  ASSERT_TRUE(attached) << attached.error().text;
  EXPECT_TRUE(check_signatures(Envelope::parse(*attached, kLimit).value(), role_of({here, elsewhere}, 2)));
  EXPECT_EQ(attach_signature(*attached, elsewhere.public_key(), signature).value(), *attached);

  const auto wrong = attach_signature(prepared, here.public_key(), signature);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().text, "the signature is not one of this key over this file");
}

TEST(Signing, RefusesContentWithoutACanonicalForm) {
  const auto key = SigningKey::generate().value();
  EXPECT_FALSE(sign_envelope({{"a", 1.5}}, {key}));
  EXPECT_FALSE(sign_envelope({{"a", "\xFF"}}, {key}));
}

}  // namespace
}  // namespace homepatch::tuf
