#include "trust/tuf/signing.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/file.hpp"
#include "base/text.hpp"
#include "trust/hash.hpp"
#include "trust/tuf/detached_signature.hpp"
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
            "a key that signs must be ed25519, ECDSA P-256 or RSA");
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

// DER of an ECDSA signature as r and s side by side, 32 bytes each.
std::string raw_pair(const std::string& der) {
  std::string out;
  std::size_t at = 2;
  for (int i = 0; i < 2; ++i) {
    const auto length = static_cast<std::size_t>(der[at + 1]);
    const auto number = der.substr(at + 2, length);
    out += length > 32 ? number.substr(length - 32) : std::string(32 - length, '\0') + number;
    at += 2 + length;
  }
  return out;
}

TEST(Signing, ReadsASignatureHoweverAToolSpellsIt) {
  const std::string message = "line\nbreak";
  const auto ed25519 = SigningKey::generate().value();
  const auto plain = ed25519.sign(message).value();
  EXPECT_EQ(read_detached_signature(ed25519.public_key(), message, plain).value(), plain);
  EXPECT_EQ(read_detached_signature(ed25519.public_key(), message, to_hex(plain) + "\n").value(), plain);

  const auto ecdsa = SigningKey::from_pem(openssl_key("-algorithm EC -pkeyopt ec_paramgen_curve:P-256"), "").value();
  for (int i = 0; i < 20; ++i) {  // numbers of every length, with and without a leading zero
    const auto der = ecdsa.sign(message).value();
    const auto read = read_detached_signature(ecdsa.public_key(), message, raw_pair(der));
    ASSERT_TRUE(read) << to_hex(der);
    EXPECT_EQ(*read, der);
    EXPECT_EQ(read_detached_signature(ecdsa.public_key(), message, to_hex(raw_pair(der))).value(), der);
  }
}

TEST(Signing, ReadsBase64WithLineEndsAndRefusesEverythingElse) {
  const std::string message = "message";
  const auto key = SigningKey::from_pem(openssl_key("-algorithm RSA -pkeyopt rsa_keygen_bits:2048"), "").value();
  const auto plain = key.sign(message).value();
  std::string base64(400, '\0');
  base64.resize(static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()),
                                                         reinterpret_cast<const unsigned char*>(plain.data()),
                                                         static_cast<int>(plain.size()))));
  base64.insert(64, "\r\n");
  EXPECT_EQ(read_detached_signature(key.public_key(), message, base64 + "\n").value(), plain);
  for (const auto& wrong : {std::string(), plain.substr(1), plain + "x", std::string("===="), base64.substr(4)}) {
    EXPECT_FALSE(read_detached_signature(key.public_key(), message, wrong)) << wrong;
  }
  EXPECT_FALSE(read_detached_signature(key.public_key(), "another message", plain));
  EXPECT_EQ(read_detached_signature(key.public_key(), message, std::string(20'000, 'A')).error().code, Errc::too_large);
}

TEST(Signing, APublicKeyIsReadFromItsPemFile) {
  const auto key = SigningKey::from_pem(openssl_key("-algorithm RSA -pkeyopt rsa_keygen_bits:2048"), "").value();
  const auto pem = key.public_key()["keyval"]["public"].get<std::string>();
  EXPECT_EQ(public_key_object(pem).value(), key.public_key());
  EXPECT_EQ(public_key_pem(key.public_key()).value(), pem);
  const auto ed25519 = SigningKey::generate().value();
  EXPECT_EQ(public_key_object(public_key_pem(ed25519.public_key()).value()).value(), ed25519.public_key());
  EXPECT_EQ(public_key_object(openssl_key("-algorithm ed25519")).error().code, Errc::invalid_argument);
  EXPECT_EQ(public_key_object("hello").error().code, Errc::malformed);
}

TEST(Signing, RefusesContentWithoutACanonicalForm) {
  const auto key = SigningKey::generate().value();
  EXPECT_FALSE(sign_envelope({{"a", 1.5}}, {key}));
  EXPECT_FALSE(sign_envelope({{"a", "\xFF"}}, {key}));
}

}  // namespace
}  // namespace homepatch::tuf
