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

json meta_file(const SignedFile& file) {
  return {{"version", file.version}, {"length", file.bytes.size()}, {"hashes", {{"sha256", sha256(file.bytes).hex()}}}};
}

Result<std::optional<SignedFile>> read_if_there(const std::filesystem::path& path) {
  auto bytes = read_file(path, kMaxMetadataBytes);
  if (!bytes && bytes.error().code == Errc::not_found) return std::optional<SignedFile>{};
  if (!bytes) return fail(bytes.error());
  return std::optional<SignedFile>(TRY_IN(path.string(), read_signed(*std::move(bytes))));
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
    content["roles"][holder.role] = {{"keyids", ids}, {"threshold", holder.threshold}};
  }
  return content;
}

json targets_content(const TargetEntries& targets, const json& delegations, const Edition& edition) {
  auto content = head(tuf::kTargets, edition);
  content["targets"] = json::object();
  for (const auto& [path, entry] : targets) {
    content["targets"][path] = {{"length", entry.length}, {"hashes", {{"sha256", entry.sha256.hex()}}}};
  }
  if (!delegations.is_null()) content["delegations"] = delegations;
  return content;
}

json snapshot_content(const std::vector<ListedRole>& roles, const Edition& edition) {
  auto content = head(tuf::kSnapshot, edition);
  for (const auto& [role, file] : roles) content["meta"][role + ".json"] = meta_file(file);
  return content;
}

json timestamp_content(const SignedFile& snapshot, const Edition& edition) {
  auto content = head(tuf::kTimestamp, edition);
  content["meta"]["snapshot.json"] = meta_file(snapshot);
  return content;
}

tuf::RoleKeys role_keys(const RoleHolder& holder) {
  tuf::RoleKeys out;
  out.threshold = holder.threshold;
  for (const auto& object : holder.public_keys) {
    const auto id = tuf::key_id(object);
    const auto key = tuf::Key::parse(object);
    if (id && key) out.keys.emplace(*id, *key);
  }
  return out;
}

bool is_among(const json& public_key, const RoleHolder& holder) {
  return std::find(holder.public_keys.begin(), holder.public_keys.end(), public_key) != holder.public_keys.end();
}

Result<SignedFile> read_signed(std::string bytes) {
  auto envelope = TRY(tuf::Envelope::parse(bytes, kMaxMetadataBytes));
  const auto version = TRY(integer_field(envelope.content, "version", 1));
  const auto expires_text = TRY(string_field(envelope.content, "expires"));
  const auto expires = TRY(tuf::parse_time(expires_text));
  return SignedFile{std::move(bytes), std::move(envelope.content), version, expires};
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
  std::error_code ignored;
  if (std::filesystem::exists(pending_folder(metadata) / tuf::metadata_file_name(tuf::kRoot), ignored)) {
    return fail(
        Errc::not_authorised,
        "the feed's first root still awaits signatures: homepatch-feed prepare root writes what is to be signed, "
        "homepatch-feed attach root takes the signatures");
  }
  return fail(Errc::not_found, fmt::format("{} is missing: the feed has no root",
                                           (metadata / tuf::metadata_file_name(tuf::kRoot, 1)).string()));
}

Result<RoleHolder> holder_of(const SignedFile& root, std::string_view role) {
  const auto& roles = root.content.at("roles");
  const auto found = roles.find(role);
  if (found == roles.end()) return fail(Errc::not_found, fmt::format("the root names no role {}", role));
  RoleHolder holder{std::string(role), {}, found->value("threshold", 1), fmt::format("root version {}", root.version)};
  for (const auto& id : found->at("keyids")) holder.public_keys.push_back(root.content.at("keys").at(id));
  return holder;
}

std::filesystem::path pending_folder(const std::filesystem::path& metadata) { return metadata / "pending"; }

Status check_signed(const SignedFile& file, const RoleHolder& holder) {
  const auto envelope = TRY(tuf::Envelope::parse(file.bytes, kMaxMetadataBytes));
  return tuf::check_signatures(envelope, role_keys(holder));
}

Result<SignedFile> sign_role(const json& content, const std::vector<tuf::SigningKey>& keys, const RoleHolder& holder) {
  std::vector<tuf::SigningKey> named;
  std::copy_if(keys.begin(), keys.end(), std::back_inserter(named),
               [&](const tuf::SigningKey& key) { return is_among(key.public_key(), holder); });
  auto bytes = TRY(tuf::sign_envelope(content, named));
  auto file = TRY(read_signed(std::move(bytes)));
  if (named.size() >= static_cast<std::size_t>(holder.threshold) && check_signed(file, holder)) return file;
  return fail(
      Errc::not_authorised,
      fmt::format("{} asks for {} of its {} keys of the role {}, and {} of them are here. Bring the others, have "
                  "it signed where they are (homepatch-feed prepare {}), or sign a new root with homepatch-feed "
                  "rotate {}",
                  holder.named_by, holder.threshold, holder.public_keys.size(), holder.role, named.size(), holder.role,
                  holder.role));
}

}  // namespace homepatch::feed
