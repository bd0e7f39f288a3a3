#include "feed/keyring.hpp"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>

#include "base/file.hpp"
#include "trust/tuf/key.hpp"

namespace homepatch::feed {

namespace {

namespace fs = std::filesystem;

// The terminal shows nothing that is typed while this lives.
class EchoOff {
 public:
  EchoOff() {
    ::tcgetattr(STDIN_FILENO, &before_);
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
  }
  ~EchoOff() { ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_); }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;

 private:
  termios before_{};
};

// "targets.pem" and "targets-2.pem" belong to targets.
bool belongs_to(const fs::path& file, std::string_view role) {
  if (file.extension() != ".pem") return false;
  const auto stem = file.stem().string();
  if (!stem.starts_with(role)) return false;
  const auto rest = std::string_view(stem).substr(role.size());
  return rest.empty() || (rest.size() > 1 && rest.front() == '-' &&
                          std::all_of(rest.begin() + 1, rest.end(), [](char c) { return c >= '0' && c <= '9'; }));
}

}  // namespace

Result<Passphrases> Passphrases::from_files(const std::vector<std::string>& files) {
  Passphrases out;
  for (const auto& file : files) out.add(TRY_IN("the passphrase", read_secret(file)));
  return out;
}

Result<std::string> ask_passphrase(std::string_view question) {
  if (::isatty(STDIN_FILENO) == 0) {
    return fail(Errc::not_authorised,
                "a passphrase is needed and there is no terminal to ask for it: give "
                "--passphrase-file FILE");
  }
  fmt::print(stderr, "{}: ", question);
  std::fflush(stderr);
  std::string line;
  {
    const EchoOff quiet;
    std::getline(std::cin, line);
  }
  fmt::print(stderr, "\n");
  if (line.empty()) return fail(Errc::not_authorised, "no passphrase was typed");
  return line;
}

Result<Keyring> Keyring::open(fs::path folder, Passphrases passphrases) {
  const auto beside = folder / kPassphraseBesideKeys;
  std::error_code ignored;
  if (fs::exists(beside, ignored)) passphrases.add(TRY(read_secret(beside)));
  return Keyring(std::move(folder), std::move(passphrases));
}

std::vector<fs::path> Keyring::files_of(std::string_view role) const {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder_, ignored)) {
    if (belongs_to(entry.path(), role)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

Result<tuf::SigningKey> Keyring::open_key(const fs::path& path) {
  const auto pem = TRY(read_file(path, tuf::kMaxPem));
  for (const auto& passphrase : passphrases_.known()) {
    auto key = tuf::SigningKey::from_pem(pem, passphrase);
    if (key || key.error().code != Errc::not_authorised) return key;
  }
  if (!passphrases_.known().empty() && ::isatty(STDIN_FILENO) == 0) {
    return fail(Errc::not_authorised,
                fmt::format("{}: the passphrase that was given is not this key's", path.string()));
  }
  const auto typed = TRY_IN(path.string(), ask_passphrase(fmt::format("Passphrase of {}", path.string())));
  auto key = TRY_IN(path.string(), tuf::SigningKey::from_pem(pem, typed));
  passphrases_.add(typed);
  return key;
}

Result<std::vector<tuf::SigningKey>> Keyring::of(std::string_view role) {
  std::vector<tuf::SigningKey> keys;
  for (const auto& file : files_of(role)) keys.push_back(TRY(open_key(file)));
  if (!keys.empty()) return keys;
  return fail(Errc::not_found, fmt::format("no key of the role {} lies in {}: bring {}.pem there for this command",
                                           role, folder_.string(), role));
}

Status Keyring::retire(std::string_view role, const std::vector<nlohmann::json>& kept) {
  const auto retired = folder_ / "retired";
  TRY(make_folder(retired));
  for (const auto& file : files_of(role)) {
    const auto key = TRY(open_key(file));
    if (std::find(kept.begin(), kept.end(), key.public_key()) != kept.end()) continue;
    std::error_code error;
    fs::rename(file, retired / fmt::format("{}-{}.pem", role, key.id().substr(0, 12)), error);
    if (error) return fail(errno_error(fmt::format("retiring {}", file.string()), error.value()));
  }
  return sync_folder(folder_);
}

Result<std::string> Keyring::passphrase_for_new_key() {
  if (!passphrases_.known().empty()) return passphrases_.known().front();
  auto first = TRY(ask_passphrase("A passphrase for the new key"));
  const auto second = TRY(ask_passphrase("The same again"));
  if (second != first) return fail(Errc::invalid_argument, "the two passphrases differ; nothing was changed");
  passphrases_.add(first);
  return first;
}

std::string Keyring::free_name(std::string_view role) const {
  std::error_code ignored;
  for (int number = 1;; ++number) {
    auto name = fmt::format("{}-{}", role, number);
    if (!fs::exists(folder_ / (name + ".pem"), ignored)) return name;
  }
}

Status Keyring::keep(std::string_view name, const tuf::SigningKey& key, std::string_view passphrase) const {
  const auto path = folder_ / fmt::format("{}.pem", name);
  std::error_code ignored;
  if (fs::exists(path, ignored)) return fail(Errc::already_exists, path.string() + " exists already");
  const auto pem = TRY(key.to_pem(passphrase));
  return write_file_atomically(path, pem, 0600);
}

}  // namespace homepatch::feed
