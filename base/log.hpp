// The program's log: one line an event on standard error, with the <N> prefix that journald understands when
// it reads the line, without it on a terminal. Library rooms return errors; only programs log.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string_view>

namespace homepatch::log {

enum class Level { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };  // syslog's numbers

// From the level's own name.
std::optional<Level> level_from(std::string_view name);

void set_level(Level level);  // the most verbose one that is written
bool wanted(Level level);

// Foreign parts of `text` must have gone through printable(); control characters are replaced here all the same.
void write(Level level, std::string_view text);

template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  if (wanted(Level::error)) write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  if (wanted(Level::warning)) write(Level::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void notice(fmt::format_string<Args...> format, Args&&... args) {
  if (wanted(Level::notice)) write(Level::notice, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  if (wanted(Level::info)) write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (wanted(Level::debug)) write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace homepatch::log
