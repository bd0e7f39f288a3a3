// The manual's list of subcommands and options is what the program says of itself.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "feed/command.hpp"
#include "support/manual.hpp"

namespace homepatch::feed {
namespace {

using test::read_text;
using test::roff;

// What an option takes: its type's name without the validator's words behind it.
std::string value_of(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return "";
  const auto name = option.get_type_name();
  return " " + name.substr(0, name.find(':'));
}

std::string option_list(const CLI::App& command) {
  std::string text;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->nonpositional() || option->get_name() == "--help") continue;
    text += fmt::format(".br\n.B {}\n{}.\n", roff(option->get_name() + value_of(*option)), option->get_description());
  }
  return text;
}

std::string synopsis(const CLI::App& command, const std::string& before) {
  std::string text = before + command.get_name();
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional()) continue;
    text += fmt::format(" {}{}", option->get_name(true), option->get_expected_max() > 1 ? "..." : "");
  }
  return text;
}

// NOLINTNEXTLINE(misc-no-recursion)
std::string command_list(const CLI::App& above, const std::string& before) {
  std::string text;
  for (const CLI::App* command : above.get_subcommands({})) {
    if (const auto inner = command_list(*command, before + command->get_name() + " "); !inner.empty()) {
      text += inner;
      continue;
    }
    text += fmt::format(".TP\n.B {}\n{}.\n{}", roff(synopsis(*command, before)), command->get_description(),
                        option_list(*command));
  }
  return text;
}

TEST(Manual, ListsTheSubcommandsAndOptionsThatTheProgramHas) {
  const std::string manual = read_text(FEED_MANUAL);
  Program program;
  add_commands(program);
  const std::string expected = command_list(program.app, "");
  EXPECT_NE(manual.find(expected), std::string::npos) << "docs/man/homepatch-feed.1 must hold exactly this:\n"
                                                      << expected;
}

}  // namespace
}  // namespace homepatch::feed
