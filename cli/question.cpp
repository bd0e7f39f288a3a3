#include "cli/question.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <string>

namespace homepatch::cli {

bool can_ask(const Program& program) {
  return !program.json && program.screen.terminal() && ::isatty(STDIN_FILENO) != 0;
}

bool says_yes(const Screen& screen, std::string_view question) {
  screen.print(fmt::format("{} [y/N] ", question));
  std::string answer;
  std::getline(std::cin, answer);
  for (char& c : answer) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return answer == "y" || answer == "yes";
}

}  // namespace homepatch::cli
