// Vendors that sign their own releases in somebody else's feed: delegations/<vendor>.json names the keys that may sign
// the role of that vendor, and how many of them must. The feed's targets role hands the vendor's paths to it, and
// nothing else. In a delegated vendor's own work folder the same file names its own keys.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "feed/metadata.hpp"
#include "feed/workshop.hpp"

namespace homepatch::feed {

// By vendor.
Result<std::vector<RoleHolder>> delegations(const Workshop& workshop);
Result<std::optional<RoleHolder>> delegation_of(const Workshop& workshop, std::string_view vendor);
[[nodiscard]] Status keep_delegation(const Workshop& workshop, const RoleHolder& holder);
[[nodiscard]] Status drop_delegation(const Workshop& workshop, std::string_view vendor);

// What a vendor's role may list: everything of its models, at the depths that catalogs use.
std::vector<std::string> delegated_paths(std::string_view vendor);

// The member `delegations` of the targets role; null for none.
nlohmann::json delegations_content(const std::vector<RoleHolder>& holders);

}  // namespace homepatch::feed
