// Public keys as people name them: a PEM file, or a key id of which enough is typed.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "feed/metadata.hpp"

namespace homepatch::feed {

// From a PEM file with one PUBLIC KEY: ed25519, ECDSA P-256 or RSA.
Result<nlohmann::json> read_public_key(const std::filesystem::path& path);
Result<std::vector<nlohmann::json>> read_public_keys(const std::vector<std::string>& paths);

// One PEM file <role>-<id>.pub in the folder for each of the holder's keys; their paths.
Result<std::vector<std::string>> write_public_keys(const RoleHolder& holder, const std::filesystem::path& folder);

// "3fa9c2d10b77 (ed25519)"
std::string brief(const nlohmann::json& public_key);

// Which of the holders' keys is meant: the one in the file `text`, or the one whose id begins with it. not_authorised
// for a key that none of the holders has.
Result<nlohmann::json> choose_key(const std::vector<RoleHolder>& holders, const std::string& text);

}  // namespace homepatch::feed
