// The manual's lists of subcommands and options are what the program says of itself.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cli/documents.hpp"
#include "cli/program.hpp"
#include "tests/support/manual.hpp"

namespace homepatch::cli {
namespace {

using test::read_text;
using test::roff;

std::string option_list(const CLI::App& command) {
  std::string text;
  for (const CLI::Option* option : command.get_options()) {
    if (option->nonpositional() && option->get_name() != "--help") {
      text += fmt::format(".br\n.B {}\n{}.\n", roff(option->get_name()), option->get_description());
    }
  }
  return text;
}

std::string synopsis(const CLI::App& command) {
  std::string text = command.get_name();
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional()) continue;
    const bool many = option->get_expected_max() > 1;
    const std::string operand = option->get_name(true) + (many ? "..." : "");
    text += option->get_required() ? " " + operand : " [" + operand + "]";
  }
  return text;
}

std::string command_list() {
  Program program;
  const auto app = make_app(program);
  std::string text;
  for (const CLI::App* command : app->get_subcommands({})) {
    text +=
        fmt::format(".TP\n.B {}\n{}.\n{}", roff(synopsis(*command)), command->get_description(), option_list(*command));
  }
  return text;
}

TEST(Manual, ListsTheSubcommandsAndOptionsThatTheProgramHas) {
  const std::string manual = read_text(HOMEPATCH_SOURCE "/docs/man/homepatchctl.1");
  const std::string expected = command_list();
  EXPECT_NE(manual.find(expected), std::string::npos) << "docs/man/homepatchctl.1 must hold exactly this:\n"
                                                      << expected;
}

TEST(Manual, NamesEveryKeyThatJsonPrints) {
  const std::string manual = read_text(HOMEPATCH_SOURCE "/docs/man/homepatchctl.1");
  for (const Json& document :
       {to_json(DeviceView()), to_json(ReleaseView()), to_json(UpdateView()), to_json(DecisionView())}) {
    for (const auto& [key, value] : document.items()) {
      EXPECT_NE(manual.find(key), std::string::npos) << key << " is not in docs/man/homepatchctl.1";
    }
  }
}

TEST(Manual, TheCompletionKnowsEverySubcommand) {
  const std::string completion = read_text(HOMEPATCH_SOURCE "/config/homepatchctl.bash-completion");
  Program program;
  const auto app = make_app(program);
  for (const CLI::App* command : app->get_subcommands({})) {
    EXPECT_NE(completion.find(command->get_name()), std::string::npos) << command->get_name();
  }
}

}  // namespace
}  // namespace homepatch::cli
