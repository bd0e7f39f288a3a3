// homepatchctl's command line: which subcommand was chosen, and how it prints. app.cpp parses it, each file of
// commands/ adds one subcommand, main runs the chosen one.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "cli/screen.hpp"

namespace homepatch::cli {

// Ctrl-C ended the watching before the outcome was known, as shells count it.
inline constexpr int kExitInterrupted = 130;

struct Program {
  Screen screen;
  bool json = false;
  std::function<Result<int>()> chosen;  // gives the exit status
};

// The whole command line, ready to parse. `program` must outlive it.
std::unique_ptr<CLI::App> make_app(Program& program);

// Parses, runs what was chosen, prints its error: the exit status.
int run(int argc, char** argv);

}  // namespace homepatch::cli
