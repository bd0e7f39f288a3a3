// What the subcommands of homepatch-feed share: the options that several of them take, and how one is added to the
// program. Each subcommand is one file; it prints for people and returns its error to main, which prints that.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/time.hpp"
#include "feed/keyring.hpp"

namespace homepatch::feed {

struct Program {
  CLI::App app{"Publishes firmware releases as a signed feed of static files.", "homepatch-feed"};
  std::function<Status()> chosen;  // what the command line asks for

  // Shared options, each added only to the commands that use it.
  std::string work_folder = ".";
  std::vector<std::string> passphrase_files;
  std::string now;

  void takes_work_folder(CLI::App& command);
  void takes_passphrases(CLI::App& command);

  [[nodiscard]] Result<Keyring> keyring(const std::filesystem::path& folder) const;
  // --now, else SOURCE_DATE_EPOCH, else the system's clock.
  [[nodiscard]] Result<Time> time() const;
};

// Every subcommand, in the order of --help.
void add_commands(Program& program);

void add_init(Program& program);
void add_add(Program& program);
void add_prepare(Program& program);
void add_attach(Program& program);
void add_sign(Program& program);
void add_delegate(Program& program);
void add_revoke(Program& program);
void add_include(Program& program);
void add_publish(Program& program);
void add_refresh(Program& program);
void add_rotate(Program& program);
void add_eol(Program& program);
void add_deny(Program& program);
void add_export(Program& program);
void add_mirror(Program& program);
void add_verify(Program& program);

}  // namespace homepatch::feed
