#include "cli/screen.hpp"

#include <fmt/format.h>
#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "cli/layout.hpp"

namespace homepatch::cli {

namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::optional<winsize> window() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0) return std::nullopt;
  return size;
}

std::optional<std::size_t> columns_from_environment() {
  const std::string_view text = environment("COLUMNS");
  std::size_t columns = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), columns);
  if (error != std::errc() || end != text.data() + text.size() || columns == 0) return std::nullopt;
  return columns;
}

std::string_view colour_of(Tone tone) {
  switch (tone) {
    case Tone::plain: return "";
    case Tone::strong: return "\x1b[1m";
    case Tone::good: return "\x1b[32m";
    case Tone::attention: return "\x1b[33m";
    case Tone::running: return "\x1b[36m";
    case Tone::bad: return "\x1b[31m";
    case Tone::faint: return "\x1b[2m";
  }
  return "";
}

}  // namespace

Screen Screen::of_this_program() {
  Screen screen;
  const std::string_view term = environment("TERM");
  screen.terminal_ = ::isatty(STDOUT_FILENO) == 1;
  screen.dumb_ = term.empty() || term == "dumb";
  // https://no-color.org: any value that is not empty.
  screen.colour_ = screen.terminal_ && !screen.dumb_ && environment("NO_COLOR").empty();
  (void)std::setlocale(LC_CTYPE, "");
  screen.utf8_ = std::string_view(::nl_langinfo(CODESET)) == "UTF-8";
  // Names are UTF-8 whatever the locale, so their width is measured as such.
  if (!screen.utf8_) (void)std::setlocale(LC_CTYPE, "C.UTF-8");
  return screen;
}

std::size_t Screen::width() const {
  const auto size = window();
  if (terminal_ && size && size->ws_col > 0) return std::max<std::size_t>(size->ws_col, kNarrowest);
  return std::max(columns_from_environment().value_or(terminal_ ? kTerminalWidth : kPipeWidth), kNarrowest);
}

std::size_t Screen::height() const {
  const auto size = window();
  return size && size->ws_row > 0 ? size->ws_row : 24;
}

std::string Screen::paint(Tone tone, std::string_view text) const {
  const std::string_view colour = colour_ ? colour_of(tone) : "";
  return colour.empty() ? std::string(text) : fmt::format("{}{}\x1b[0m", colour, text);
}

void Screen::print(std::string_view text) const {
  // run() looks at the stream's state when all is said.
  (void)std::fwrite(text.data(), 1, text.size(), stdout);
  (void)std::fflush(stdout);
}

void Screen::line(std::string_view text) const { print(fmt::format("{}\n", text)); }

void Screen::paragraph(std::string_view text, std::size_t indent) const {
  const std::size_t columns = width();
  for (const auto& each : wrap(text, columns > indent ? columns - indent : columns)) {
    line(std::string(indent, ' ') + each);
  }
}

}  // namespace homepatch::cli
