// A Tasmota version text as INFO1 and STATUS2 have it, "14.2.0(release-tasmota)": the version and the image's name.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace homepatch::mqtt::tasmota {

struct VersionText {
  std::string version;        // "14.2.0"
  std::string image;          // "tasmota"; a leading "release-" is gone; empty where the text names none
  bool intermediate = false;  // minimal or safeboot: a helper on the way to the wanted image

  friend bool operator==(const VersionText&, const VersionText&) = default;
};

// <a.b.c[.d]>[(<image>)] and nothing else; image names have at most 32 letters, digits, '-', '_' or '.'.
std::optional<VersionText> parse_version_text(std::string_view text);

}  // namespace homepatch::mqtt::tasmota
