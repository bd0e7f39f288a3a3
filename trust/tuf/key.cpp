#include "trust/tuf/key.hpp"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>
#include <vector>

#include "base/text.hpp"
#include "trust/strict_json.hpp"
#include "trust/tuf/openssl.hpp"

namespace homepatch::tuf {

namespace {

constexpr std::size_t kEd25519Size = 32;
constexpr std::string_view kPemBegin = "-----BEGIN PUBLIC KEY-----";
constexpr std::string_view kPemEnd = "-----END PUBLIC KEY-----";
constexpr std::string_view kWhiteSpace = " \t\r\n";

Unexpected bad_key(std::string_view text) { return fail(Errc::malformed, std::string(text)); }

// Exactly one block, nothing before or after it, no encryption header (OpenSSL would ask the terminal for a password).
Status check_pem_frame(std::string_view pem) {
  if (pem.size() > kMaxPem) return bad_key("the PEM text of the key is too large");
  const auto last = pem.find_last_not_of(kWhiteSpace);
  const auto text = last == std::string_view::npos ? std::string_view() : pem.substr(0, last + 1);
  if (!text.starts_with(kPemBegin) || !text.ends_with(kPemEnd) || text.find("-----BEGIN", 1) != text.npos) {
    return bad_key("the key is not exactly one PEM block PUBLIC KEY");
  }
  if (text.find(':') != text.npos) return bad_key("the key's PEM block has headers");
  return {};
}

Result<PkeyPtr> key_from_pem(std::string_view pem) {
  TRY(check_pem_frame(pem));
  const BioPtr bio = bio_over(pem);
  char* name = nullptr;
  char* header = nullptr;
  unsigned char* der = nullptr;
  long size = 0;
  if (bio == nullptr || PEM_read_bio(bio.get(), &name, &header, &der, &size) != 1) {
    return bad_key("the key's PEM text cannot be read");
  }
  const unsigned char* end = der;
  PkeyPtr key(d2i_PUBKEY(nullptr, &end, size));
  const bool whole = end == der + size;
  OPENSSL_free(name);
  OPENSSL_free(header);
  OPENSSL_free(der);
  if (key == nullptr || !whole) return bad_key("the key's PEM text holds no public key");
  return key;
}

std::string number_of(const EVP_PKEY* key, const char* name) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return {};
  const BignumPtr number(raw);
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(bytes.data()));
  return bytes;
}

bool is_p256(const EVP_PKEY* key) {
  std::array<char, 64> group{};
  std::size_t size = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1 &&
         std::string_view(group.data(), size) == "prime256v1";
}

bool set_pss(EVP_PKEY_CTX* context) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, EVP_sha256()) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_AUTO) == 1;
}

}  // namespace

struct PublicKey::Handle {
  PkeyPtr key;
};

Result<Key> Key::parse(const nlohmann::json& object) {
  Key key;
  key.keytype = TRY(string_field(object, "keytype"));
  key.scheme = TRY(string_field(object, "scheme"));
  const auto* keyval = TRY(object_field(object, "keyval"));
  const auto text = keyval->find("public");
  if (text != keyval->end() && text->is_string()) key.public_text = text->get_ref<const std::string&>();
  return key;
}

Result<PublicKey> PublicKey::open(const Key& key) {
  const ErrorQueueGuard guard;
  if (key.keytype == "ed25519" && key.scheme == "ed25519") return open_ed25519(key.public_text);
  const bool ecdsa = key.keytype == "ecdsa" || key.keytype == "ecdsa-sha2-nistp256";
  if (ecdsa && key.scheme == "ecdsa-sha2-nistp256") return open_ecdsa(key.public_text);
  if (key.keytype == "rsa" && key.scheme == "rsassa-pss-sha256") return open_rsa(key.public_text);
  return fail(Errc::unsupported, "a key of the kind " + printable(key.keytype + "/" + key.scheme, 64));
}

Result<PublicKey> PublicKey::open_ed25519(std::string_view hex) {
  if (hex.size() != 2 * kEd25519Size) return bad_key("an ed25519 key has 64 hexadecimal digits");
  const auto raw = TRY(from_hex(hex));
  auto handle = std::make_shared<Handle>();
  handle->key.reset(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw.data(), raw.size()));
  if (handle->key == nullptr) return bad_key("not an ed25519 key");
  return PublicKey(Kind::ed25519, std::move(handle), "ed25519:" + std::string(raw.begin(), raw.end()));
}

Result<PublicKey> PublicKey::open_ecdsa(std::string_view pem) {
  auto handle = std::make_shared<Handle>();
  handle->key = TRY(key_from_pem(pem));
  if (!is_p256(handle->key.get())) return bad_key("the key is not on the curve P-256");
  // The point's coordinates: a compressed and an uncompressed spelling are the same key.
  std::string material = "ecdsa:" + number_of(handle->key.get(), OSSL_PKEY_PARAM_EC_PUB_X) + ":" +
                         number_of(handle->key.get(), OSSL_PKEY_PARAM_EC_PUB_Y);
  return PublicKey(Kind::ecdsa, std::move(handle), std::move(material));
}

Result<PublicKey> PublicKey::open_rsa(std::string_view pem) {
  auto handle = std::make_shared<Handle>();
  handle->key = TRY(key_from_pem(pem));
  if (EVP_PKEY_is_a(handle->key.get(), "RSA") != 1) return bad_key("the key is not an RSA key");
  const int bits = EVP_PKEY_get_bits(handle->key.get());
  if (bits < kMinRsaBits) return bad_key("an RSA key below 2048 bits");
  if (bits > kMaxRsaBits) return bad_key("an RSA key above 8192 bits");
  // The modulus alone: whoever can sign for one exponent can sign for all.
  std::string material = "rsa:" + number_of(handle->key.get(), OSSL_PKEY_PARAM_RSA_N);
  return PublicKey(Kind::rsa_pss, std::move(handle), std::move(material));
}

bool PublicKey::verify(std::string_view message, std::string_view signature) const {
  const ErrorQueueGuard guard;
  const DigestContextPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;  // belongs to `context`
  const EVP_MD* digest = kind_ == Kind::ed25519 ? nullptr : EVP_sha256();
  if (context == nullptr || EVP_DigestVerifyInit(context.get(), &options, digest, nullptr, handle_->key.get()) != 1) {
    return false;
  }
  if (kind_ == Kind::rsa_pss && !set_pss(options)) return false;
  // 0 is a wrong signature, negative an error: only 1 is success.
  return EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(message), message.size()) == 1;
}

}  // namespace homepatch::tuf
