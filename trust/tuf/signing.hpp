// The publisher's side of TUF: private keys, encrypted where they rest, and envelopes over canonical bytes. Used by
// homepatch-feed and by tests; the gateway itself holds no signing key.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "trust/tuf/key.hpp"

namespace homepatch::tuf {

// The label that our own feeds give a key: the SHA-256 of its object's canonical form, in hexadecimal (section 4.2).
Result<std::string> key_id(const nlohmann::json& key_object);

// The object of a public key whose private half is elsewhere (an HSM, another machine), from its PEM file: one PUBLIC
// KEY block of the kinds that Key verifies. Errors: malformed, unsupported.
Result<nlohmann::json> public_key_object(std::string_view pem);
// And back.
Result<std::string> public_key_pem(const nlohmann::json& key_object);

class SigningKey {
 public:
  // A new ed25519 key.
  static Result<SigningKey> generate();

  // A private key in PEM: PKCS #8, encrypted or not, of the kinds that Key verifies. Errors: not_authorised for a wrong
  // passphrase, malformed for all else. Never asks the terminal.
  static Result<SigningKey> from_pem(std::string_view pem, std::string_view passphrase);

  // PKCS #8, encrypted with AES-256-CBC under a key that scrypt makes from the passphrase, which must not be empty.
  // `openssl pkey` reads it.
  [[nodiscard]] Result<std::string> to_pem(std::string_view passphrase) const;

  [[nodiscard]] Result<std::string> sign(std::string_view message) const;

  // {"keytype", "scheme", "keyval": {"public"}}, as it stands in root and delegations.
  [[nodiscard]] const nlohmann::json& public_key() const { return public_key_; }
  [[nodiscard]] const std::string& id() const { return id_; }

 private:
  struct Handle;

  SigningKey(std::shared_ptr<const Handle> handle, nlohmann::json public_key, std::string id)
      : handle_(std::move(handle)), public_key_(std::move(public_key)), id_(std::move(id)) {}
  static Result<SigningKey> from_handle(std::shared_ptr<const Handle> handle);

  std::shared_ptr<const Handle> handle_;
  nlohmann::json public_key_;
  std::string id_;
};

// The file of a role: `content` as `signed`, with a signature of each key. As text that people can read; signatures are
// over the canonical form, so its white space is free.
Result<std::string> sign_envelope(const nlohmann::json& content, const std::vector<SigningKey>& keys);

// The same file with one more signature, made elsewhere (an HSM, a key on another machine) over signed_bytes(); an
// older one of the same key is replaced. Refuses a signature that does not verify with `key`.
Result<std::string> attach_signature(std::string_view envelope, const nlohmann::json& key, std::string_view signature);

// What must be signed for this envelope, to be taken to where the key is.
Result<std::string> signed_bytes(std::string_view envelope);

}  // namespace homepatch::tuf
