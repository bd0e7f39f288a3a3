// homepatch-feed rotate: the next root. `rotate root` renews its validity; with --new-keys, or for another role, the
// role's keys are replaced. Signed by the old root's keys and the new one's, so that homes follow (specification 6.1).

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/file.hpp"
#include "feed/command.hpp"
#include "feed/metadata.hpp"
#include "feed/workshop.hpp"
#include "trust/tuf/time_text.hpp"
#include "trust/tuf/trusted_set.hpp"

namespace homepatch::feed {

namespace {

constexpr std::array kRoles{tuf::kRoot, tuf::kTargets, tuf::kSnapshot, tuf::kTimestamp};

struct RotateOptions {
  std::string role;
  bool new_keys = false;
  int root_days = 0;
};

// As many new keys as the role has, kept in the folder beside the old ones.
Status replace_keys(Keyring& keyring, RoleHolder& holder) {
  const auto passphrase = TRY(keyring.passphrase_for_new_key());
  for (auto& key : holder.public_keys) {
    const auto made = TRY(tuf::SigningKey::generate());
    TRY(keyring.keep(keyring.free_name(holder.role), made, passphrase));
    key = made.public_key();
  }
  return {};
}

Result<std::vector<RoleHolder>> next_holders(Keyring& keyring, const SignedFile& root, const RotateOptions& options) {
  const bool replaces = options.new_keys || options.role != tuf::kRoot;
  std::vector<RoleHolder> holders;
  for (const auto role : kRoles) {
    holders.push_back(TRY(holder_of(root, role)));
    if (replaces && role == options.role) TRY(replace_keys(keyring, holders.back()));
  }
  return holders;
}

// Of the keys at hand, those that the old root or the new one gives the role root.
std::vector<tuf::SigningKey> signers(const std::vector<tuf::SigningKey>& at_hand, const RoleHolder& before,
                                     const RoleHolder& after) {
  const auto named = [](const RoleHolder& holder, const tuf::SigningKey& key) {
    return std::find(holder.public_keys.begin(), holder.public_keys.end(), key.public_key()) !=
           holder.public_keys.end();
  };
  std::vector<tuf::SigningKey> out;
  for (const auto& key : at_hand) {
    if (named(before, key) || named(after, key)) out.push_back(key);
  }
  return out;
}

// Refuses a root that homes would not follow.
Status check_followed(const SignedFile& before, const std::string& after, Time now) {
  auto trusted = TRY(tuf::TrustedSet::open(before.bytes, tuf::Clock{now, tuf::Expiry::judge}, tuf::Limits{}));
  TRY_IN("homes would not follow to the new root, nothing was changed", trusted.update_root(after));
  return {};
}

Status rotate(const Program& program, const RotateOptions& options) {
  const auto workshop = TRY(Workshop::open(program.work_folder));
  const auto now = TRY(program.time());
  auto keyring = TRY(program.keyring(workshop.keys()));
  const auto roots = TRY(signed_roots(workshop.metadata()));
  const auto& before = roots.back();
  TRY(keyring.of(tuf::kRoot));  // without a root key nothing can be done: say so before making new ones

  const auto holders = TRY(next_holders(keyring, before, options));
  const int days = options.root_days > 0 ? options.root_days : workshop.settings().days.root;
  const Edition edition{before.version + 1, now + std::chrono::hours(24) * days};
  const auto at_hand = TRY(keyring.of(tuf::kRoot));
  const auto old_holder = TRY(holder_of(before, tuf::kRoot));
  const auto bytes =
      TRY(tuf::sign_envelope(root_content(holders, edition), signers(at_hand, old_holder, holders.front())));
  TRY(check_followed(before, bytes, now));
  TRY(write_file_atomically(workshop.metadata() / tuf::metadata_file_name(tuf::kRoot, edition.version), bytes));
  for (const auto& holder : holders) {
    if (holder.role == options.role) TRY(keyring.retire(holder.role, holder.public_keys));
  }
  fmt::print("Root {} is signed, valid until {}. Homes follow after: homepatch-feed publish\n", edition.version,
             tuf::time_text(edition.expires));
  return {};
}

}  // namespace

void add_rotate(Program& program) {
  auto options = std::make_shared<RotateOptions>();
  auto* command = program.app.add_subcommand("rotate", "Sign the next root: renew it, or replace a role's keys");
  command->add_option("ROLE", options->role, "root, targets, snapshot or timestamp")
      ->required()
      ->check(CLI::IsMember({"root", "targets", "snapshot", "timestamp"}));
  command->add_flag("--new-keys", options->new_keys, "Of root: replace its keys too (other roles: always)");
  command->add_option("--root-days", options->root_days, "Days that the root is valid, instead of feed.toml's")
      ->check(CLI::Range(1, 36500))
      ->type_name("N");
  program.takes_work_folder(*command);
  program.takes_passphrases(*command);
  command->callback(
      [&program, options] { program.chosen = [&program, options] { return rotate(program, *options); }; });
}

}  // namespace homepatch::feed
