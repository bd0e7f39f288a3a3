// homepatch-feed init: a new feed's work folder, its keys, and version 1 of its root.

#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "base/file.hpp"
#include "feed/command.hpp"
#include "feed/metadata.hpp"
#include "feed/workshop.hpp"
#include "trust/hash.hpp"

namespace homepatch::feed {

namespace {

namespace fs = std::filesystem;

struct InitOptions {
  std::string folder;
  Settings settings;
  int root_keys = 2;
  int root_threshold = 1;
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
  std::vector<tuf::SigningKey> root;
  std::vector<RoleHolder> holders;
};

Result<NewKeys> make_keys(const Keyring& keyring, const InitOptions& options, const InitPassphrases& secret) {
  NewKeys out;
  RoleHolder root{tuf::kRoot, {}, options.root_threshold};
  for (int i = 1; i <= options.root_keys; ++i) {
    out.root.push_back(TRY(make_key(keyring, fmt::format("root-{}", i), secret.offline)));
    root.public_keys.push_back(out.root.back().public_key());
  }
  out.holders.push_back(std::move(root));
  for (const auto role : {tuf::kTargets, tuf::kSnapshot, tuf::kTimestamp}) {
    const auto key = TRY(make_key(keyring, role, role == tuf::kTargets ? secret.offline : secret.online));
    out.holders.push_back({role, {key.public_key()}, 1});
  }
  return out;
}

std::string root_key_files(int count) {
  std::string out;
  for (int i = 1; i <= count; ++i) out += fmt::format("{}keys/root-{}.pem", i == 1 ? "" : ", ", i);
  return out;
}

void say(const InitOptions& options, const std::string& root) {
  fmt::print(
      "The feed \"{}\" is made in {}. This folder is private; only what `publish` writes is served.\n\n"
      "Keep:\n"
      "  {}\n"
      "      {} of them can replace every other key. Store each on a medium of its own, in different places, and take\n"
      "      them out of this folder; they are needed once a year (homepatch-feed rotate root) and in an emergency.\n"
      "      Without them the feed cannot be rescued.\n"
      "  keys/targets.pem\n"
      "      signs releases: `publish` needs it. Keep it with the people who release.\n"
      "  keys/snapshot.pem, keys/timestamp.pem\n"
      "      keep the feed fresh: `publish` needs both, `refresh` the second, on the machine that runs it.\n\n"
      "Give to homes:\n"
      "  metadata/1.root.json\n"
      "      the feed's identity. Its fingerprint (SHA-256), to print where owners can compare it:\n"
      "      {}\n\n"
      "Next: homepatch-feed add --feed {} RELEASE.toml IMAGE...\n",
      options.settings.name, options.folder, root_key_files(options.root_keys),
      options.root_threshold == 1 ? "Any one" : fmt::format("Any {}", options.root_threshold), sha256(root).hex(),
      options.folder);
}

Status check_options(const InitOptions& options) {
  constexpr int kMaxRootKeys = 16;
  if (options.root_keys < 1 || options.root_keys > kMaxRootKeys) {
    return fail(Errc::invalid_argument, fmt::format("--root-keys must be 1 to {}", kMaxRootKeys));
  }
  if (options.root_threshold >= 1 && options.root_threshold <= options.root_keys) return {};
  return fail(Errc::invalid_argument,
              fmt::format("--root-threshold must be 1 to {}, the number of root keys", options.root_keys));
}

Status init(const Program& program, const InitOptions& options) {
  TRY(check_options(options));
  const auto now = TRY(program.time());
  const auto secret = TRY(passphrases(program, options));
  const auto workshop = TRY(Workshop::create(options.folder, options.settings));
  if (options.no_passphrase) {
    TRY(write_file_atomically(workshop.keys() / kPassphraseBesideKeys, secret.offline + "\n", 0600));
  }
  const auto keyring = TRY(Keyring::open(workshop.keys(), {}));
  const auto made = TRY(make_keys(keyring, options, secret));
  const Edition edition{1, now + std::chrono::hours(24) * workshop.settings().days.root};
  const auto root = TRY(tuf::sign_envelope(root_content(made.holders, edition), made.root));
  TRY(write_file_atomically(workshop.metadata() / tuf::metadata_file_name(tuf::kRoot, 1), root));
  say(options, root);
  if (options.no_passphrase) {
    fmt::print(stderr,
               "\nWARNING: the keys are NOT protected by a passphrase: who reads {} can sign releases for every home.\n"
               "This is for trials. For a real feed, run init again without --no-passphrase.\n",
               workshop.keys().string());
  }
  return {};
}

}  // namespace

void add_init(Program& program) {
  auto options = std::make_shared<InitOptions>();
  auto* command = program.app.add_subcommand("init", "Make a new feed: its work folder, keys and root");
  command->add_option("DIR", options->folder, "The work folder to make")->required();
  command->add_option("--name", options->settings.name, "The feed's name, for people")->required();
  command->add_option("--vendor", options->settings.vendor, "The only vendor whose releases this feed takes")
      ->type_name("DOMAIN");
  command->add_option("--root-keys", options->root_keys, "How many root keys to make (default 2)");
  command->add_option("--root-threshold", options->root_threshold, "How many of them must sign a root (default 1)");
  command->add_option("--root-days", options->settings.days.root, "How long the root is valid (default 365)");
  command
      ->add_option("--online-passphrase-file", options->online_passphrase_file,
                   "Another passphrase for the snapshot and timestamp keys, which cron needs")
      ->type_name("FILE");
  command->add_flag("--no-passphrase", options->no_passphrase, "Leave the keys unprotected: for trials only");
  program.takes_passphrases(*command);
  command->callback([&program, options] { program.chosen = [&program, options] { return init(program, *options); }; });
}

}  // namespace homepatch::feed
