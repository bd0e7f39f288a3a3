// The four kinds of TUF metadata as values, read from the signed content of an envelope. Strict about every field that
// this client uses; fields that it does not know are left alone (they are part of what was signed). Reading one proves
// nothing: TrustedSet decides what is believed.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/time.hpp"
#include "trust/tuf/envelope.hpp"
#include "trust/tuf/hashes.hpp"

namespace homepatch::tuf {

inline constexpr std::string_view kRoot = "root";
inline constexpr std::string_view kTimestamp = "timestamp";
inline constexpr std::string_view kSnapshot = "snapshot";
inline constexpr std::string_view kTargets = "targets";

// Bytes, with all but letters, digits, '-' and '_' percent-encoded: it still is a file name, a temporary one's too.
inline constexpr std::size_t kMaxRoleName = 240;
// Of every version: another one can follow it.
inline constexpr std::int64_t kMaxVersion = std::numeric_limits<std::int64_t>::max() - 1;

// `_type`, `spec_version`, `version` and `expires` of every role (specification section 4.3).
struct Signed {
  std::int64_t version = 0;
  Time expires{};

  static Result<Signed> parse(const nlohmann::json& content, std::string_view type);
};

struct Root : Signed {
  bool consistent_snapshot = false;
  RoleKeys root;
  RoleKeys timestamp;
  RoleKeys snapshot;
  RoleKeys targets;

  static Result<Root> parse(const nlohmann::json& content);
};

// A metadata file as timestamp and snapshot name it.
struct MetaFile {
  std::int64_t version = 0;
  std::optional<std::uint64_t> length;
  std::optional<Hashes> hashes;

  static Result<MetaFile> parse(const nlohmann::json& object);
};

struct Timestamp : Signed {
  MetaFile snapshot;

  static Result<Timestamp> parse(const nlohmann::json& content);
};

struct Snapshot : Signed {
  std::map<std::string, MetaFile, std::less<>> files;  // "targets.json", "<role>.json"

  static Result<Snapshot> parse(const nlohmann::json& content);
};

struct TargetFile {
  std::uint64_t length = 0;
  Hashes hashes;
  nlohmann::json custom;  // null when there is none

  static Result<TargetFile> parse(const nlohmann::json& object);
};

struct Delegation {
  std::string name;
  RoleKeys keys;
  bool terminating = false;
  std::vector<std::string> paths;               // patterns, or
  std::vector<std::string> path_hash_prefixes;  // lower-case hexadecimal

  [[nodiscard]] bool speaks_for(std::string_view target_path) const;
};

// Hash bins in a few words (TAP 15): 2^bit_length terminating roles with the same keys, among which the target paths
// are shared out by the beginning of their SHA-256.
struct SuccinctRoles {
  RoleKeys keys;
  unsigned bit_length = 0;
  std::string name_prefix;

  // The one role that speaks for the path: "<prefix>-<number>", the number being the first bits of the hash, in
  // hexadecimal with as many digits as the highest number has.
  [[nodiscard]] std::string role_for(std::string_view target_path) const;
};

struct Targets : Signed {
  std::map<std::string, TargetFile, std::less<>> targets;
  std::vector<Delegation> delegations;  // in the order of the file, which is their priority, or
  std::optional<SuccinctRoles> succinct_roles;

  static Result<Targets> parse(const nlohmann::json& content);
};

// The name under which a role is served and stored: percent-encoded with nothing but letters, digits and `-._~` left,
// with the version in front for consistent snapshots. A role's name is foreign text: it must never choose a folder.
std::string metadata_file_name(std::string_view role, std::optional<std::int64_t> version = std::nullopt);

}  // namespace homepatch::tuf
