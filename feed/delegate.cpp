// homepatch-feed delegate: lets a vendor sign its own releases in this feed, with its own keys.

#include <fmt/format.h>

#include <memory>

#include "core/catalog_names.hpp"
#include "feed/command.hpp"
#include "feed/delegation.hpp"
#include "feed/public_key.hpp"

namespace homepatch::feed {

namespace {

struct DelegateOptions {
  std::string vendor;
  std::vector<std::string> keys;
  int threshold = 1;
};

// Homes would read the feed's own models of the vendor and never ask the vendor's role.
Status check_no_own_models(const Workshop& workshop, const std::string& vendor) {
  const auto drafts = TRY(workshop.drafts());
  for (const auto& draft : drafts) {
    if (draft.catalog.vendor_id != vendor) continue;
    return fail(
        Errc::already_exists,
        fmt::format("this feed publishes {} itself; a vendor's models are either its own or the feed's. Take the "
                    "folder models/{} away first, and give the vendor its catalogs to go on with",
                    draft.catalog.path, vendor));
  }
  return {};
}

Status delegate(const Program& program, const DelegateOptions& options) {
  const auto workshop = TRY(Workshop::open(program.work_folder));
  TRY(workshop.check_whole_feed());
  const auto before = TRY(delegation_of(workshop, options.vendor));
  auto keys = TRY(read_public_keys(options.keys));
  const RoleHolder holder{options.vendor, std::move(keys), options.threshold, {}};
  if (static_cast<std::size_t>(holder.threshold) > holder.public_keys.size()) {
    return fail(Errc::invalid_argument,
                fmt::format("--threshold must be 1 to {}, the number of keys given", holder.public_keys.size()));
  }
  TRY(check_no_own_models(workshop, options.vendor));
  if (before && before->public_keys == holder.public_keys && before->threshold == holder.threshold) {
    fmt::print("{} may sign with these keys already; nothing was changed.\n", options.vendor);
    return {};
  }
  TRY(keep_delegation(workshop, holder));
  std::vector<std::string> names;
  for (const auto& key : holder.public_keys) names.push_back(brief(key));
  fmt::print("{} of {} may now sign what lies under {}/, and nothing else{}.\n", holder.threshold,
             fmt::join(names, ", "), options.vendor, before ? "; the keys that could before no longer may" : "");
  if (before) {
    fmt::print(
        "What the other keys signed is no longer taken: until it is signed anew, the models of {} vanish from homes.\n",
        options.vendor);
  }
  fmt::print(
      "Next: homepatch-feed include --feed {0} {1} DIR takes in what the vendor signed, then homepatch-feed publish "
      "--feed {0} DIR\n",
      program.work_folder, options.vendor);
  return {};
}

}  // namespace

void add_delegate(Program& program) {
  auto options = std::make_shared<DelegateOptions>();
  auto* command = program.app.add_subcommand("delegate", "Let a vendor sign its own releases in this feed");
  command->add_option("VENDOR", options->vendor, "Its domain name, such as acme.example")->required();
  command->add_option("PUBKEY", options->keys, "Its public keys, PEM files")->required();
  command->add_option("--threshold", options->threshold, "How many of them must sign (default 1)")
      ->check(CLI::Range(1, 16))
      ->type_name("N");
  program.takes_work_folder(*command);
  command->callback(
      [&program, options] { program.chosen = [&program, options] { return delegate(program, *options); }; });
}

}  // namespace homepatch::feed
