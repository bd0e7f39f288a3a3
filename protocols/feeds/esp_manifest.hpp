// The manifest of ESP Web Tools, from which ESPHome devices update themselves: one version, and one build a chip
// family. Unsigned. Only a build's `ota` image may travel over the air; its `parts` are images of the whole flash for a
// cable, which would destroy a device that took one as an update: they are counted and never given out. Its MD5 counts
// as no hash at all: an image from here goes out only when an administrator took it (local_admin), by its SHA-256. The
// MD5 is kept because the device wants to be told it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "trust/image_header.hpp"

namespace homepatch::feeds {

inline constexpr std::size_t kMaxEspManifestBytes = 256U << 10U;
inline constexpr std::size_t kMaxEspBuilds = 64;
inline constexpr std::size_t kMaxEspText = 128;  // of a version, of a chip family
inline constexpr std::size_t kMaxEspUrl = 2048;

struct EspBuild {
  std::string chip_family;  // as the maker spells it: "ESP32-S3", "ESP8266", ...
  std::string url;          // of the image for over the air; http or https
  std::string md5;          // 32 digits in lower case; empty where the manifest gives none
  std::string summary;      // for people only
  std::string release_url;
};

struct EspManifest {
  std::string name;              // for people only
  std::string version;           // of all builds; the maker's text, without an order
  std::vector<EspBuild> builds;  // those with an image for over the air, one a chip family
  std::size_t parts = 0;         // images of the whole flash, passed over
  std::size_t without_ota = 0;   // builds that can only be flashed by cable
  std::size_t left_out =
      0;  // builds that are malformed, or follow another of their chip family: devices take the first
  std::vector<std::string> complaints;  // about those left out
};

// `address` is the manifest's own, http or https, after redirects. Errors: malformed, too_large,
// invalid_argument for an address that is none.
Result<EspManifest> read_esp_manifest(std::string_view bytes, std::string_view address);

// The build for this chip family in exactly this spelling, or nullptr.
const EspBuild* build_for(const EspManifest& manifest, std::string_view chip_family);

// The builds for a person's words: every one of them occurs in the manifest's name or version or in the build's chip
// family, in any case of letters. They point into the manifest; none for a text without words.
std::vector<const EspBuild*> find_builds(const EspManifest& manifest, std::string_view text);

// Why the file that came cannot be an update for the build's chip; nothing where it can. An ESP32 of any kind takes
// application images of its own kind only; what an ESP8266 or another chip takes carries no header to look at.
std::optional<std::string> contradiction(const EspBuild& build, const std::optional<ImageHeader>& header);

// What a manifest's `path` means: a whole address, one from the root of the manifest's server, or one relative to the
// manifest (RFC 3986 section 5.2, dot segments resolved). Refuses other schemes, paths with blanks, control characters,
// backslashes or non-ASCII letters, "//server/..." and what is longer than kMaxEspUrl.
Result<std::string> resolve_esp_path(std::string_view address, std::string_view path);

}  // namespace homepatch::feeds
