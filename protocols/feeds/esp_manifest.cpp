#include "protocols/feeds/esp_manifest.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "protocols/feeds/json_fields.hpp"
#include "protocols/feeds/search_words.hpp"
#include "trust/strict_json.hpp"

namespace homepatch::feeds {

namespace {

constexpr std::size_t kMaxDepth = 8;
constexpr std::size_t kMaxNodes = 10'000;
constexpr std::size_t kMd5Digits = 32;

Unexpected refused(std::string_view path, std::string_view why) {
  return fail(Errc::malformed, fmt::format("the address \"{}\" {}", printable(path, 200), why));
}

bool is_web_address(std::string_view text) { return text.starts_with("https://") || text.starts_with("http://"); }

bool is_clean(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7F && c != '\\'; });
}

// An address in two: "https://host:port" and what follows, without query and fragment.
struct Split {
  std::string_view server;
  std::string_view path;
};

Split split(std::string_view address) {
  address = address.substr(0, address.find_first_of("?#"));
  const auto slash = address.find('/', address.find("//") + 2);
  if (slash == std::string_view::npos) return {address, "/"};
  return {address.substr(0, slash), address.substr(slash)};
}

// A rooted path without "." and ".." (RFC 3986 section 5.2.4); nothing climbs above the root.
std::string without_dots(std::string_view path) {
  std::vector<std::string_view> kept;
  bool folder = false;
  for (std::size_t at = 1; at <= path.size();) {
    const auto end = std::min(path.find('/', at), path.size());
    const auto segment = path.substr(at, end - at);
    folder = segment == "." || segment == "..";
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (!folder) kept.push_back(segment);
    at = end + 1;
  }
  auto out = fmt::format("/{}", fmt::join(kept, "/"));
  if (folder && out.size() > 1) out += '/';
  return out;
}

std::string joined(std::string_view address, std::string_view path) {
  const auto base = split(address);
  const auto query = std::min(path.find('?'), path.size());
  const auto folder = path.starts_with('/') ? std::string_view() : base.path.substr(0, base.path.rfind('/') + 1);
  return fmt::format("{}{}{}", base.server, without_dots(fmt::format("{}{}", folder, path.substr(0, query))),
                     path.substr(query));
}

Result<std::string> read_md5(const JsonFields& ota) {
  if (!ota.has("md5")) return std::string();
  const auto text = TRY(ota.text("md5", kMd5Digits));
  const auto digest = from_hex(text);
  if (!digest || text.size() != kMd5Digits) return ota.refuse("md5", "must be 32 hexadecimal digits");
  return to_hex(digest->data(), digest->size());
}

Result<EspBuild> read_ota(const JsonFields& ota, std::string_view address) {
  EspBuild build;
  const auto path = TRY(ota.text("path", kMaxEspUrl));
  build.url = TRY_IN(ota.place("path"), resolve_esp_path(address, path));
  build.md5 = TRY(read_md5(ota));
  build.summary = ota.shown("summary", kMaxProse);
  build.release_url = ota.shown("release_url", kMaxEspUrl);
  return build;
}

std::size_t count_parts(const nlohmann::json& builds) {
  std::size_t count = 0;
  for (const auto& build : builds) {
    const auto parts = build.is_object() ? build.find("parts") : build.end();
    if (parts != build.end() && parts->is_array()) count += parts->size();
  }
  return count;
}

// A build with an image for over the air; nothing when it has none.
Result<std::optional<EspBuild>> read_build(const nlohmann::json& value, std::string place, std::string_view address,
                                           std::vector<std::string>& families) {
  const auto fields = TRY(JsonFields::of(value, std::move(place)));
  const auto family = TRY(fields.text("chipFamily", kMaxEspText));
  if (std::ranges::find(families, family) != families.end()) {
    return fields.refuse("chipFamily", fmt::format("{} had a build before; devices take the first", family));
  }
  families.push_back(family);
  if (!fields.has("ota")) return std::nullopt;
  const auto ota = TRY(fields.object("ota"));
  auto build = TRY(read_ota(ota, address));
  build.chip_family = family;
  return build;
}

