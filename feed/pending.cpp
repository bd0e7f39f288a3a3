#include "feed/pending.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/file.hpp"
#include "feed/delegation.hpp"
#include "trust/tuf/envelope.hpp"
#include "trust/tuf/trusted_set.hpp"

namespace homepatch::feed {

namespace {

namespace fs = std::filesystem;

fs::path file_of(const Workshop& workshop, std::string_view role) {
  return pending_folder(workshop.metadata()) / tuf::metadata_file_name(role);
}

// Refuses a root that homes would not follow.
Status check_followed(const std::optional<SignedFile>& before, const std::string& after, Time now) {
  constexpr std::string_view kRefused = "homes would not follow to this root, so it was not kept";
  const tuf::Clock clock{now, tuf::Expiry::judge};
  if (!before) {
    TRY_IN(kRefused, tuf::TrustedSet::open(after, clock, tuf::Limits{}));
    return {};
  }
  auto trusted = TRY(tuf::TrustedSet::open(before->bytes, clock, tuf::Limits{}));
  TRY_IN(kRefused, trusted.update_root(after));
  return {};
}

// The newest root; nothing before the first one is signed.
Result<std::optional<SignedFile>> newest_root(const Workshop& workshop) {
  std::error_code ignored;
  const auto first = workshop.metadata() / tuf::metadata_file_name(tuf::kRoot, 1);
  if (!fs::exists(first, ignored)) return std::optional<SignedFile>{};
  return last_signed(workshop.metadata(), tuf::kRoot);
}

}  // namespace

Status check_role(const Workshop& workshop, std::string_view role) {
  const auto& settings = workshop.settings();
  if (settings.delegated && role == settings.vendor) return {};
  if (settings.delegated) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' is not the role of this folder: it signs {} alone", role, settings.vendor));
  }
  for (const auto known : {tuf::kRoot, tuf::kTargets, tuf::kSnapshot, tuf::kTimestamp}) {
    if (role == known) return {};
  }
  return fail(Errc::invalid_argument,
              fmt::format("'{}' is no role: it must be root, targets, snapshot or timestamp", role));
}

Result<std::optional<SignedFile>> pending(const Workshop& workshop, std::string_view role) {
  const auto path = file_of(workshop, role);
  auto bytes = read_file(path, kMaxMetadataBytes);
  if (!bytes && bytes.error().code == Errc::not_found) return std::optional<SignedFile>{};
  if (!bytes) return fail(std::move(bytes).error());
  return std::optional<SignedFile>(TRY_IN(path.string(), read_signed(*std::move(bytes))));
}

Status keep_pending(const Workshop& workshop, std::string_view role, std::string_view bytes) {
  TRY(make_folder(pending_folder(workshop.metadata())));
  return write_file_atomically(file_of(workshop, role), bytes);
}

Status drop_pending(const Workshop& workshop, std::string_view role) {
  std::error_code error;
  if (!fs::remove(file_of(workshop, role), error) && error) {
    return fail(errno_error(fmt::format("removing {}", file_of(workshop, role).string()), error.value()));
  }
  return {};
}

Result<std::vector<RoleHolder>> holders_for(const Workshop& workshop, std::string_view role, const SignedFile& file) {
  std::vector<RoleHolder> out;
  if (workshop.settings().delegated) {
    auto own = TRY(delegation_of(workshop, role));
    if (own) out.push_back(*std::move(own));
    return out;
  }
  const auto root = TRY(newest_root(workshop));
  if (root) out.push_back(TRY(holder_of(*root, role)));
  if (role != tuf::kRoot) return out;
  auto own = TRY(holder_of(file, tuf::kRoot));
  own.named_by = "the new root itself";
  const bool renewed =
      !out.empty() && out.front().public_keys == own.public_keys && out.front().threshold == own.threshold;
  if (!renewed) out.push_back(std::move(own));
  return out;
}

Result<std::vector<SignatureCount>> count_signatures(const SignedFile& file, const std::vector<RoleHolder>& holders) {
  const auto envelope = TRY(tuf::Envelope::parse(file.bytes, kMaxMetadataBytes));
  std::vector<SignatureCount> out;
  for (const auto& holder : holders) out.push_back({holder, tuf::count_signatures(envelope, role_keys(holder))});
  return out;
}

bool enough(const std::vector<SignatureCount>& counts) {
  return std::all_of(counts.begin(), counts.end(), [](const SignatureCount& count) { return count.enough(); });
}

std::string describe(const std::vector<SignatureCount>& counts, std::string_view indent) {
  std::string text;
  for (const auto& [holder, there] : counts) {
    fmt::format_to(std::back_inserter(text), "{}{} of the {} signature(s) that {} asks for\n", indent,
                   std::min(there, static_cast<std::size_t>(holder.threshold)), holder.threshold, holder.named_by);
  }
  return text;
}

Result<bool> settle_root(const Workshop& workshop, Time now) {
  const auto file = TRY(pending(workshop, tuf::kRoot));
  if (!file) return fail(Errc::not_found, "no root awaits signatures");
  const auto holders = TRY(holders_for(workshop, tuf::kRoot, *file));
  const auto counts = TRY(count_signatures(*file, holders));
  if (!enough(counts)) return false;
  const auto before = TRY(newest_root(workshop));
  TRY(check_followed(before, file->bytes, now));
  TRY(write_file_atomically(workshop.metadata() / tuf::metadata_file_name(tuf::kRoot, file->version), file->bytes));
  TRY(drop_pending(workshop, tuf::kRoot));
  return true;
}

}  // namespace homepatch::feed
