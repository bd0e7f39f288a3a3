#include <algorithm>
#include <array>
#include <cerrno>

#include "daemon/bus/message.hpp"
#include "daemon/bus/objects.hpp"
#include "daemon/bus/properties.hpp"
#include "daemon/bus/translation.hpp"

namespace homepatch::bus {

namespace {

struct Subject {
  const Catalog& catalog;
  const Release& release;
  const Server& server;
};

std::uint64_t total_bytes(const Release& release) {
  std::uint64_t bytes = 0;
  for (const auto& image : release.images) bytes += image.length;
  return bytes;
}

bool is_cached(const Subject& s) {
  if (s.release.images.empty()) return false;
  for (const auto& image : s.release.images) {
    if (!s.server.sources().cached(image.sha256.hex())) return false;
  }
  return true;
}

constexpr std::array<Property<Subject>, 28> kProperties{{
    {"Id", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.release.id); }},
    {"Version", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.release.version); }},
    {"Seq", [](sd_bus_message* m, const Subject& s) { return sd_bus_message_append(m, "x", s.release.seq); }},
    {"Feed", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.catalog.feed); }},
    {"Catalog", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.catalog.path); }},
    {"Vendor",
     [](sd_bus_message* m, const Subject& s) {
       return append_text(m, s.catalog.vendor_name.empty() ? s.catalog.vendor_id : s.catalog.vendor_name);
     }},
    {"Model",
     [](sd_bus_message* m, const Subject& s) {
       return append_text(m, s.catalog.model_name.empty() ? s.catalog.model_id : s.catalog.model_name);
     }},
    {"Kind", [](sd_bus_message* m, const Subject& s) { return append_text(m, to_string(s.release.kind)); }},
    {"Severity", [](sd_bus_message* m, const Subject& s) { return append_text(m, to_string(s.release.severity)); }},
    {"Cves", [](sd_bus_message* m, const Subject& s) { return append_texts(m, s.release.cves); }},
    {"Date", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.release.date); }},
    {"Summary", [](sd_bus_message* m, const Subject& s) { return append_text(m, english(s.release.summary)); }},
    {"Images",
     [](sd_bus_message* m, const Subject& s) {
       return sd_bus_message_append(m, "u", static_cast<std::uint32_t>(s.release.images.size()));
     }},
    {"Bytes",
     [](sd_bus_message* m, const Subject& s) { return sd_bus_message_append(m, "t", total_bytes(s.release)); }},
    {"Cached", [](sd_bus_message* m, const Subject& s) { return sd_bus_message_append(m, "b", is_cached(s) ? 1 : 0); }},
    {"Provenance", [](sd_bus_message* m, const Subject& s) { return append_text(m, to_string(s.catalog.provenance)); }},
    {"SignedBy", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.catalog.signed_by); }},
    {"VerifiedBy", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.catalog.verified_by()); }},
    {"SupportEnd",
     [](sd_bus_message* m, const Subject& s) {
       return append_text(m, s.catalog.support ? s.catalog.support->end : std::string());
     }},
    {"SupportKind",
     [](sd_bus_message* m, const Subject& s) {
       return append_text(m, s.catalog.support ? s.catalog.support->kind : std::string());
     }},
    {"AdviceAfterEnd",
     [](sd_bus_message* m, const Subject& s) {
       return append_text(m, s.catalog.support ? english(s.catalog.support->advice_after_end) : std::string());
     }},
    {"EndOfLife",
     [](sd_bus_message* m, const Subject& s) { return sd_bus_message_append(m, "b", s.catalog.end_of_life ? 1 : 0); }},
    {"EndOfLifeSince", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.catalog.end_of_life_since); }},
    {"EndOfLifeAdvice",
     [](sd_bus_message* m, const Subject& s) { return append_text(m, english(s.catalog.end_of_life_advice)); }},
    {"SecurityContact", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.catalog.security_contact); }},
    {"Emergency",
     [](sd_bus_message* m, const Subject& s) { return sd_bus_message_append(m, "b", s.release.emergency ? 1 : 0); }},
    {"UserAction", [](sd_bus_message* m, const Subject& s) { return append_text(m, english(s.release.user_action)); }},
    {"AdvisoryUrl", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.release.advisory_url); }},
}};

template <typename Visit>
void each_release(const Server& server, Visit visit) {
  for (const Catalog* catalog : server.engine().shelf.all()) {
    for (const auto& release : catalog->releases) visit(*catalog, release);
  }
}

// Takes the part off the front, where it stands.
bool take_off(std::string_view& text, std::string_view part) {
  if (!text.starts_with(part)) return false;
  text.remove_prefix(part.size());
  return true;
}

