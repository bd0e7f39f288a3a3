// homepatch-feed revoke: takes a vendor's word back. Its role stays listed in the snapshot, because homes refuse a
// snapshot in which a role is missing (specification 1.0.34, section 5.5.5); nothing leads to it any more.

#include <fmt/format.h>

#include <memory>

#include "feed/command.hpp"
#include "feed/delegation.hpp"

namespace homepatch::feed {

namespace {

Status revoke(const Program& program, const std::string& vendor) {
  const auto workshop = TRY(Workshop::open(program.work_folder));
  TRY(workshop.check_whole_feed());
  const auto holder = TRY(delegation_of(workshop, vendor));
  if (!holder) return fail(Errc::not_found, fmt::format("nothing is delegated to {}", vendor));
  TRY(drop_delegation(workshop, vendor));
  fmt::print(
      "{} may no longer sign in this feed: all its models vanish from homes after: homepatch-feed publish --feed {} "
      "DIR\n",
      vendor, program.work_folder);
  return {};
}

}  // namespace

void add_revoke(Program& program) {
  auto vendor = std::make_shared<std::string>();
  auto* command = program.app.add_subcommand("revoke", "Take the right to sign from a vendor");
  command->add_option("VENDOR", *vendor, "Its domain name")->required();
  program.takes_work_folder(*command);
  command->callback([&program, vendor] { program.chosen = [&program, vendor] { return revoke(program, *vendor); }; });
}

}  // namespace homepatch::feed
