#include <fmt/format.h>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/documents.hpp"
#include "cli/question.hpp"
#include "cli/words.hpp"

namespace homepatch::cli {

namespace {

constexpr std::size_t kMaxText = 2000;

Status confirm(const Program& program, Bus& bus, bool yes) {
  if (yes) return {};
  if (!can_ask(program)) {
    return fail(Errc::invalid_argument, "there is no terminal to ask on: say --yes to reset the clock's floors");
  }
  const Value manager = TRY(bus.get(kRoot, kProperties, "GetAll", kManager));
  program.screen.paragraph(fmt::format(
      "homepatchd knows that {} has passed, and believes no clock that shows an earlier time. Do this only if that "
      "time "
      "was wrong, and the clock shows the right one now: with an earlier time, statements of a feed that have expired "
      "count again. What a feed signed before what is known of it is refused as ever.",
      local_time(number_of(manager, "ClockFloor"))));
  if (says_yes(program.screen, "Forget it?")) return {};
  return fail(Errc::cancelled, "nothing was changed");
}

Result<int> reset_clock(Program& program, bool yes) {
  Bus bus = TRY(Bus::open());
  TRY(confirm(program, bus, yes));
  const Value said = TRY(bus.get(kRoot, kManager, "ResetClock"));
  const std::string text = said.is_string() ? said.get<std::string>() : "";
  if (program.json) {
    program.screen.print(document({{"text", text}}));
  } else {
    program.screen.paragraph(printable(text, kMaxText));
  }
  return kExitDone;
}

}  // namespace

void add_reset_clock(CLI::App& app, Program& program) {
  const auto yes = std::make_shared<bool>(false);
  add_command(app, program, "reset-clock", "Forget which times have passed, after the clock was wrong",
              [&program, yes] { return reset_clock(program, *yes); })
      ->add_flag("--yes", *yes, "Do it without a question");
}

}  // namespace homepatch::cli
