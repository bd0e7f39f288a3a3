// homepatch-feed sign: signs what was prepared with keys that lie in keys/ now, such as that of the second person of
// two.

#include <fmt/format.h>

#include <memory>

#include "feed/changes.hpp"
#include "feed/command.hpp"
#include "feed/role_summary.hpp"
#include "feed/signature_desk.hpp"
#include "feed/vendor_publication.hpp"

namespace homepatch::feed {

namespace {

bool holds(const std::vector<RoleHolder>& holders, const nlohmann::json& key) {
  for (const auto& holder : holders) {
    if (is_among(key, holder)) return true;
  }
  return false;
}

// What homes will see of it, as long as it is what would be published now.
Result<std::string> changes_of(const Workshop& workshop, std::string_view role, const SignedFile& file, Time now) {
  const Edition edition{file.version, file.expires};
  constexpr std::string_view kOther =
      "It is not what this folder would publish now: homepatch-feed prepare makes it anew\n";
  if (workshop.settings().delegated) {
    const auto publication = TRY(VendorPublication::gather(workshop));
    if (targets_of(publication.files, nullptr)(edition) != file.content) return std::string(kOther);
    return vendor_changes(workshop, role, publication.drafts);
  }
  if (role != tuf::kTargets) return std::string{};
  const auto contents = TRY(gather(workshop, now));
  if (targets_of(contents.files, contents.delegations)(edition) != file.content) return std::string(kOther);
  return feed_changes(workshop, contents);
}

Status sign(const Program& program, const std::string& role) {
  const auto workshop = TRY(Workshop::open(program.work_folder));
  TRY(check_role(workshop, role));
  const auto now = TRY(program.time());
  const auto file = TRY(awaiting(workshop, role));
  const auto holders = TRY(holders_for(workshop, role, file));
  auto changes = TRY(changes_of(workshop, role, file, now));
  fmt::print("{}\n", content_text({workshop.settings().name, role, file, {}, {}, std::move(changes), {}}));
  std::fflush(stdout);  // before a passphrase is asked for
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
  if (signed_one) return say_progress(workshop, role, now, program.work_folder);
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
