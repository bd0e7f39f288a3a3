// The TUF metadata of a feed as its publisher makes it: the signed contents of the four roles, and the last signed
// versions in the work folder's metadata/ (specification 1.0.34, section 4; consistent snapshots).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/digest.hpp"
#include "core/time.hpp"
#include "trust/tuf/metadata.hpp"
#include "trust/tuf/signing.hpp"

namespace homepatch::feed {

struct TargetEntry {
  std::uint64_t length = 0;
  Digest sha256;
};
using TargetEntries = std::map<std::string, TargetEntry>;

// Version and end of validity of what is to be signed.
struct Edition {
  std::int64_t version = 1;
  Time expires{};
};

// Who may sign a role.
struct RoleHolder {
  std::string role;
  std::vector<nlohmann::json> public_keys;
  int threshold = 1;
  std::string named_by;  // "root version 1", for people
};

// As the TUF client counts them.
tuf::RoleKeys role_keys(const RoleHolder& holder);
bool is_among(const nlohmann::json& public_key, const RoleHolder& holder);

nlohmann::json root_content(const std::vector<RoleHolder>& holders, const Edition& edition);
// `delegations` as it stands in the file; null for none.
nlohmann::json targets_content(const TargetEntries& targets, const nlohmann::json& delegations, const Edition& edition);
// A file of metadata/, with what its publisher needs to know of it.
struct SignedFile {
  std::string bytes;
  nlohmann::json content;
  std::int64_t version = 0;
  Time expires{};
};

inline constexpr std::size_t kMaxMetadataBytes = 32U << 20U;

// A targets role, top-level or delegated, that the snapshot vouches for.
struct ListedRole {
  std::string role;
  SignedFile file;
};

nlohmann::json snapshot_content(const std::vector<ListedRole>& roles, const Edition& edition);
nlohmann::json timestamp_content(const SignedFile& snapshot, const Edition& edition);

// The last signed file of a role; nothing where none was signed yet. For root, the newest version.
Result<std::optional<SignedFile>> last_signed(const std::filesystem::path& metadata, std::string_view role);

// Every root file, from version 1 on. not_found when there is none.
Result<std::vector<SignedFile>> signed_roots(const std::filesystem::path& metadata);

// Where metadata waits for signatures that are made elsewhere (feed/pending.hpp).
std::filesystem::path pending_folder(const std::filesystem::path& metadata);

// The keys that the root gives the role, as they stand in it, and how many of them must sign.
Result<RoleHolder> holder_of(const SignedFile& root, std::string_view role);

// The file of a role, with what it says. malformed when it is none.
Result<SignedFile> read_signed(std::string bytes);

// Whether enough of the holder's keys signed the file.
[[nodiscard]] Status check_signed(const SignedFile& file, const RoleHolder& holder);

// Signs the content with those of the keys that hold the role; refuses when they are too few.
Result<SignedFile> sign_role(const nlohmann::json& content, const std::vector<tuf::SigningKey>& keys,
                             const RoleHolder& holder);

}  // namespace homepatch::feed
