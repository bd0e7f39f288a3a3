// A TOML file that a publisher wrote, as a JSON value with the line of every member, so that whatever is refused later
// can name the place in the file: "release.toml, line 12: seq: must be a whole number".
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homepatch::feed {

struct TomlDocument {
  static constexpr std::size_t kMaxBytes = 256U * 1024;

  std::string file;                                    // as the person named it
  nlohmann::json content;                              // dates as text, floating point as it is
  std::map<std::string, unsigned, std::less<>> lines;  // "image[0].hw" -> 12; empty where no file was read

  static Result<TomlDocument> load(const std::filesystem::path& path);

  // The line of the member, or of the nearest table around it.
  [[nodiscard]] unsigned line_of(std::string_view place) const;
  [[nodiscard]] Unexpected refuse(std::string_view place, std::string_view what,
                                  Errc code = Errc::invalid_argument) const;
};

}  // namespace homepatch::feed
