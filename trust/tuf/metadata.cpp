#include "trust/tuf/metadata.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "base/text.hpp"
#include "trust/hash.hpp"
#include "trust/strict_json.hpp"
#include "trust/tuf/path_pattern.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch::tuf {

namespace {

using nlohmann::json;

constexpr std::string_view kUnreserved = "-._~";
constexpr std::int64_t kMaxThreshold = 1'000'000;
constexpr unsigned kMaxBinBits = 32;
constexpr unsigned kBitsPerDigit = 4;

bool is_too_long(std::string_view role) { return percent_encode(role, "-_").size() > kMaxRoleName; }

Unexpected malformed(std::string text) { return fail(Errc::malformed, std::move(text)); }

// Two or three numbers with points between, and what semantic versioning lets follow; only the first decides (section
// 4.3: same major version).
Status check_spec_version(std::string_view text) {
  const auto number = text.substr(0, text.find_first_of("-+"));
  const auto dots = std::ranges::count(number, '.');
  const bool form = (dots == 2 || (dots == 1 && number == text)) && number.find("..") == text.npos &&
                    !number.ends_with('.') && number.find_first_not_of("0123456789.") == text.npos;
  if (form && text.starts_with("1.")) return {};
  return fail(Errc::unsupported, "spec_version: this client reads TUF 1, the feed is written in another version");
}

Result<std::map<std::string, Key>> parse_keys(const json& object) {
  std::map<std::string, Key> keys;
  for (const auto& [keyid, key] : object.items()) {
    keys.emplace(keyid, TRY_IN(printable(keyid, 64), Key::parse(key)));
  }
  return keys;
}

// The role's own keys, out of those of the file. A key id that has no key is allowed.
Result<RoleKeys> parse_role_keys(const json& object, const std::map<std::string, Key>& keys) {
  RoleKeys role;
  role.threshold = static_cast<int>(TRY(integer_field(object, "threshold", 1, kMaxThreshold)));
  const auto keyids = TRY(strings_field(object, "keyids"));
  std::set<std::string_view> seen;
  for (const auto& keyid : keyids) {
    if (!seen.insert(keyid).second) return malformed("keyids: the same key id twice");
    if (const auto key = keys.find(keyid); key != keys.end()) role.keys.insert(*key);
  }
  return role;
}

Result<std::optional<std::uint64_t>> parse_length(const json& object) {
  const auto length = TRY(optional_integer_field(object, "length", 0));
  if (!length) return std::nullopt;
  return static_cast<std::uint64_t>(*length);
}

Status check_role_name(std::string_view name) {
  for (const auto taken : {kRoot, kTimestamp, kSnapshot, kTargets}) {
    if (name == taken) return malformed(fmt::format("name: a delegated role must not be called {}", taken));
  }
  if (name.empty() || is_too_long(name)) {
    return malformed(fmt::format("name: a role's name has 1 to {} bytes, percent-encoded", kMaxRoleName));
  }
  return {};
}

Result<Delegation> parse_delegation(const json& object, const std::map<std::string, Key>& keys) {
  Delegation delegation;
  delegation.name = TRY(string_field(object, "name"));
  TRY(check_role_name(delegation.name));
  delegation.keys = TRY(parse_role_keys(object, keys));
  // Section 4.5: its own example has no `terminating`, and of the two kinds of paths one "should be set, if used". A
  // delegation with none of them speaks for nothing.
  delegation.terminating = TRY(optional_bool_field(object, "terminating")).value_or(false);
  const bool paths = object.contains("paths");
  const bool prefixes = object.contains("path_hash_prefixes");
  if (paths && prefixes) return malformed("a delegation has either paths or path_hash_prefixes");
  if (paths) delegation.paths = TRY(strings_field(object, "paths"));
  if (prefixes) delegation.path_hash_prefixes = TRY(strings_field(object, "path_hash_prefixes"));
  return delegation;
}

Result<SuccinctRoles> parse_succinct_roles(const json& object, const std::map<std::string, Key>& keys) {
  SuccinctRoles roles;
  roles.keys = TRY(parse_role_keys(object, keys));
  roles.bit_length = static_cast<unsigned>(TRY(integer_field(object, "bit_length", 1, kMaxBinBits)));
  roles.name_prefix = TRY(string_field(object, "name_prefix"));
  if (is_too_long(roles.role_for(""))) {
    return malformed(fmt::format("name_prefix: a role's name has 1 to {} bytes, percent-encoded", kMaxRoleName));
  }
  return roles;
}

Result<std::vector<Delegation>> parse_roles(const json& object, const std::map<std::string, Key>& keys) {
  const auto* roles = TRY(array_field(object, "roles"));
  std::vector<Delegation> delegations;
  std::set<std::string> seen;
  for (const auto& role : *roles) {
    delegations.push_back(TRY_IN("roles", parse_delegation(role, keys)));
    if (!seen.insert(delegations.back().name).second) {
      return malformed(fmt::format("roles: {} is delegated to twice", printable(delegations.back().name, 64)));
    }
  }
  return delegations;
}

Status parse_delegations(const json& object, Targets& targets) {
  const auto* key_objects = TRY(object_field(object, "keys"));
  const auto keys = TRY_IN("keys", parse_keys(*key_objects));
  const auto* succinct = TRY(optional_object_field(object, "succinct_roles"));
  if (succinct == nullptr) {
    targets.delegations = TRY(parse_roles(object, keys));
    return {};
  }
  if (object.contains("roles")) return malformed("there are either roles or succinct_roles");
  targets.succinct_roles = TRY_IN("succinct_roles", parse_succinct_roles(*succinct, keys));
  return {};
}

}  // namespace

