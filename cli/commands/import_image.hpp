// homepatchctl import FILE --for DEV: a raw image that no feed signed is inspected, shown, and after a yes taken in.
// Part of the subcommand import (import.cpp), which also takes bundles.
#pragma once

#include <string>

#include "cli/bus.hpp"
#include "cli/program.hpp"

namespace homepatch::cli {

struct RawImage {
  std::string file;  // its name, for people
  std::string device;
  std::string version;
  std::string sha256;  // as its maker published it, or empty
  bool yes = false;
};

// `fd`: the open file.
Result<int> import_image(Program& program, int fd, const RawImage& image);

}  // namespace homepatch::cli
