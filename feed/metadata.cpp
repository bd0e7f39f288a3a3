#include "feed/metadata.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/file.hpp"
#include "trust/hash.hpp"
#include "trust/tuf/envelope.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch::feed {

namespace {

using nlohmann::json;

constexpr std::string_view kSpecVersion = "1.0.34";

json head(std::string_view type, const Edition& edition) {
  return {{"_type", type},
          {"spec_version", kSpecVersion},
          {"version", edition.version},
          {"expires", tuf::time_text(edition.expires)}};
}

json meta_file(std::int64_t version, std::string_view bytes) {
  return {{"version", version}, {"length", bytes.size()}, {"hashes", {{"sha256", sha256(bytes).hex()}}}};
}

Result<SignedFile> read_signed(std::string bytes) {
  auto envelope = TRY(tuf::Envelope::parse(bytes, kMaxMetadataBytes));
  const auto version = TRY(integer_field(envelope.content, "version", 1));
  const auto expires_text = TRY(string_field(envelope.content, "expires"));
  const auto expires = TRY(tuf::parse_time(expires_text));
  return SignedFile{std::move(bytes), std::move(envelope.content), version, expires};
}

Result<std::optional<SignedFile>> read_if_there(const std::filesystem::path& path) {
  auto bytes = read_file(path, kMaxMetadataBytes);
  if (!bytes && bytes.error().code == Errc::not_found) return std::optional<SignedFile>{};
  if (!bytes) return fail(bytes.error());
  return std::optional<SignedFile>(TRY_IN(path.string(), read_signed(*std::move(bytes))));
}

const tuf::RoleKeys& keys_of(const tuf::Root& root, std::string_view role) {
  if (role == tuf::kTargets) return root.targets;
  if (role == tuf::kSnapshot) return root.snapshot;
  if (role == tuf::kTimestamp) return root.timestamp;
  return root.root;
}

}  // namespace

json root_content(const std::vector<RoleHolder>& holders, const Edition& edition) {
  auto content = head(tuf::kRoot, edition);
  content["consistent_snapshot"] = true;
  for (const auto& holder : holders) {
    auto ids = json::array();
    for (const auto& key : holder.public_keys) {
      const auto id = tuf::key_id(key).value_or(std::string{});
      content["keys"][id] = key;
      ids.push_back(id);
    }
    content["roles"][std::string(holder.role)] = {{"keyids", ids}, {"threshold", holder.threshold}};
  }
  return content;
}

json targets_content(const TargetEntries& targets, const Edition& edition) {
  auto content = head(tuf::kTargets, edition);
  content["targets"] = json::object();
  for (const auto& [path, entry] : targets) {
    content["targets"][path] = {{"length", entry.length}, {"hashes", {{"sha256", entry.sha256.hex()}}}};
  }
  return content;
}

json snapshot_content(std::int64_t targets_version, std::string_view targets_file, const Edition& edition) {
  auto content = head(tuf::kSnapshot, edition);
  content["meta"]["targets.json"] = meta_file(targets_version, targets_file);
  return content;
}

json timestamp_content(std::int64_t snapshot_version, std::string_view snapshot_file, const Edition& edition) {
  auto content = head(tuf::kTimestamp, edition);
  content["meta"]["snapshot.json"] = meta_file(snapshot_version, snapshot_file);
  return content;
}

Result<std::optional<SignedFile>> last_signed(const std::filesystem::path& metadata, std::string_view role) {
  if (role != tuf::kRoot) return read_if_there(metadata / tuf::metadata_file_name(role));
  auto roots = TRY(signed_roots(metadata));
  return std::optional<SignedFile>(std::move(roots.back()));
}

Result<std::vector<SignedFile>> signed_roots(const std::filesystem::path& metadata) {
  std::vector<SignedFile> roots;
  while (true) {
    const auto number = static_cast<std::int64_t>(roots.size()) + 1;
    auto root = TRY(read_if_there(metadata / tuf::metadata_file_name(tuf::kRoot, number)));
    if (!root) break;
    roots.push_back(*std::move(root));
  }
  if (!roots.empty()) return roots;
  return fail(Errc::not_found, fmt::format("{} is missing: the feed has no root",
                                           (metadata / tuf::metadata_file_name(tuf::kRoot, 1)).string()));
}

Result<RoleHolder> holder_of(const SignedFile& root, std::string_view role) {
  const auto& roles = root.content.at("roles");
  const auto found = roles.find(role);
  if (found == roles.end()) return fail(Errc::not_found, fmt::format("the root names no role {}", role));
  RoleHolder holder{role, {}, found->value("threshold", 1)};
  for (const auto& id : found->at("keyids")) holder.public_keys.push_back(root.content.at("keys").at(id));
  return holder;
}

Result<SignedFile> sign_role(const json& content, const std::vector<tuf::SigningKey>& keys, std::string_view role,
                             const SignedFile& root) {
  const auto holder = TRY(holder_of(root, role));
  std::vector<tuf::SigningKey> named;
  std::copy_if(keys.begin(), keys.end(), std::back_inserter(named), [&](const tuf::SigningKey& key) {
    return std::find(holder.public_keys.begin(), holder.public_keys.end(), key.public_key()) !=
           holder.public_keys.end();
  });
  auto bytes = TRY(tuf::sign_envelope(content, named));
  const auto envelope = TRY(tuf::Envelope::parse(bytes, kMaxMetadataBytes));
  const auto parsed = TRY(tuf::Root::parse(root.content));
  if (const auto enough = tuf::check_signatures(envelope, keys_of(parsed, role)); !enough) {
    return fail(
        Errc::not_authorised,
        fmt::format("root version {} does not let these keys sign {}: {}. Bring the keys that it names, or sign "
                    "a new root with homepatch-feed rotate {}",
                    root.version, role, enough.error().text, role));
  }
  return read_signed(std::move(bytes));
}

}  // namespace homepatch::feed
