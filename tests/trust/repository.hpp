// A TUF repository in memory, for tests: contents as JSON that a test may bend as it likes, keys per role, and the
// files as a server would give them. And a home that refreshes from it, remembering what it asked for and what it
// stored.
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "trust/tuf/client.hpp"
#include "trust/tuf/signing.hpp"

namespace homepatch::tuf {

class Repository {
 public:
  // Version 1 of the four top-level roles, one ed25519 key each, consistent snapshots, published.
  Repository();

  nlohmann::json& content(const std::string& role) { return contents_[role]; }
  std::vector<SigningKey>& signers(const std::string& role) { return signers_[role]; }

  // The role's keys, as root or the delegator shall name them; the signers are set to the same.
  void set_keys(const std::string& role, const std::vector<SigningKey>& keys, int threshold = 1);
  // A new delegated role with one key; `paths` as patterns. Listed in the snapshot.
  void delegate(const std::string& delegator, const std::string& role, const std::vector<std::string>& paths,
                bool terminating = false);
  void add_target(const std::string& role, const std::string& path, const std::string& bytes);

  // Signs and serves a role; the version is what `content` says. publish_snapshot() and publish_timestamp() first take
  // over the versions of what they list.
  void publish(const std::string& role);
  // Raises the version, publishes the role, then everything that lists it, with raised versions.
  void update(const std::string& role);
  void list_in_snapshot(const std::string& role);
  void list_in_timestamp();

  // Also state length and hashes in snapshot and timestamp.
  bool with_hashes = false;
  // Changes a role's file on its way to the server, after it was signed and listed.
  std::map<std::string, std::function<std::string(std::string)>> tamper;
  std::map<std::string, std::string> files;  // path below the metadata URL -> bytes

  static std::string expiry(int year = 2030);

 private:
  nlohmann::json& role_entry(const std::string& role);
  nlohmann::json& key_table(const std::string& role);
  void list(nlohmann::json& meta, const std::string& role);

  std::map<std::string, nlohmann::json> contents_;
  std::map<std::string, std::vector<SigningKey>> signers_;
  std::map<std::string, std::string> delegators_;
  std::map<std::string, std::string> signed_;  // the last file of each role, as signed
};

class Home {
 public:
  explicit Home(const Repository& repository);

  // A whole cycle; the client stays for lookups.
  Status refresh(const Repository& repository);
  // A lookup with the client of the last refresh.
  Result<Target> find(const Repository& repository, const std::string& path);

  [[nodiscard]] std::int64_t version(const std::string& role) const;

  Clock clock;
  Limits limits;
  std::map<std::string, std::string> stored;
  std::vector<std::string> requests;  // of the last refresh or lookup
  std::vector<std::string> changes;   // "store root", "remove timestamp", in order, of the same
  std::optional<Client> client;

 private:
  Status run(const Repository& repository);
};

}  // namespace homepatch::tuf
