// homepatch-feed init: a new feed's work folder, its keys, and version 1 of its root.

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>

#include "base/file.hpp"
#include "feed/command.hpp"
#include "feed/delegation.hpp"
#include "feed/metadata.hpp"
#include "feed/pending.hpp"
#include "feed/public_key.hpp"
#include "feed/workshop.hpp"
#include "trust/hash.hpp"

namespace homepatch::feed {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct InitOptions {
  std::string folder;
  Settings settings;
  int root_keys = -1;  // to be made here; -1: two, or none when the role's keys are given
  int root_threshold = 1;
  int targets_threshold = 1;
  // PEM files of keys whose private halves are elsewhere.
  std::map<std::string_view, std::vector<std::string>> given;
  bool no_passphrase = false;
  std::string online_passphrase_file;
};

// Of the keys that stay away from machines, and of those that cron needs.
struct InitPassphrases {
  std::string offline;
  std::string online;
};

Result<std::string> chosen_passphrase() {
  auto first = TRY(ask_passphrase("A passphrase for the feed's keys"));
  const auto second = TRY(ask_passphrase("The same again"));
  if (second == first) return first;
  return fail(Errc::invalid_argument, "the two passphrases differ; nothing was made");
}

Result<InitPassphrases> passphrases(const Program& program, const InitOptions& options) {
  InitPassphrases out;
  if (options.no_passphrase) {
    out.offline = tuf::SigningKey::generate().map([](const auto& key) { return key.id(); }).value_or("");
    out.online = out.offline;
    return out;
  }
  const auto given = TRY(Passphrases::from_files(program.passphrase_files));
  if (given.known().size() > 1) {
    return fail(Errc::invalid_argument,
                "init takes one --passphrase-file, and --online-passphrase-file for the keys "
                "that cron uses");
  }
  out.offline = given.known().empty() ? TRY(chosen_passphrase()) : given.known().front();
  out.online = options.online_passphrase_file.empty() ? out.offline : TRY(read_secret(options.online_passphrase_file));
  return out;
}

// Makes one key, keeps it, and gives its public half.
Result<tuf::SigningKey> make_key(const Keyring& keyring, std::string_view name, std::string_view passphrase) {
  auto key = TRY(tuf::SigningKey::generate());
  TRY(keyring.keep(name, key, passphrase));
  return key;
}

struct NewKeys {
  std::vector<tuf::SigningKey> root;  // those that were made here
  std::vector<RoleHolder> holders;
};

Result<RoleHolder> holder_of_given(const InitOptions& options, std::string_view role, int threshold) {
  const auto found = options.given.find(role);
  if (found == options.given.end()) return RoleHolder{std::string(role), {}, threshold, {}};
  auto keys = TRY(read_public_keys(found->second));
  return RoleHolder{std::string(role), std::move(keys), threshold, {}};
}

Result<NewKeys> make_keys(const Keyring& keyring, const InitOptions& options, std::vector<RoleHolder> given,
                          const InitPassphrases& secret) {
  NewKeys out{{}, std::move(given)};
  for (int i = 1; i <= options.root_keys; ++i) {
    out.root.push_back(TRY(make_key(keyring, fmt::format("root-{}", i), secret.offline)));
    out.holders.front().public_keys.push_back(out.root.back().public_key());
  }
  for (auto& holder : out.holders) {
    if (!holder.public_keys.empty()) continue;
    const auto key = TRY(make_key(keyring, holder.role, holder.role == tuf::kTargets ? secret.offline : secret.online));
    holder.public_keys.push_back(key.public_key());
  }
  return out;
}

// Root first. A role whose keys are not given has none yet.
Result<std::vector<RoleHolder>> given_holders(const InitOptions& options) {
  std::vector<RoleHolder> out;
  out.push_back(TRY(holder_of_given(options, tuf::kRoot, options.root_threshold)));
  out.push_back(TRY(holder_of_given(options, tuf::kTargets, options.targets_threshold)));
  out.push_back(TRY(holder_of_given(options, tuf::kSnapshot, 1)));
  out.push_back(TRY(holder_of_given(options, tuf::kTimestamp, 1)));
  return out;
}

std::string root_key_files(const InitOptions& options) {
  std::string out;
  for (int i = 1; i <= options.root_keys; ++i) out += fmt::format("{}keys/root-{}.pem", i == 1 ? "" : ", ", i);
  if (options.given.contains(tuf::kRoot)) {
    out += fmt::format("{}the root keys that you gave", out.empty() ? "" : ", ");
  }
  return out;
}

std::string key_file(const InitOptions& options, std::string_view role) {
  if (options.given.contains(role)) return fmt::format("the {} keys that you gave", role);
  return fmt::format("keys/{}.pem", role);
}

// `root` is empty while it awaits signatures.
void say(const InitOptions& options, const std::string& root) {
  fmt::print(
      "The feed \"{}\" is made in {}. This folder is private; only what `publish` writes is served.\n\n"
      "Keep:\n"
      "  {}\n"
      "      {} of them can replace every other key. Store each on a medium of its own, in different places, and take\n"
      "      them out of this folder; they are needed once a year (homepatch-feed rotate root) and in an emergency.\n"
      "      Without them the feed cannot be rescued.\n"
      "  {}\n"
      "      signs releases: `publish` needs it. Keep it with the people who release.\n"
      "  {}, {}\n"
      "      keep the feed fresh: `publish` needs both, `refresh` the second, on the machine that runs it.\n\n"
      "Give to homes, once it is signed:\n"
      "  metadata/1.root.json\n"
      "      the feed's identity.",
      options.settings.name, options.folder, root_key_files(options),
      options.root_threshold == 1 ? "Any one" : fmt::format("Any {}", options.root_threshold),
      key_file(options, tuf::kTargets), key_file(options, tuf::kSnapshot), key_file(options, tuf::kTimestamp));
  if (root.empty()) {
    fmt::print(
        "\n\nNext: the root keys that you gave must sign it. homepatch-feed prepare root --feed {} writes it out.\n",
        options.folder);
    return;
  }
  fmt::print(
      " Its fingerprint (SHA-256), to print where owners can compare it:\n"
      "      {}\n\n"
      "Next: homepatch-feed add --feed {} RELEASE.toml IMAGE...\n",
      sha256(root).hex(), options.folder);
}

Status check_threshold(std::string_view role, int threshold, std::size_t keys) {
  if (threshold >= 1 && static_cast<std::size_t>(threshold) <= keys) return {};
  return fail(Errc::invalid_argument,
              fmt::format("--{}-threshold must be 1 to {}, the number of {} keys", role, keys, role));
}

Status check_options(const InitOptions& options, const std::vector<RoleHolder>& given) {
  constexpr std::size_t kMaxRootKeys = 16;
  const auto root_keys = given[0].public_keys.size() + static_cast<std::size_t>(std::max(0, options.root_keys));
  const bool wanted = !options.settings.delegated;
  if (options.root_keys < 0 || (wanted && root_keys < 1) || root_keys > kMaxRootKeys) {
    return fail(Errc::invalid_argument, fmt::format("--root-keys must be 1 to {}", kMaxRootKeys));
  }
  if (wanted) TRY(check_threshold(tuf::kRoot, options.root_threshold, root_keys));
  return check_threshold(tuf::kTargets, options.targets_threshold,
                         std::max<std::size_t>(1, given[1].public_keys.size()));
}

Status warn_without_passphrase(const InitOptions& options) {
  if (options.no_passphrase) {
    fmt::print(stderr,
               "\nWARNING: the keys are NOT protected by a passphrase: who reads {} can sign releases for every home.\n"
               "This is for trials. For a real feed, run init again without --no-passphrase.\n",
               (fs::path(options.folder) / "keys").string());
  }
  return {};
}

// The work folder of a vendor that signs in somebody else's feed: one role, no root.
Status init_vendor(const InitOptions& options, const InitPassphrases& secret, std::vector<json> given) {
  const auto workshop = TRY(Workshop::create(options.folder, options.settings));
  if (options.no_passphrase) {
    TRY(write_file_atomically(workshop.keys() / kPassphraseBesideKeys, secret.offline + "\n", 0600));
  }
  const auto keyring = TRY(Keyring::open(workshop.keys(), {}));
  RoleHolder holder{options.settings.vendor, std::move(given), options.targets_threshold, {}};
  if (holder.public_keys.empty()) {
    const auto key = TRY(make_key(keyring, holder.role, secret.offline));
    holder.public_keys.push_back(key.public_key());
  }
  TRY(keep_delegation(workshop, holder));
  const auto files = TRY(write_public_keys(holder, workshop.delegations()));
  fmt::print(
      "The folder {1} signs the releases of {0} for a feed that delegates them. It is private.\n"
      "Give the publisher of that feed: {2}\n"
      "who says: homepatch-feed delegate {0} {3}\n\n"
      "Next: homepatch-feed add --feed {1} RELEASE.toml IMAGE...\n",
      options.settings.vendor, options.folder, fmt::join(files, ", "), fmt::join(files, " "));
  return {};
}

Status check_delegated(const InitOptions& options) {
  if (!options.settings.delegated) return {};
  if (options.settings.vendor.empty()) return fail(Errc::invalid_argument, "--delegated needs --vendor DOMAIN");
  const bool others = options.given.size() > options.given.count(tuf::kTargets) || options.root_keys > 0;
  if (!others) return {};
  return fail(Errc::invalid_argument,
              "a delegated vendor has no root, snapshot and timestamp keys: leave their options "
              "away; --targets-key names a key of the vendor's");
}

Status init(const Program& program, InitOptions& options) {
  TRY(check_delegated(options));
  if (options.root_keys == -1)
    options.root_keys = options.given.contains(tuf::kRoot) || options.settings.delegated ? 0 : 2;
  auto given = TRY(given_holders(options));
  TRY(check_options(options, given));
  TRY(Workshop::check_new(options.folder, options.settings));
  const auto now = TRY(program.time());
  const auto secret = TRY(passphrases(program, options));
  if (options.settings.delegated) {
    TRY(init_vendor(options, secret, std::move(given[1].public_keys)));
    return warn_without_passphrase(options);
  }
  const auto workshop = TRY(Workshop::create(options.folder, options.settings));
  if (options.no_passphrase) {
    TRY(write_file_atomically(workshop.keys() / kPassphraseBesideKeys, secret.offline + "\n", 0600));
  }
  const auto keyring = TRY(Keyring::open(workshop.keys(), {}));
  const auto made = TRY(make_keys(keyring, options, std::move(given), secret));
  const Edition edition{1, now + std::chrono::hours(24) * workshop.settings().days.root};
  const auto root = TRY(tuf::sign_envelope(root_content(made.holders, edition), made.root));
  TRY(keep_pending(workshop, tuf::kRoot, root));
  const bool complete = TRY(settle_root(workshop, now));
  say(options, complete ? root : std::string{});
  return warn_without_passphrase(options);
}

}  // namespace

