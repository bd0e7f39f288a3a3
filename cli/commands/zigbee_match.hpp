// homepatchctl search --zigbee: what the indexes have for one Zigbee device, with every restriction judged.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "cli/bus.hpp"
#include "cli/program.hpp"

namespace homepatch::cli {

// What a person typed after --zigbee, --installed and so on.
struct ZigbeeWords {
  std::string codes;  // "MAKER:TYPE", each decimal or 0x and hexadecimal
  std::string installed;
  std::string hardware;
  std::string manufacturer;
  std::vector<std::string> models;
};

void add_zigbee_options(CLI::App& command, ZigbeeWords& words);

// invalid_argument names the word that is none.
Result<int> match_zigbee(const Program& program, Bus& bus, const ZigbeeWords& words);

}  // namespace homepatch::cli