Status read_builds(const JsonFields& top, std::string_view address, EspManifest& manifest) {
  const auto& builds = top.raw("builds");
  if (!builds.is_array() || builds.empty() || builds.size() > kMaxEspBuilds) {
    return top.refuse("builds", fmt::format("must be an array of 1 to {} builds", kMaxEspBuilds));
  }
  std::vector<std::string> families;
  manifest.parts = count_parts(builds);
  for (std::size_t i = 0; i < builds.size(); ++i) {
    auto build = read_build(builds[i], fmt::format("builds[{}]", i), address, families);
    if (!build) {
      ++manifest.left_out;
      manifest.complaints.push_back(std::move(build).error().text);
    } else if (*build) {
      manifest.builds.push_back(**std::move(build));
    } else {
      ++manifest.without_ota;
    }
  }
  return {};
}

Result<EspManifest> read_fields(std::string_view bytes, std::string_view address) {
  const auto document =
      TRY(parse_json(bytes, {.max_bytes = kMaxEspManifestBytes, .max_depth = kMaxDepth, .max_nodes = kMaxNodes}));
  const auto top = TRY(JsonFields::of(document, ""));
  EspManifest manifest;
  manifest.name = top.shown("name");
  manifest.version = TRY(top.text("version", kMaxEspText));
  TRY(read_builds(top, address, manifest));
  return manifest;
}

}  // namespace

Result<std::string> resolve_esp_path(std::string_view address, std::string_view path) {
  path = path.substr(0, path.find('#'));
  if (path.empty() || !is_clean(path))
    return refused(path, "is empty, or holds blanks or letters that must be encoded");
  if (path.starts_with("//")) return refused(path, "must name its scheme, https:// or http://");
  const auto colon = path.find(':');
  const bool has_scheme = colon != std::string_view::npos && colon < path.find_first_of("/?");
  if (has_scheme && !is_web_address(path)) return refused(path, "must begin with https:// or http://, or be relative");
  auto url = has_scheme ? std::string(path) : joined(address, path);
  if (url.size() > kMaxEspUrl) return refused(path, fmt::format("is longer than {} bytes", kMaxEspUrl));
  return url;
}

Result<EspManifest> read_esp_manifest(std::string_view bytes, std::string_view address) {
  if (!is_web_address(address) || !is_clean(address) || address.size() > kMaxEspUrl) {
    return fail(Errc::invalid_argument,
                fmt::format("\"{}\" is no address of a manifest; one begins with https://", printable(address, 200)));
  }
  return TRY_IN(fmt::format("the manifest {}", address), read_fields(bytes, address));
}

const EspBuild* build_for(const EspManifest& manifest, std::string_view chip_family) {
  const auto found = std::ranges::find(manifest.builds, chip_family, &EspBuild::chip_family);
  return found == manifest.builds.end() ? nullptr : &*found;
}

std::vector<const EspBuild*> find_builds(const EspManifest& manifest, std::string_view text) {
  const auto words = search_words(text);
  const auto about_all = lower_case(manifest.name + "\n" + manifest.version + "\n");
  std::vector<const EspBuild*> out;
  if (words.empty()) return out;
  for (const auto& build : manifest.builds) {
    const auto said = about_all + lower_case(build.chip_family);
    const auto occurs = [&](const std::string& word) { return said.find(word) != std::string::npos; };
    if (std::ranges::all_of(words, occurs)) out.push_back(&build);
  }
  return out;
}

std::optional<std::string> contradiction(const EspBuild& build, const std::optional<ImageHeader>& header) {
  const std::string chip = lower_case(build.chip_family);
  if (!chip.starts_with("esp32")) return std::nullopt;
  if (!header || header->format != ImageFormat::esp_app) {
    return fmt::format("the file is no application image for {}; an image of the whole flash must not be sent",
                       build.chip_family);
  }
  if (header->chip == chip) return std::nullopt;
  return fmt::format("the manifest says that the image is for {}, the file's own header says {}", build.chip_family,
                     header->chip);
}

}  // namespace homepatch::feeds
