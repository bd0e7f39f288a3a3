// homepatch-feed sign: signs what was prepared with keys that lie in keys/ now, such as that of the second person of
// two.

#include <fmt/format.h>

#include <memory>

#include "feed/command.hpp"
#include "feed/signature_desk.hpp"

namespace homepatch::feed {

namespace {

bool holds(const std::vector<RoleHolder>& holders, const nlohmann::json& key) {
  for (const auto& holder : holders) {
    if (is_among(key, holder)) return true;
  }
  return false;
}

Status sign(const Program& program, const std::string& role) {
  const auto workshop = TRY(Workshop::open(program.work_folder));
  TRY(check_role(workshop, role));
  const auto now = TRY(program.time());
  const auto file = TRY(awaiting(workshop, role));
  const auto holders = TRY(holders_for(workshop, role, file));
  auto keyring = TRY(program.keyring(workshop.keys()));
  const auto keys = TRY(keyring.of(role));
  const auto message = TRY(tuf::signed_bytes(file.bytes));
  bool signed_one = false;
  for (const auto& key : keys) {
    if (!holds(holders, key.public_key())) continue;
    const auto signature = TRY(key.sign(message));
    TRY(add_signature(workshop, role, key.public_key(), signature));
    signed_one = true;
  }
  if (signed_one) return say_progress(workshop, role, now);
  return fail(Errc::not_authorised,
              fmt::format("none of the keys of {} in {} may sign it", role, workshop.keys().string()));
}

}  // namespace

void add_sign(Program& program) {
  auto role = std::make_shared<std::string>();
  auto* command = program.app.add_subcommand("sign", "Sign what was prepared with the keys that are here");
  command->add_option("ROLE", *role, std::string(kRoleWords))->required();
  program.takes_work_folder(*command);
  program.takes_passphrases(*command);
  command->callback([&program, role] { program.chosen = [&program, role] { return sign(program, *role); }; });
}

}  // namespace homepatch::feed