Result<Signed> Signed::parse(const json& content, std::string_view type) {
  const auto stated = TRY(string_field(content, "_type"));
  if (stated != type) {
    return malformed(fmt::format("_type: this file says that it is {}, not {}", printable(stated, 64), type));
  }
  const auto spec_version = TRY(string_field(content, "spec_version"));
  TRY(check_spec_version(spec_version));
  Signed common;
  common.version = TRY(integer_field(content, "version", 1, kMaxVersion));
  const auto expires = TRY(string_field(content, "expires"));
  common.expires = TRY_IN("expires", parse_time(expires));
  return common;
}

Result<Root> Root::parse(const json& content) {
  Root result{TRY(Signed::parse(content, kRoot))};
  result.consistent_snapshot = TRY(optional_bool_field(content, "consistent_snapshot")).value_or(false);
  const auto* key_objects = TRY(object_field(content, "keys"));
  const auto keys = TRY_IN("keys", parse_keys(*key_objects));
  const auto* roles = TRY(object_field(content, "roles"));
  const auto read = [&](std::string_view name) -> Result<RoleKeys> {
    const auto* role = TRY_IN("roles", object_field(*roles, name));
    return TRY_IN(name, parse_role_keys(*role, keys));
  };
  result.root = TRY(read(kRoot));
  result.timestamp = TRY(read(kTimestamp));
  result.snapshot = TRY(read(kSnapshot));
  result.targets = TRY(read(kTargets));
  return result;
}

Result<MetaFile> MetaFile::parse(const json& object) {
  MetaFile file;
  file.version = TRY(integer_field(object, "version", 1));
  file.length = TRY(parse_length(object));
  if (const auto* hashes = TRY(optional_object_field(object, "hashes"))) {
    file.hashes = TRY_IN("hashes", Hashes::parse(*hashes));
  }
  return file;
}

Result<Timestamp> Timestamp::parse(const json& content) {
  Timestamp result{TRY(Signed::parse(content, kTimestamp))};
  const auto* meta = TRY(object_field(content, "meta"));
  const auto* snapshot = TRY_IN("meta", object_field(*meta, "snapshot.json"));
  result.snapshot = TRY_IN("snapshot.json", MetaFile::parse(*snapshot));
  return result;
}

Result<Snapshot> Snapshot::parse(const json& content) {
  Snapshot result{TRY(Signed::parse(content, kSnapshot))};
  const auto* meta = TRY(object_field(content, "meta"));
  for (const auto& [name, file] : meta->items()) {
    result.files.emplace(name, TRY_IN(printable(name, 96), MetaFile::parse(file)));
  }
  return result;
}

Result<TargetFile> TargetFile::parse(const json& object) {
  TargetFile target;
  target.length = static_cast<std::uint64_t>(TRY(integer_field(object, "length", 0)));
  const auto* hashes = TRY(object_field(object, "hashes"));
  target.hashes = TRY_IN("hashes", Hashes::parse(*hashes));
  if (const auto* custom = TRY(optional_object_field(object, "custom"))) target.custom = *custom;
  return target;
}

Result<Targets> Targets::parse(const json& content) {
  Targets result{TRY(Signed::parse(content, kTargets))};
  const auto* targets = TRY(object_field(content, "targets"));
  for (const auto& [path, target] : targets->items()) {
    result.targets.emplace(path, TRY_IN(printable(path, 128), TargetFile::parse(target)));
  }
  if (const auto* delegations = TRY(optional_object_field(content, "delegations"))) {
    TRY_IN("delegations", parse_delegations(*delegations, result));
  }
  return result;
}

bool Delegation::speaks_for(std::string_view target_path) const {
  return std::ranges::any_of(paths, [&](const auto& pattern) { return matches_pattern(target_path, pattern); }) ||
         std::ranges::any_of(path_hash_prefixes,
                             [&](const auto& prefix) { return matches_hash_prefix(target_path, prefix); });
}

std::string SuccinctRoles::role_for(std::string_view target_path) const {
  const Digest digest = sha256(target_path);
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < sizeof(number); ++i) number = (number << 8U) | digest.bytes()[i];
  const unsigned digits = (bit_length + kBitsPerDigit - 1) / kBitsPerDigit;
  return fmt::format("{}-{:0{}x}", name_prefix, number >> (kMaxBinBits - bit_length), digits);
}

std::string metadata_file_name(std::string_view role, std::optional<std::int64_t> version) {
  const auto name = percent_encode(role, kUnreserved) + ".json";
  return version ? fmt::format("{}.{}", *version, name) : name;
}

}  // namespace homepatch::tuf
