// A public key as TUF metadata names it: ed25519, ecdsa-sha2-nistp256 or rsassa-pss-sha256; other kinds are kept, so
// that a repository may use them, but verify nothing. The key id is the repository's label and proves nothing: keys are
// told apart by their material.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homepatch::tuf {

inline constexpr std::size_t kMaxPem = 8UL * 1024;
inline constexpr int kMinRsaBits = 2048;
inline constexpr int kMaxRsaBits = 8192;  // a larger one only costs the gateway's time

struct Key {
  std::string keytype;
  std::string scheme;
  std::string public_text;  // keyval.public: hexadecimal or PEM; empty where an unknown kind has none

  // From the object in `keys`. An error only when it has not the form of a key at all.
  static Result<Key> parse(const nlohmann::json& object);

  friend bool operator==(const Key&, const Key&) = default;
};

// A key ready to verify. Opened only when a signature names it: metadata may list many.
class PublicKey {
 public:
  // Errors: unsupported for kinds that this client does not know, malformed for a key that is not what its kind says
  // (wrong curve, RSA below 2048 bits, not exactly one PEM block).
  static Result<PublicKey> open(const Key& key);

  // Signature bytes: 64 for ed25519, DER for ECDSA, the modulus' size for RSA-PSS (any salt length).
  [[nodiscard]] bool verify(std::string_view message, std::string_view signature) const;

  // Equal for two keys with the same secret, however each is spelled.
  [[nodiscard]] const std::string& material() const { return material_; }

 private:
  enum class Kind { ed25519, ecdsa, rsa_pss };
  struct Handle;

  PublicKey(Kind kind, std::shared_ptr<const Handle> handle, std::string material)
      : kind_(kind), handle_(std::move(handle)), material_(std::move(material)) {}
  static Result<PublicKey> open_ed25519(std::string_view hex);
  static Result<PublicKey> open_ecdsa(std::string_view pem);
  static Result<PublicKey> open_rsa(std::string_view pem);

  Kind kind_;
  std::shared_ptr<const Handle> handle_;
  std::string material_;
};

}  // namespace homepatch::tuf