// Of a name as release_path_of() makes it. Whoever asks for all objects comes here for every property of every release:
// so no names are made, only compared.
bool with_release(const Server& server, const char* path, const std::function<int(const Subject&)>& use, int& result) {
  const auto name = object_name("release", path);
  if (!name) return false;
  for (const Catalog* catalog : server.engine().shelf.all()) {
    std::string_view id = *name;
    if (!take_off(id, catalog->feed) || !take_off(id, "/") || !take_off(id, catalog->path) || !take_off(id, "#"))
      continue;
    const auto found = std::ranges::find(catalog->releases, id, &Release::id);
    if (found == catalog->releases.end()) continue;
    result = use(Subject{*catalog, *found, server});
    return true;
  }
  return false;
}

int get(sd_bus*, const char* path, const char*, const char* property, sd_bus_message* reply, void* userdata,
        sd_bus_error*) noexcept {
  int result = -ENOENT;
  with_release(
      *static_cast<Server*>(userdata), path,
      [&](const Subject& subject) { return append_property(kProperties, property, reply, subject); }, result);
  return result;
}

int find(sd_bus*, const char* path, const char*, void* userdata, void** found, sd_bus_error*) noexcept {
  Server& server = *static_cast<Server*>(userdata);
  int unused = 0;
  if (!with_release(
          server, path, [](const Subject&) { return 0; }, unused))
    return 0;
  *found = &server;
  return 1;
}

int enumerate(sd_bus*, const char*, void* userdata, char*** nodes, sd_bus_error*) noexcept {
  const auto paths = release_paths(*static_cast<Server*>(userdata));
  auto** list = static_cast<char**>(std::calloc(paths.size() + 1, sizeof(char*)));
  if (list == nullptr) return -ENOMEM;
  for (std::size_t i = 0; i < paths.size(); ++i) list[i] = ::strdup(paths[i].c_str());
  *nodes = list;
  return 0;
}

constexpr std::uint64_t kConst = SD_BUS_VTABLE_PROPERTY_CONST;

const sd_bus_vtable kVtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Id", "s", get, 0, kConst),
    SD_BUS_PROPERTY("Version", "s", get, 0, kConst),
    SD_BUS_PROPERTY("Seq", "x", get, 0, kConst),
    SD_BUS_PROPERTY("Feed", "s", get, 0, kConst),
    SD_BUS_PROPERTY("Catalog", "s", get, 0, kConst),
    SD_BUS_PROPERTY("Vendor", "s", get, 0, 0),
    SD_BUS_PROPERTY("Model", "s", get, 0, 0),
    SD_BUS_PROPERTY("Kind", "s", get, 0, 0),
    SD_BUS_PROPERTY("Severity", "s", get, 0, 0),
    SD_BUS_PROPERTY("Cves", "as", get, 0, 0),
    SD_BUS_PROPERTY("Date", "s", get, 0, 0),
    SD_BUS_PROPERTY("Summary", "s", get, 0, 0),
    SD_BUS_PROPERTY("Images", "u", get, 0, 0),
    SD_BUS_PROPERTY("Bytes", "t", get, 0, 0),
    SD_BUS_PROPERTY("Cached", "b", get, 0, 0),
    SD_BUS_PROPERTY("Provenance", "s", get, 0, 0),
    SD_BUS_PROPERTY("SignedBy", "s", get, 0, 0),
    SD_BUS_PROPERTY("VerifiedBy", "s", get, 0, 0),
    SD_BUS_PROPERTY("SupportEnd", "s", get, 0, 0),
    SD_BUS_PROPERTY("SupportKind", "s", get, 0, 0),
    SD_BUS_PROPERTY("AdviceAfterEnd", "s", get, 0, 0),
    SD_BUS_PROPERTY("EndOfLife", "b", get, 0, 0),
    SD_BUS_PROPERTY("EndOfLifeSince", "s", get, 0, 0),
    SD_BUS_PROPERTY("EndOfLifeAdvice", "s", get, 0, 0),
    SD_BUS_PROPERTY("SecurityContact", "s", get, 0, 0),
    SD_BUS_PROPERTY("Emergency", "b", get, 0, 0),
    SD_BUS_PROPERTY("UserAction", "s", get, 0, 0),
    SD_BUS_PROPERTY("AdvisoryUrl", "s", get, 0, 0),
    SD_BUS_VTABLE_END,
};

}  // namespace

std::string release_path_of(const Catalog& catalog, const Release& release) {
  return object_path("release", catalog.feed + "/" + catalog.path + "#" + release.id);
}

std::vector<std::string> release_paths(const Server& server) {
  std::vector<std::string> paths;
  each_release(server, [&](const Catalog& catalog, const Release& release) {
    paths.push_back(release_path_of(catalog, release));
  });
  return paths;
}

int add_releases(sd_bus* bus, Server& server) {
  const std::string prefix = std::string(kRoot) + "/release";
  const int r = sd_bus_add_fallback_vtable(bus, nullptr, prefix.c_str(), kReleaseInterface, kVtable, find, &server);
  return r < 0 ? r : sd_bus_add_node_enumerator(bus, nullptr, prefix.c_str(), enumerate, &server);
}

}  // namespace homepatch::bus
