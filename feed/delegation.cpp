#include "feed/delegation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.hpp"
#include "core/catalog_names.hpp"
#include "trust/strict_json.hpp"

namespace homepatch::feed {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMaxDelegationBytes = 256U * 1024;

fs::path file_of(const Workshop& workshop, std::string_view vendor) {
  return workshop.delegations() / fmt::format("{}.json", vendor);
}

Result<RoleHolder> read_holder(const std::string& bytes, std::string_view vendor) {
  JsonLimits limits;
  limits.max_bytes = kMaxDelegationBytes;
  const auto document = TRY(parse_json(bytes, limits));
  const auto* keys = TRY(array_field(document, "keys"));
  const auto count = static_cast<std::int64_t>(keys->size());
  RoleHolder holder{std::string(vendor), {}, 1, fmt::format("the delegation to {}", vendor)};
  holder.threshold = static_cast<int>(TRY(integer_field(document, "threshold", 1, std::max<std::int64_t>(1, count))));
  for (const auto& key : *keys) {
    TRY(tuf::Key::parse(key));
    holder.public_keys.push_back(key);
  }
  return holder;
}

}  // namespace

Result<std::vector<RoleHolder>> delegations(const Workshop& workshop) {
  std::vector<std::string> vendors;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(workshop.delegations(), ignored)) {
    if (entry.path().extension() == ".json") vendors.push_back(entry.path().stem().string());
  }
  std::sort(vendors.begin(), vendors.end());
  std::vector<RoleHolder> out;
  for (const auto& vendor : vendors) {
    auto holder = TRY(delegation_of(workshop, vendor));
    if (holder) out.push_back(*std::move(holder));
  }
  return out;
}

Result<std::optional<RoleHolder>> delegation_of(const Workshop& workshop, std::string_view vendor) {
  if (!is_vendor_id(vendor)) {
    return fail(Errc::invalid_argument,
                fmt::format("the vendor '{}' must be a domain name in lower case, such as acme.example", vendor));
  }
  const auto path = file_of(workshop, vendor);
  const auto bytes = read_file(path, kMaxDelegationBytes);
  if (!bytes && bytes.error().code == Errc::not_found) return std::optional<RoleHolder>{};
  if (!bytes) return fail(bytes.error());
  return std::optional<RoleHolder>(TRY_IN(path.string(), read_holder(*bytes, vendor)));
}

Status keep_delegation(const Workshop& workshop, const RoleHolder& holder) {
  TRY(make_folder(workshop.delegations()));
  const json document{{"keys", holder.public_keys}, {"threshold", holder.threshold}};
  return write_file_atomically(file_of(workshop, holder.role), document.dump(1) + "\n");
}

Status drop_delegation(const Workshop& workshop, std::string_view vendor) {
  std::error_code error;
  fs::remove(file_of(workshop, vendor), error);
  if (error) {
    return fail(errno_error(fmt::format("removing {}", file_of(workshop, vendor).string()), error.value()));
  }
  return {};
}

std::vector<std::string> delegated_paths(std::string_view vendor) {
  return {fmt::format("{}/*/*", vendor), fmt::format("{}/*/*/*", vendor), fmt::format("{}/*/*/*/*", vendor)};
}

json delegations_content(const std::vector<RoleHolder>& holders) {
  if (holders.empty()) return nullptr;
  json out{{"keys", json::object()}, {"roles", json::array()}};
  for (const auto& holder : holders) {
    auto ids = json::array();
    for (const auto& key : holder.public_keys) {
      const auto id = tuf::key_id(key).value_or(std::string{});
      out["keys"][id] = key;
      ids.push_back(id);
    }
    out["roles"].push_back({{"name", holder.role},
                            {"keyids", ids},
                            {"threshold", holder.threshold},
                            {"terminating", true},
                            {"paths", delegated_paths(holder.role)}});
  }
  return out;
}

}  // namespace homepatch::feed