void add_init(Program& program) {
  auto options = std::make_shared<InitOptions>();
  auto* command = program.app.add_subcommand("init", "Make a new feed: its work folder, keys and root");
  command->add_option("DIR", options->folder, "The work folder to make")->required();
  command->add_option("--name", options->settings.name, "The feed's name, for people")->required();
  command->add_option("--vendor", options->settings.vendor, "The only vendor whose releases this feed takes")
      ->type_name("DOMAIN");
  command->add_flag("--delegated", options->settings.delegated,
                    "For a vendor whose releases another feed takes in (homepatch-feed delegate there)");
  command
      ->add_option("--first-version", options->settings.first_version,
                   "With --delegated: the first version of the vendor's role (default 1)")
      ->check(CLI::Range(1, 1'000'000'000))
      ->type_name("N");
  command->add_option("--root-keys", options->root_keys, "How many root keys to make (default 2; 0 with --root-key)");
  command->add_option("--root-threshold", options->root_threshold, "How many of them must sign a root (default 1)");
  command->add_option("--targets-threshold", options->targets_threshold,
                      "How many of the given targets keys must sign (default 1)");
  for (const auto& [name, role] :
       {std::pair{"--root-key", tuf::kRoot}, std::pair{"--targets-key", tuf::kTargets},
        std::pair{"--snapshot-key", tuf::kSnapshot}, std::pair{"--timestamp-key", tuf::kTimestamp}}) {
    command
        ->add_option_function<std::vector<std::string>>(
            name, [options, role = role](const std::vector<std::string>& files) { options->given[role] = files; },
            "A public key of the role whose private half is elsewhere; may be given several times")
        ->type_name("PUBKEY")
        ->allow_extra_args(false);
  }
  command->add_option("--root-days", options->settings.days.root, "How long the root is valid (default 365)")
      ->check(CLI::Range(1, 36500))
      ->type_name("N");
  command
      ->add_option("--online-passphrase-file", options->online_passphrase_file,
                   "Another passphrase for the snapshot and timestamp keys, which cron needs")
      ->type_name("FILE");
  command->add_flag("--no-passphrase", options->no_passphrase, "Leave the keys unprotected: for trials only");
  program.takes_passphrases(*command);
  command->callback([&program, options] { program.chosen = [&program, options] { return init(program, *options); }; });
}

}  // namespace homepatch::feed
