// homepatch-sim make-image: firmware that carries its version in the real format.
#include <fmt/format.h>

#include "base/file.hpp"
#include "base/text.hpp"
#include "sim/image/esp_image.hpp"
#include "sim/image/mcuboot_image.hpp"
#include "sim/program.hpp"

namespace homepatch::sim {

namespace {

struct Options {
  std::string format;
  std::string version;
  std::string name;
  std::string chip = "ESP32";
  std::size_t size = 0;
  std::string fault;
  std::string out;
};

// What is put inside in place of the version that was asked for.
constexpr std::string_view kOtherVersion = "0.0.0";

Result<std::string> build(const Options& options) {
  const std::string version = options.fault == "wrong-version" ? std::string(kOtherVersion) : options.version;
  if (options.format == "mcuboot") {
    if (!options.name.empty()) return fail(Errc::invalid_argument, "an MCUboot image has no place for --name");
    if (auto asked = make_mcuboot_image(options.version, options.size); !asked) return asked;
    return make_mcuboot_image(version, options.size);
  }
  const auto chip = esp_chip_from(options.chip);
  if (!chip) {
    return fail(Errc::invalid_argument, fmt::format("'{}' is no chip of Espressif's; write for example ESP32, ESP32-C3 "
                                                    "or ESP8266",
                                                    printable(options.chip, 64)));
  }
  return make_esp_image({version, options.name, *chip, options.size});
}

Status make(const Options& options) {
  const auto image = TRY_IN("making the image", build(options));
  if (auto written = write_file_atomically(options.out, image); !written) return written;
  fmt::print("{} image format={} version={} bytes={}\n", options.out, options.format, options.version, image.size());
  return {};
}

}  // namespace

void add_make_image(CLI::App& app, Work& chosen) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("make-image", "Write a firmware image that carries its version.");
  command->option_defaults()->always_capture_default();
  constexpr std::size_t kMaxImage = 64U * 1024U * 1024U;
  command->add_option("--format", options->format, "esp (ESP-IDF application) or mcuboot")
      ->required()
      ->check(CLI::IsMember({"esp", "mcuboot"}));
  command->add_option("--version", options->version, "the version inside the image")->required();
  command->add_option("--name", options->name, "esp: project name; a Tasmota-like device reports it as its image name");
  command->add_option("--chip", options->chip, "esp: the chip it is for");
  command->add_option("--size", options->size, "bytes; esp rounds up to a multiple of 16")
      ->required()
      ->check(CLI::Range(std::size_t{0}, kMaxImage));
  command->add_option("--fault", options->fault, "wrong-version: another version inside than --version says")
      ->check(CLI::IsMember({"wrong-version"}));
  command->add_option("--out", options->out, "the file to write")->required();
  command->callback([options, &chosen] { chosen = [options] { return make(*options); }; });
}

}  // namespace homepatch::sim
