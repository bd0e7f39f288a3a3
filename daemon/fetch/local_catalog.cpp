#include "daemon/fetch/local_catalog.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/catalog_names.hpp"
#include "core/planner.hpp"
#include "trust/hash.hpp"

namespace homepatch {

namespace {

using nlohmann::json;

constexpr std::size_t kMaxSlug = 40;
constexpr std::size_t kHashDigits = 16;

// Letters and digits of the keys, so that a person recognises the model in paths.
std::string slug(const Match& match) {
  std::string out(to_string(match.family));
  for (const auto& [key, value] : match.keys) {
    out += '-';
    for (const char c : value) {
      const bool upper = c >= 'A' && c <= 'Z';
      const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
      if (upper || plain) out += upper ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return out.substr(0, kMaxSlug);
}

// What devices say could be made to look alike in letters and digits; the hash cannot.
std::string model_id_of(const Match& match) {
  json keys = json::object();
  for (const auto& [key, value] : match.keys) keys[key] = value;
  const auto whole =
      json{{"family", to_string(match.family)}, {"keys", keys}}.dump(-1, ' ', true, json::error_handler_t::replace);
  return slug(match) + "-" + sha256(whole).hex().substr(0, kHashDigits);
}

std::string moment(Time now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now);
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)));
}

std::int64_t next_seq(const Catalog& catalog) {
  std::int64_t highest = 0;
  for (const auto& release : catalog.releases) highest = std::max(highest, release.seq);
  return highest + 1;
}

json image_json(const Image& image) {
  return {{"component", image.component}, {"hw", image.hw},        {"target", image.target}, {"length", image.length},
          {"sha256", image.sha256.hex()}, {"format", image.format}};
}

json release_json(const Release& release) {
  json images = json::array();
  for (const auto& image : release.images) images.push_back(image_json(image));
  json out{{"id", release.id},
           {"version", release.version},
           {"seq", release.seq},
           {"min_allowed_seq", release.min_allowed_seq},
           {"kind", to_string(release.kind)},
           {"images", std::move(images)}};
  if (!release.date.empty()) out["date"] = release.date;
  if (!release.summary.empty()) out["summary"] = release.summary;
  return out;
}

json matches_json(const Catalog& catalog) {
  json out = json::object();
  for (const auto& match : catalog.match) {
    json keys = json::object();
    for (const auto& [key, value] : match.keys) keys[key] = value;
    out[std::string(to_string(match.family))].push_back(std::move(keys));
  }
  return out;
}

}  // namespace

Match local_match(const Device& device) { return own_matches(device).back(); }

std::string describe(const Match& match) {
  std::string out;
  for (const auto& [key, value] : match.keys) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", key, value);
  return out;
}

Catalog new_local_catalog(const Match& match, std::string_view model_name) {
  Catalog catalog;
  catalog.feed = kLocalFeed;
  catalog.vendor_id = kLocalFeed;
  catalog.vendor_name = "imported";
  catalog.model_id = model_id_of(match);
  catalog.model_name = model_name.empty() ? describe(match) : std::string(model_name);
  catalog.path = catalog_path(catalog.vendor_id, catalog.model_id);
  catalog.hw = {std::string(kAnyHardware)};
  catalog.match = {match};
  catalog.method = "confirm";
  return catalog;
}

void add_shipped(Catalog& catalog, const std::string& version) {
  if (catalog.by_version(version) != nullptr) return;
  const auto is_shipped = [](const Release& release) { return release.images.empty(); };
  if (std::ranges::count_if(catalog.releases, is_shipped) >= static_cast<std::ptrdiff_t>(kMaxLocalShipped)) {
    catalog.releases.erase(std::ranges::find_if(catalog.releases, is_shipped));
  }
  Release release;
  release.seq = next_seq(catalog);
  release.id = fmt::format("{}-shipped", release.seq);
  release.version = version;
  release.kind = ReleaseKind::mixed;
  catalog.releases.push_back(std::move(release));
}

const Release& add_release(Catalog& catalog, const std::string& version, const ImageFacts& facts,
                           const std::string& who, Time now) {
  Release release;
  release.seq = next_seq(catalog);
  release.id = fmt::format("{}-{}", release.seq, facts.sha256.hex().substr(0, 12));
  release.version = version;
  release.kind = ReleaseKind::mixed;
  release.date = catalog.date = moment(now);
  release.summary["en"] = "Imported by " + who + ".";
  Image image;
  image.component = "app";
  image.hw = {std::string(kAnyHardware)};
  // Devices that unpack an image themselves know it by its name's end.
  image.target =
      model_folder(catalog.vendor_id, catalog.model_id) + release.id + (facts.packed ? "/image.bin.gz" : "/image.bin");
  image.length = facts.length;
  image.sha256 = facts.sha256;
  image.format = facts.format();
  release.images.push_back(std::move(image));
  std::erase_if(catalog.releases, [&](const Release& other) { return other.version == version; });
  return catalog.releases.emplace_back(std::move(release));
}

std::size_t count_offered(const Catalog& catalog) {
  return static_cast<std::size_t>(
      std::ranges::count_if(catalog.releases, [](const Release& release) { return !release.images.empty(); }));
}

std::string write_catalog(const Catalog& catalog) {
  json releases = json::array();
  for (const auto& release : catalog.releases) releases.push_back(release_json(release));
  const json out{
      {"homepatch_catalog", 1},
      {"date", catalog.date},
      {"vendor", {{"id", catalog.vendor_id}, {"name", catalog.vendor_name}}},
      {"model",
       {{"id", catalog.model_id}, {"name", catalog.model_name}, {"hw", catalog.hw}, {"match", matches_json(catalog)}}},
      {"updatability", {{"updatable", true}, {"method", catalog.method}}},
      {"releases", std::move(releases)}};
  return out.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace homepatch
