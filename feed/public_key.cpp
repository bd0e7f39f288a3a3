#include "feed/public_key.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.hpp"
#include "trust/tuf/key.hpp"
#include "trust/tuf/signing.hpp"

namespace homepatch::feed {

namespace {

using nlohmann::json;

constexpr std::size_t kShownOfId = 12;
constexpr std::size_t kLeastOfId = 6;

std::string id_of(const json& public_key) { return tuf::key_id(public_key).value_or(std::string{}); }

std::vector<json> all_keys(const std::vector<RoleHolder>& holders) {
  std::vector<json> out;
  for (const auto& holder : holders) {
    for (const auto& key : holder.public_keys) {
      if (std::find(out.begin(), out.end(), key) == out.end()) out.push_back(key);
    }
  }
  return out;
}

std::string list(const std::vector<json>& keys) {
  std::vector<std::string> names;
  for (const auto& key : keys) names.push_back(brief(key));
  return fmt::format("{}", fmt::join(names, ", "));
}

Unexpected refuse(const std::vector<RoleHolder>& holders, const std::string& what) {
  return fail(Errc::not_authorised,
              fmt::format("{} may not sign {}; these may: {}", what, holders.front().role, list(all_keys(holders))));
}

}  // namespace

Result<json> read_public_key(const std::filesystem::path& path) {
  const auto pem = TRY(read_file(path, tuf::kMaxPem));
  return TRY_IN(path.string(), tuf::public_key_object(pem));
}

Result<std::vector<json>> read_public_keys(const std::vector<std::string>& paths) {
  std::vector<json> out;
  for (const auto& path : paths) {
    auto key = TRY(read_public_key(path));
    if (std::find(out.begin(), out.end(), key) != out.end()) {
      return fail(Errc::invalid_argument, fmt::format("{} holds a key that was given already", path));
    }
    out.push_back(std::move(key));
  }
  return out;
}

Result<std::vector<std::string>> write_public_keys(const RoleHolder& holder, const std::filesystem::path& folder) {
  std::vector<std::string> out;
  for (const auto& key : holder.public_keys) {
    const auto path = folder / fmt::format("{}-{}.pub", holder.role, id_of(key).substr(0, kShownOfId));
    const auto pem = TRY(tuf::public_key_pem(key));
    TRY(write_file_atomically(path, pem));
    out.push_back(path.string());
  }
  return out;
}

std::string brief(const json& public_key) {
  return fmt::format("{} ({})", id_of(public_key).substr(0, kShownOfId), public_key.value("keytype", ""));
}

Result<json> choose_key(const std::vector<RoleHolder>& holders, const std::string& text) {
  const auto keys = all_keys(holders);
  std::error_code ignored;
  if (std::filesystem::exists(text, ignored)) {
    auto key = TRY(read_public_key(text));
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) return key;
    return refuse(holders, fmt::format("the key {} of {}", brief(key), text));
  }
  std::vector<json> meant;
  if (text.size() >= kLeastOfId) {
    std::copy_if(keys.begin(), keys.end(), std::back_inserter(meant),
                 [&](const json& key) { return id_of(key).starts_with(text); });
  }
  if (meant.size() == 1) return meant.front();
  return refuse(holders, fmt::format("'{}' is no file, nor the beginning of one key's id (at least {} digits): it",
                                     text, kLeastOfId));
}

}  // namespace homepatch::feed
