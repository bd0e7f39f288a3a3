#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/documents.hpp"
#include "cli/program.hpp"

namespace homepatch::cli {

namespace {

constexpr const char* kFooter =
    "DEV is a device's id (mac:e0980680ff6d), its name when no other device has it, or a beginning of its id that fits "
    "no other.\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 nothing to do, 3 not found, 4 not authorised;\n"
    "130 when Ctrl-C ended the watching of an update.";

int complain(const Program& program, const Error& error) {
  if (program.json) program.screen.print(document(to_json(error)));
  fmt::print(stderr, "homepatchctl: {}\n", error.text);
  return exit_status(error.code);
}

// CLI11's own exit codes are not ours: help and version are fine, everything else is a mistake on the command line.
int report_parse_error(const Program& program, const CLI::App& app, const CLI::ParseError& error) {
  if (error.get_exit_code() == 0) {
    app.exit(error);
    return kExitDone;
  }
  if (program.json) program.screen.print(document(to_json(Error{Errc::invalid_argument, error.what()})));
  fmt::print(stderr, "homepatchctl: {}\nSee: homepatchctl --help\n", printable(error.what(), 400));
  return kExitFailed;
}

}  // namespace

CLI::App* add_command(CLI::App& app, Program& program, const std::string& name, const std::string& what,
                      std::function<Result<int>()> action) {
  CLI::App* command = app.add_subcommand(name, what);
  command->add_flag("--json", program.json, "Print one JSON document instead of text for people");
  command->callback([&program, action = std::move(action)] { program.chosen = action; });
  return command;
}

// The order is that of --help and of the manual: look, decide, act, keep house.
std::unique_ptr<CLI::App> make_app(Program& program) {
  auto app = std::make_unique<CLI::App>("See and steer the patching of the devices of this home.", "homepatchctl");
  app->set_help_flag("-h,--help", "Print this help");
  app->set_version_flag("--version", "homepatchctl " HOMEPATCH_VERSION, "Print the version");
  app->require_subcommand(0, 1);  // none is ours to complain about: CLI11 would say so of a misspelt one too
  app->footer(kFooter);
  add_devices(*app, program);
  add_device(*app, program);
  add_releases(*app, program);
  add_plan(*app, program);
  add_explain(*app, program);
  add_accept(*app, program);
  add_update(*app, program);
  add_updates(*app, program);
  add_watch(*app, program);
  add_cancel(*app, program);
  add_refresh(*app, program);
  add_status(*app, program);
  add_search(*app, program);
  add_import(*app, program);
  add_cache(*app, program);
  add_privacy(*app, program);
  add_reset_clock(*app, program);
  add_forget(*app, program);
  return app;
}

namespace {

int execute(int argc, char** argv) {
  Program program;
  program.screen = Screen::of_this_program();
  const auto app = make_app(program);
  try {
    app->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // CLI11 reads a command's options only when all of it is right.
    program.json = std::any_of(argv, argv + argc, [](const char* word) { return std::string_view(word) == "--json"; });
    return report_parse_error(program, *app, error);
  }
  if (!program.chosen) {
    fmt::print(stderr, "homepatchctl: say what to do, for example: homepatchctl devices\nSee: homepatchctl --help\n");
    return kExitFailed;
  }
  const auto status = program.chosen();
  return status ? *status : complain(program, status.error());
}

}  // namespace

// Whoever keeps the output in a file on a full disk must not take half of it for the whole.
int run(int argc, char** argv) {
  const int status = execute(argc, argv);
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return status;
  fmt::print(stderr, "homepatchctl: not all of the output could be written: {}\n", std::strerror(errno));
  return kExitFailed;
}

}  // namespace homepatch::cli
