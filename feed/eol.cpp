// homepatch-feed eol: says in a model's catalog that nothing more will come. Homes see it after the next publish.

#include <fmt/format.h>

#include <memory>

#include "base/text.hpp"
#include "core/catalog_names.hpp"
#include "feed/changes.hpp"
#include "feed/command.hpp"
#include "feed/workshop.hpp"
#include "protocols/feeds/json_fields.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch::feed {

namespace {

struct EolOptions {
  std::string model;
  std::string since;
  std::string advice;
};

Status eol(const Program& program, const EolOptions& options) {
  const auto workshop = TRY(Workshop::open(program.work_folder));
  const auto path = options.model + "/catalog.json";
  if (!is_catalog_path(path)) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' must be VENDOR/MODEL, such as acme.example/plug", options.model));
  }
  if (!options.since.empty() && !is_date(options.since)) {
    return fail(Errc::invalid_argument, fmt::format("--since '{}' must be a day such as 2031-05-31", options.since));
  }
  if (!options.advice.empty() && !is_plain_text(options.advice, feeds::kMaxProse)) {
    return fail(Errc::invalid_argument,
                fmt::format("--advice must be one line of at most {} bytes of UTF-8", feeds::kMaxProse));
  }
  const auto before = TRY(workshop.draft(path));
  if (!before) return fail(Errc::not_found, fmt::format("this feed has no catalog of {}", options.model));
  const auto time = TRY(program.time());
  const auto now = tuf::time_text(time);
  const auto since = options.since.empty() ? now.substr(0, 10) : options.since;
  const auto after = TRY(with_end_of_life(*before, since, options.advice, now));
  TRY(workshop.keep_draft(after));
  fmt::print(
      "{0}\nNoted, not yet published. When the whole feed ends, publish it once with signatures that outlive its "
      "devices,\n"
      "for example: homepatch-feed rotate root --feed {1} --root-days 3650\n"
      "             homepatch-feed publish --feed {1} DIR --targets-days 3650 --snapshot-days 3650 --timestamp-days "
      "3650\n",
      model_changes(after, &*before), program.work_folder);
  return {};
}

}  // namespace

void add_eol(Program& program) {
  auto options = std::make_shared<EolOptions>();
  auto* command = program.app.add_subcommand("eol", "Say that a model will get nothing more");
  command->add_option("MODEL", options->model, "VENDOR/MODEL, such as acme.example/plug")->required();
  command->add_option("--since", options->since, "The day (default: today)")->type_name("YYYY-MM-DD");
  command->add_option("--advice", options->advice, "What owners should do, in English")->type_name("TEXT");
  program.takes_work_folder(*command);
  command->callback([&program, options] { program.chosen = [&program, options] { return eol(program, *options); }; });
}

}  // namespace homepatch::feed
