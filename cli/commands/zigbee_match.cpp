#include "cli/commands/zigbee_match.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "cli/documents.hpp"
#include "cli/table.hpp"
#include "cli/words.hpp"

namespace homepatch::cli {

namespace {

Result<std::uint32_t> number_from(std::string_view what, std::string_view text, std::uint32_t max) {
  std::string_view digits = text;
  const bool hex = digits.starts_with("0x") || digits.starts_with("0X");
  if (hex) digits.remove_prefix(2);
  std::uint32_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() || value > max) {
    return fail(Errc::invalid_argument,
                fmt::format("{} is a number from 0 to {}, decimal or 0x and hexadecimal, not \"{}\"", what, max, text));
  }
  return value;
}

constexpr std::uint32_t kMaxCode = std::numeric_limits<std::uint16_t>::max();
constexpr std::uint32_t kMaxVersion = std::numeric_limits<std::uint32_t>::max();

Result<ZigbeeDevice> device_from(const ZigbeeWords& words) {
  const auto colon = words.codes.find(':');
  if (colon == std::string::npos) {
    return fail(Errc::invalid_argument,
                "--zigbee takes the manufacturer code and the image type with a colon between, as in 0x1234:0x0201");
  }
  ZigbeeDevice device;
  const std::string_view codes = words.codes;
  device.manufacturer_code =
      static_cast<std::uint16_t>(TRY(number_from("the manufacturer code", codes.substr(0, colon), kMaxCode)));
  device.image_type = static_cast<std::uint16_t>(TRY(number_from("the image type", codes.substr(colon + 1), kMaxCode)));
  if (!words.installed.empty()) {
    device.installed = TRY(number_from("the installed version", words.installed, kMaxVersion));
  }
  if (!words.hardware.empty()) {
    device.hardware_version = TRY(number_from("the hardware version", words.hardware, kMaxCode));
  }
  device.manufacturer_name = words.manufacturer;
  device.model_ids = words.models;
  return device;
}

std::string sentence(const Value& match) {
  const std::string word = text_of(match, "match");
  if (word == "update") return "an update";
  if (word == "up_to_date") return "up to date";
  if (word == "unknown_image") return "has nothing for it";
  if (word == "restricted") return "kept from it by " + text_of(match, "restriction");
  if (word == "version_unknown") return "has some; say what is --installed";
  if (word == "no_hash") return "an update without SHA-512: not usable";
  if (word == "ambiguous") return "several newest ones differ: not usable";
  return word;
}

Json matches_json(const Value& matches) {
  Json list = Json::array();
  for (const Value& match : matches) {
    Json one{{"index", text_of(match, "index")},
             {"match", text_of(match, "match")},
             {"restriction", text_of(match, "restriction")},
             {"image", nullptr}};
    if (match.contains("url")) {
      one["image"] = {{"name", text_of(match, "name")}, {"version", text_of(match, "version")},
                      {"url", text_of(match, "url")},   {"bytes", count_of(match, "bytes")},
                      {"hash", text_of(match, "hash")}, {"provenance", text_of(match, "provenance")}};
    }
    list.push_back(std::move(one));
  }
  return list;
}

}  // namespace

void add_zigbee_options(CLI::App& command, ZigbeeWords& words) {
  auto* zigbee = command.add_option("--zigbee", words.codes,
                                    "MAKER:TYPE of a Zigbee device instead of words: what the indexes have for it, "
                                    "with all their restrictions");
  command.add_option("--installed", words.installed, "With --zigbee: the version that it runs")->needs(zigbee);
  command.add_option("--hardware", words.hardware, "With --zigbee: its hardware version")->needs(zigbee);
  command.add_option("--manufacturer", words.manufacturer, "With --zigbee: its manufacturer's name")->needs(zigbee);
  command.add_option("--model", words.models, "With --zigbee: its model; may be given again")->needs(zigbee);
}

Result<int> match_zigbee(const Program& program, Bus& bus, const ZigbeeWords& words) {
  const ZigbeeDevice device = TRY(device_from(words));
  const Value matches = TRY(bus.match_zigbee(device));
  if (program.json) {
    program.screen.print(document({{"matches", matches_json(matches)}}));
    return kExitDone;
  }
  if (matches.empty()) {
    program.screen.paragraph("No index of Zigbee images can be read. See: homepatchctl search");
    return kExitDone;
  }
  Table table({{"INDEX", 6, 6}, {"RESULT", 20}, {"VERSION", 0, 7}, {"NAME", 12, 4}, {"ADDRESS", 20, 1}});
  for (const Value& match : matches) {
    const bool update = text_of(match, "match") == "update";
    table.add({text_of(match, "index"), Cell(sentence(match), update ? Tone::attention : Tone::plain),
               text_of(match, "version"), text_of(match, "name"), text_of(match, "url")});
  }
  program.screen.print(table.render(program.screen));
  program.screen.paragraph("Nobody signed these indexes; the device's own bridge installs its images.");
  return kExitDone;
}

}  // namespace homepatch::cli
