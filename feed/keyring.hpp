// The private keys of a work folder: keys/<role>.pem, or keys/<role>-1.pem and so on where a role has several. Each is
// encrypted; passphrases come from files or from the person at the terminal, and are tried in turn.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "trust/tuf/signing.hpp"

namespace homepatch::feed {

// Where `init --no-passphrase` leaves the passphrase that it made: beside the keys, and worth as little as none.
inline constexpr std::string_view kPassphraseBesideKeys = "passphrase";

class Passphrases {
 public:
  // Each file holds one passphrase on one line.
  static Result<Passphrases> from_files(const std::vector<std::string>& files);

  void add(std::string passphrase) { known_.push_back(std::move(passphrase)); }
  [[nodiscard]] const std::vector<std::string>& known() const { return known_; }

 private:
  std::vector<std::string> known_;
};

// Asks on the terminal, without showing what is typed. not_authorised where there is no terminal.
Result<std::string> ask_passphrase(std::string_view question);

class Keyring {
 public:
  // Reads no key yet. A passphrase beside the keys is added to those given.
  static Result<Keyring> open(std::filesystem::path folder, Passphrases passphrases);

  // The keys of the role that lie in the folder. not_found when there is none, not_authorised when no passphrase opens
  // one of them.
  Result<std::vector<tuf::SigningKey>> of(std::string_view role);
  // Whether any key file of the role lies in the folder, openable or not.
  [[nodiscard]] bool has(std::string_view role) const { return !files_of(role).empty(); }

  // Moves the role's key files to keys/retired/, but for those of `kept`.
  Status retire(std::string_view role, const std::vector<nlohmann::json>& kept);

  // The first passphrase that was given, or asked for.
  Result<std::string> passphrase_for_new_key();

  // A name for one more key of the role that no file has: "targets-2".
  [[nodiscard]] std::string free_name(std::string_view role) const;

  // Writes the key as keys/<name>.pem, readable by its owner only. Never overwrites one.
  [[nodiscard]] Status keep(std::string_view name, const tuf::SigningKey& key, std::string_view passphrase) const;

 private:
  Keyring(std::filesystem::path folder, Passphrases passphrases)
      : folder_(std::move(folder)), passphrases_(std::move(passphrases)) {}

  [[nodiscard]] std::vector<std::filesystem::path> files_of(std::string_view role) const;
  Result<tuf::SigningKey> open_key(const std::filesystem::path& path);

  std::filesystem::path folder_;
  Passphrases passphrases_;
};

}  // namespace homepatch::feed
