// homepatch-feed attach: puts a signature that was made elsewhere into what was prepared.

#include <memory>

#include "base/file.hpp"
#include "feed/command.hpp"
#include "feed/public_key.hpp"
#include "feed/signature_desk.hpp"
#include "trust/tuf/detached_signature.hpp"

namespace homepatch::feed {

namespace {

struct AttachOptions {
  std::string role;
  std::string key;
  std::string signature_file;
};

Status attach(const Program& program, const AttachOptions& options) {
  const auto workshop = TRY(Workshop::open(program.work_folder));
  TRY(check_role(workshop, options.role));
  const auto now = TRY(program.time());
  const auto file = TRY(awaiting(workshop, options.role));
  const auto holders = TRY(holders_for(workshop, options.role, file));
  const auto key = TRY(choose_key(holders, options.key));
  const auto signature = TRY(read_file(options.signature_file, tuf::kMaxSignatureFile));
  TRY_IN(options.signature_file, add_signature(workshop, options.role, key, signature));
  return say_progress(workshop, options.role, now, program.work_folder);
}

}  // namespace

void add_attach(Program& program) {
  auto options = std::make_shared<AttachOptions>();
  auto* command =
      program.app.add_subcommand("attach", "Take a signature that was made elsewhere over what was prepared");
  command->add_option("ROLE", options->role, std::string(kRoleWords))->required();
  command->add_option("SIGFILE", options->signature_file, "The signature: its bytes, or their Base64 or hexadecimal")
      ->required();
  command
      ->add_option("--key", options->key, "The public key that it was made for (PEM file), or the beginning of its id")
      ->type_name("PUBKEY|KEYID")
      ->required();
  program.takes_work_folder(*command);
  command->callback(
      [&program, options] { program.chosen = [&program, options] { return attach(program, *options); }; });
}

}  // namespace homepatch::feed
