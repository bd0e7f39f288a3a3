// One function a subcommand, each in its own file of commands/: it adds the subcommand with its options, and sets
// Program::chosen when a person chose it.
#pragma once

#include <functional>
#include <string>

#include "cli/program.hpp"

namespace homepatch::cli {

void add_devices(CLI::App& app, Program& program);
void add_device(CLI::App& app, Program& program);
void add_releases(CLI::App& app, Program& program);
void add_plan(CLI::App& app, Program& program);
void add_explain(CLI::App& app, Program& program);
void add_accept(CLI::App& app, Program& program);
void add_update(CLI::App& app, Program& program);
void add_updates(CLI::App& app, Program& program);
void add_watch(CLI::App& app, Program& program);
void add_cancel(CLI::App& app, Program& program);
void add_refresh(CLI::App& app, Program& program);
void add_status(CLI::App& app, Program& program);
void add_search(CLI::App& app, Program& program);
void add_import(CLI::App& app, Program& program);
void add_cache(CLI::App& app, Program& program);
void add_privacy(CLI::App& app, Program& program);
void add_reset_clock(CLI::App& app, Program& program);
void add_forget(CLI::App& app, Program& program);

// What they share: the subcommand with its --json. `action` is called after parsing.
CLI::App* add_command(CLI::App& app, Program& program, const std::string& name, const std::string& what,
                      std::function<Result<int>()> action);

}  // namespace homepatch::cli
