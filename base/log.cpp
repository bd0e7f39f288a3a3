#include "base/log.hpp"

#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/text.hpp"

namespace homepatch::log {

namespace {

constexpr std::size_t kMaxLine = 2048;

Level most_verbose = Level::info;

// systemd sets JOURNAL_STREAM when standard error goes to the journal (systemd.exec(5)).
bool to_journal() {
  static const bool yes = std::getenv("JOURNAL_STREAM") != nullptr;
  return yes;
}

}  // namespace

std::optional<Level> level_from(std::string_view name) {
  if (name == "error") return Level::error;
  if (name == "warning") return Level::warning;
  if (name == "notice") return Level::notice;
  if (name == "info") return Level::info;
  if (name == "debug") return Level::debug;
  return std::nullopt;
}

void set_level(Level level) { most_verbose = level; }

bool wanted(Level level) { return level <= most_verbose; }

void write(Level level, std::string_view text) {
  std::string line = to_journal() ? fmt::format("<{}>", static_cast<int>(level)) : std::string();
  line += printable(text, kMaxLine);
  line += '\n';
  // One write a line, so that lines of several programs do not mix. Nothing can be done when it fails.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace homepatch::log
