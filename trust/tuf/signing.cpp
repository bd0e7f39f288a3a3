#include "trust/tuf/signing.hpp"

#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.hpp"
#include "trust/canonical_json.hpp"
#include "trust/hash.hpp"
#include "trust/tuf/envelope.hpp"
#include "trust/tuf/openssl.hpp"

namespace homepatch::tuf {

namespace {

using nlohmann::json;

using SigPtr = std::unique_ptr<X509_SIG, ReleasedBy<X509_SIG_free>>;
using Pkcs8Ptr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, ReleasedBy<PKCS8_PRIV_KEY_INFO_free>>;

// 16 MiB of memory for each guess; more is above what OpenSSL's own reader allows.
constexpr std::uint64_t kScryptN = 16384;
constexpr std::uint64_t kScryptR = 8;
constexpr std::uint64_t kScryptP = 1;
constexpr int kIndent = 1;
constexpr std::size_t kMaxEnvelope = 64UL << 20U;

extern "C" int give_passphrase(char* buffer, int size, int /*writing*/, void* data) noexcept {
  const auto& passphrase = *static_cast<const std::string_view*>(data);
  if (passphrase.empty() || std::cmp_greater(passphrase.size(), size)) return -1;
  std::memcpy(buffer, passphrase.data(), passphrase.size());
  return static_cast<int>(passphrase.size());
}

std::string content_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

Result<std::string> public_pem(const EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_PUBKEY(bio.get(), key) != 1) {
    return fail(Errc::internal, "the public key cannot be written");
  }
  return content_of(bio.get());
}

json key_object(std::string_view keytype, std::string_view scheme, std::string public_text) {
  return {{"keytype", keytype}, {"scheme", scheme}, {"keyval", {{"public", std::move(public_text)}}}};
}

Result<json> describe(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519") == 1) {
    std::array<unsigned char, 32> raw{};
    std::size_t size = raw.size();
    if (EVP_PKEY_get_raw_public_key(key, raw.data(), &size) != 1) return fail(Errc::internal, "no public key");
    return key_object("ed25519", "ed25519", to_hex(raw.data(), size));
  }
  auto pem = TRY(public_pem(key));
  if (EVP_PKEY_is_a(key, "EC") == 1) return key_object("ecdsa", "ecdsa-sha2-nistp256", std::move(pem));
  if (EVP_PKEY_is_a(key, "RSA") == 1) return key_object("rsa", "rsassa-pss-sha256", std::move(pem));
  return fail(Errc::unsupported, "a key that signs must be ed25519, ECDSA P-256 or RSA");
}

bool set_pss(EVP_PKEY_CTX* context) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

SigPtr encrypt(const EVP_PKEY* key, std::string_view passphrase) {
  const Pkcs8Ptr plain(EVP_PKEY2PKCS8(key));
  X509_ALGOR* method = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), nullptr, 0, nullptr, kScryptN, kScryptR, kScryptP);
  if (plain == nullptr || method == nullptr) return nullptr;
  SigPtr encrypted(PKCS8_set0_pbe(passphrase.data(), static_cast<int>(passphrase.size()), plain.get(), method));
  if (encrypted == nullptr) X509_ALGOR_free(method);  // otherwise it belongs to what it made
  return encrypted;
}

std::string envelope_text(const json& content, const json& signatures) {
  return json{{"signatures", signatures}, {"signed", content}}.dump(kIndent) + "\n";
}

json signature_entry(std::string_view keyid, std::string_view bytes) {
  return {{"keyid", keyid}, {"sig", to_hex(bytes)}};
}

}  // namespace

struct SigningKey::Handle {
  PkeyPtr key;
};

Result<std::string> key_id(const json& key_object) {
  const auto canonical = TRY(canonical_json(key_object));
  return sha256(canonical).hex();
}

Result<json> public_key_object(std::string_view pem) {
  const ErrorQueueGuard guard;
  if (pem.size() > kMaxPem) return fail(Errc::malformed, "the public key's PEM text is too large");
  if (pem.find("PRIVATE KEY") != std::string_view::npos) {
    return fail(Errc::invalid_argument,
                "this is a private key, which stays where it is; give its public half (openssl pkey -pubout)");
  }
  const BioPtr bio = bio_over(pem);
  std::string_view none;  // a block that claims to be encrypted must not make OpenSSL ask the terminal
  const PkeyPtr key(bio == nullptr ? nullptr : PEM_read_bio_PUBKEY(bio.get(), nullptr, give_passphrase, &none));
  if (key == nullptr) return fail(Errc::malformed, "the text holds no public key in PEM (-----BEGIN PUBLIC KEY-----)");
  auto object = TRY(describe(key.get()));
  const auto parsed = TRY(Key::parse(object));
  TRY(PublicKey::open(parsed));  // what no client would accept must not be named
  return object;
}

