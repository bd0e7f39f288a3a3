#include <algorithm>

#include "base/text.hpp"
#include "cli/bus.hpp"
#include "cli/commands.hpp"
#include "cli/documents.hpp"

namespace homepatch::cli {

namespace {

constexpr std::size_t kMaxReport = 2000;

// One line a feed, or whatever lines the daemon makes of it.
void say(const Screen& screen, std::string_view text) {
  text = text.substr(0, kMaxReport);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    screen.paragraph(printable(text.substr(0, end), kMaxReport));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

Result<int> refresh(Program& program) {
  Bus bus = TRY(Bus::open());
  const Value said = TRY(bus.get(kRoot, kManager, "Refresh", std::nullopt, Bus::kRefreshLimit));
  const std::string text = said.is_string() ? said.get<std::string>() : "";
  if (program.json) {
    program.screen.print(document({{"text", text}}));
  } else {
    say(program.screen, text);
  }
  return kExitDone;
}

}  // namespace

void add_refresh(CLI::App& app, Program& program) {
  add_command(app, program, "refresh", "Ask all feeds for news now", [&program] { return refresh(program); });
}

}  // namespace homepatch::cli
