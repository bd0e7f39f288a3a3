// homepatch-feed rotate: the next root. `rotate root` renews its validity; with --new-keys, or for another role, the
// role's keys are replaced. Signed by the old root's keys and the new one's, so that homes follow (specification 6.1).

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/file.hpp"
#include "feed/command.hpp"
#include "feed/delegation.hpp"
#include "feed/metadata.hpp"
#include "feed/pending.hpp"
#include "feed/public_key.hpp"
#include "feed/role_summary.hpp"
#include "feed/workshop.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch::feed {

namespace {

constexpr std::array kRoles{tuf::kRoot, tuf::kTargets, tuf::kSnapshot, tuf::kTimestamp};

struct RotateOptions {
  std::string role;
  bool new_keys = false;
  bool prepare = false;
  std::vector<std::string> keys;  // PEM files of keys whose private halves are elsewhere
  int threshold = 0;              // 0: as before
  int root_days = 0;
};

Status check_threshold(const RoleHolder& holder) {
  if (static_cast<std::size_t>(holder.threshold) <= holder.public_keys.size()) return {};
  return fail(Errc::invalid_argument, fmt::format("{} of {} keys cannot sign {}: give another --threshold or more keys",
                                                  holder.threshold, holder.public_keys.size(), holder.role));
}

// The keys that were given, or as many new ones as the role has, kept in the folder beside the old ones.
Status replace_keys(Keyring& keyring, RoleHolder& holder, const RotateOptions& options) {
  if (!options.keys.empty()) {
    holder.public_keys = TRY(read_public_keys(options.keys));
    return check_threshold(holder);
  }
  TRY(check_threshold(holder));
  const auto passphrase = TRY(keyring.passphrase_for_new_key());
  for (auto& key : holder.public_keys) {
    const auto made = TRY(tuf::SigningKey::generate());
    TRY(keyring.keep(keyring.free_name(holder.role), made, passphrase));
    key = made.public_key();
  }
  return {};
}

Result<std::vector<RoleHolder>> next_holders(Keyring& keyring, const SignedFile& root, const RotateOptions& options) {
  const bool replaces = options.new_keys || !options.keys.empty() || options.role != tuf::kRoot;
  std::vector<RoleHolder> holders;
  for (const auto role : kRoles) {
    holders.push_back(TRY(holder_of(root, role)));
    if (role == options.role && options.threshold > 0) holders.back().threshold = options.threshold;
    if (replaces && role == options.role) TRY(replace_keys(keyring, holders.back(), options));
    TRY(check_threshold(holders.back()));
  }
  return holders;
}

// Of the keys at hand, those that the old root or the new one gives the role root.
std::vector<tuf::SigningKey> signers(const std::vector<tuf::SigningKey>& at_hand, const RoleHolder& before,
                                     const RoleHolder& after) {
  std::vector<tuf::SigningKey> out;
  for (const auto& key : at_hand) {
    if (is_among(key.public_key(), before) || is_among(key.public_key(), after)) out.push_back(key);
  }
  return out;
}

// The root keys that lie in the folder; with --prepare there may be none.
Result<std::vector<tuf::SigningKey>> root_keys(Keyring& keyring, const RotateOptions& options) {
  if (options.prepare && !keyring.has(tuf::kRoot)) return std::vector<tuf::SigningKey>{};
  auto keys = keyring.of(tuf::kRoot);
  if (keys || keys.error().code != Errc::not_found) return keys;
  return fail(Errc::not_found, keys.error().text + ", or have the root signed where its keys are: rotate --prepare");
}

Status check_nothing_pending(const Workshop& workshop) {
  const auto before = TRY(pending(workshop, tuf::kRoot));
  if (!before) return {};
  const auto path = pending_folder(workshop.metadata()) / tuf::metadata_file_name(tuf::kRoot);
  return fail(
      Errc::already_exists,
      fmt::format("root version {} awaits signatures already; complete it (prepare, attach, sign), or remove {} to "
                  "begin anew",
                  before->version, path.string()));
}

// Too few signatures of either root are an error, unless they are to come from elsewhere.
Status check_enough(const Workshop& workshop, const std::string& bytes) {
  const auto file = TRY(read_signed(bytes));
  const auto holders = TRY(holders_for(workshop, tuf::kRoot, file));
  const auto counts = TRY(count_signatures(file, holders));
  if (enough(counts)) return {};
  return fail(Errc::not_authorised,
              "too few root keys are here to sign the next root, which has\n" + describe(counts, "  ") +
                  "Bring the others, or let rotate --prepare keep it until they have signed it where they are");
}

// What is about to be signed.
Status show(const Workshop& workshop, const nlohmann::json& content) {
  auto bytes = TRY(tuf::sign_envelope(content, {}));
  auto root = TRY(read_signed(std::move(bytes)));
  fmt::print("{}\n",
             content_text({workshop.settings().name, std::string(tuf::kRoot), std::move(root), {}, {}, {}, {}}));
  return {};
}

Status say_pending(const Workshop& workshop, const std::string& folder) {
  const auto file = TRY(pending(workshop, tuf::kRoot));
  const auto holders = TRY(holders_for(workshop, tuf::kRoot, *file));
  const auto counts = TRY(count_signatures(*file, holders));
  fmt::print("Root {} is made and has\n{}Next: homepatch-feed prepare root --feed {}\n", file->version,
             describe(counts, "  "), folder);
  return {};
}

// A delegated vendor's own keys: they count once the feed that takes it in knows them.
Status rotate_vendor(const Program& program, const Workshop& workshop, const RotateOptions& options) {
  TRY(check_role(workshop, options.role));
  auto keyring = TRY(program.keyring(workshop.keys()));
  auto holder = TRY(delegation_of(workshop, options.role));
  if (!holder) return fail(Errc::not_found, "this folder names no key of " + options.role);
  if (options.threshold > 0) holder->threshold = options.threshold;
  TRY(replace_keys(keyring, *holder, options));
  TRY(keep_delegation(workshop, *holder));
  TRY(keyring.retire(holder->role, holder->public_keys));
  const auto files = TRY(write_public_keys(*holder, workshop.delegations()));
  fmt::print(
      "The feed that takes in {0} must know the new keys: homepatch-feed delegate {0} {1} --feed FEED\n"
      "After that: homepatch-feed publish --feed {2} DIR here, and homepatch-feed include {0} DIR --feed FEED there.\n",
      options.role, fmt::join(files, " "), program.work_folder);
  return {};
}

Status rotate(const Program& program, const RotateOptions& options) {
  const auto workshop = TRY(Workshop::open(program.work_folder));
  if (workshop.settings().delegated) return rotate_vendor(program, workshop, options);
  TRY(check_role(workshop, options.role));
  const auto now = TRY(program.time());
  auto keyring = TRY(program.keyring(workshop.keys()));
  const auto roots = TRY(signed_roots(workshop.metadata()));
  const auto& before = roots.back();
  TRY(check_nothing_pending(workshop));
  TRY(root_keys(keyring, options));  // where nothing can be done, say so before making new keys

  const auto holders = TRY(next_holders(keyring, before, options));
  const int days = options.root_days > 0 ? options.root_days : workshop.settings().days.root;
  const Edition edition{before.version + 1, now + std::chrono::hours(24) * days};
  const auto at_hand = TRY(root_keys(keyring, options));
  const auto old_holder = TRY(holder_of(before, tuf::kRoot));
  TRY(show(workshop, root_content(holders, edition)));
  const auto bytes =
      TRY(tuf::sign_envelope(root_content(holders, edition), signers(at_hand, old_holder, holders.front())));
  if (!options.prepare) TRY(check_enough(workshop, bytes));
  TRY(keep_pending(workshop, tuf::kRoot, bytes));
  auto settled = settle_root(workshop, now);
  if (!settled) TRY(drop_pending(workshop, tuf::kRoot));
  const bool complete = TRY(std::move(settled));
  if (!complete) return say_pending(workshop, program.work_folder);
  for (const auto& holder : holders) {
    if (holder.role == options.role) TRY(keyring.retire(holder.role, holder.public_keys));
  }
  fmt::print("Root {} is signed, valid until {}. Homes follow after: homepatch-feed publish --feed {} DIR\n",
             edition.version, tuf::time_text(edition.expires), program.work_folder);
  return {};
}

}  // namespace

void add_rotate(Program& program) {
  auto options = std::make_shared<RotateOptions>();
  auto* command = program.app.add_subcommand("rotate", "Sign the next root: renew it, or replace a role's keys");
  command->add_option("ROLE", options->role, std::string(kRoleWords))->required();
  command->add_flag("--new-keys", options->new_keys, "Of root: replace its keys too (other roles: always)");
  command
      ->add_option("--key", options->keys,
                   "A public key for the role whose private half is elsewhere; may be given several times")
      ->type_name("PUBKEY")
      ->allow_extra_args(false);
  command->add_option("--threshold", options->threshold, "How many of the role's keys must sign (default: as before)")
      ->check(CLI::Range(1, 16))
      ->type_name("N");
  command->add_flag("--prepare", options->prepare,
                    "Keep the root until signatures come from elsewhere (prepare, attach)");
  command->add_option("--root-days", options->root_days, "Days that the root is valid, instead of feed.toml's")
      ->check(CLI::Range(1, 36500))
      ->type_name("N");
  program.takes_work_folder(*command);
  program.takes_passphrases(*command);
  command->callback(
      [&program, options] { program.chosen = [&program, options] { return rotate(program, *options); }; });
}

}  // namespace homepatch::feed