Result<std::string> public_key_pem(const json& key_object) {
  const ErrorQueueGuard guard;
  const auto key = TRY(Key::parse(key_object));
  TRY(PublicKey::open(key));
  if (key.keytype != "ed25519") return key.public_text;
  const auto raw = TRY(from_hex(key.public_text));
  const PkeyPtr handle(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw.data(), raw.size()));
  if (handle == nullptr) return fail(Errc::malformed, "not an ed25519 key");
  return public_pem(handle.get());
}

Result<SigningKey> SigningKey::generate() {
  auto handle = std::make_shared<Handle>();
  handle->key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  return from_handle(std::move(handle));
}

Result<SigningKey> SigningKey::from_handle(std::shared_ptr<const Handle> handle) {
  if (handle->key == nullptr) return fail(Errc::internal, "OpenSSL made no key");
  auto object = TRY(describe(handle->key.get()));
  const auto parsed = TRY(Key::parse(object));
  TRY(PublicKey::open(parsed));  // what no client would accept must not sign
  auto id = TRY(key_id(object));
  return SigningKey(std::move(handle), std::move(object), std::move(id));
}

Result<SigningKey> SigningKey::from_pem(std::string_view pem, std::string_view passphrase) {
  const ErrorQueueGuard guard;
  if (pem.size() > kMaxPem) return fail(Errc::malformed, "the private key's PEM text is too large");
  const BioPtr bio = bio_over(pem);
  auto handle = std::make_shared<Handle>();
  handle->key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_passphrase, &passphrase));
  if (handle->key == nullptr) {
    const bool encrypted = pem.find("ENCRYPTED") != std::string_view::npos;
    return encrypted ? fail(Errc::not_authorised, "the private key does not open with this passphrase")
                     : fail(Errc::malformed, "the text holds no private key in PEM");
  }
  return from_handle(std::move(handle));
}

Result<std::string> SigningKey::to_pem(std::string_view passphrase) const {
  const ErrorQueueGuard guard;
  if (passphrase.empty()) return fail(Errc::invalid_argument, "a private key is kept under a passphrase");
  const SigPtr encrypted = encrypt(handle_->key.get(), passphrase);
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  if (encrypted == nullptr || bio == nullptr || PEM_write_bio_PKCS8(bio.get(), encrypted.get()) != 1) {
    return fail(Errc::internal, "the private key cannot be encrypted");
  }
  return content_of(bio.get());
}

Result<std::string> SigningKey::sign(std::string_view message) const {
  const ErrorQueueGuard guard;
  const DigestContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;  // belongs to `context`
  EVP_PKEY* key = handle_->key.get();
  const EVP_MD* digest = EVP_PKEY_is_a(key, "ED25519") == 1 ? nullptr : EVP_sha256();
  bool done = context != nullptr && EVP_DigestSignInit(context.get(), &options, digest, nullptr, key) == 1;
  if (done && EVP_PKEY_is_a(key, "RSA") == 1) done = set_pss(options);
  std::size_t size = 0;
  done = done && EVP_DigestSign(context.get(), nullptr, &size, bytes_of(message), message.size()) == 1;
  std::string signature(size, '\0');
  done = done && EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                                bytes_of(message), message.size()) == 1;
  if (!done) return fail(Errc::internal, "OpenSSL made no signature");
  signature.resize(size);
  return signature;
}

Result<std::string> sign_envelope(const json& content, const std::vector<SigningKey>& keys) {
  const auto message = TRY(canonical_json(content));
  json signatures = json::array();
  for (const auto& key : keys) {
    const auto signature = TRY(key.sign(message));
    signatures.push_back(signature_entry(key.id(), signature));
  }
  return envelope_text(content, signatures);
}

Result<std::string> signed_bytes(std::string_view envelope) {
  return TRY(Envelope::parse(envelope, kMaxEnvelope)).canonical;
}

Result<std::string> attach_signature(std::string_view envelope, const json& key, std::string_view signature) {
  const auto parsed = TRY(Envelope::parse(envelope, kMaxEnvelope));
  const auto id = TRY(key_id(key));
  const auto parsed_key = TRY(Key::parse(key));
  const auto opened = TRY(PublicKey::open(parsed_key));
  if (!opened.verify(parsed.canonical, signature)) {
    return fail(Errc::not_trusted, "the signature is not one of this key over this file");
  }
  json signatures = json::array();
  for (const auto& old : parsed.signatures) {
    if (old.keyid != id) signatures.push_back(signature_entry(old.keyid, old.bytes));
  }
  signatures.push_back(signature_entry(id, signature));
  return envelope_text(parsed.content, signatures);
}

}  // namespace homepatch::tuf
