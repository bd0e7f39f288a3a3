// The community's index of Zigbee images. It is not signed: what holds an image are the SHA-512 that the index gives,
// and that the image's own header says the same as the index. A catalog can name devices by manufacturer code and image
// type only: where the index restricts an image further, it could reach devices that it is not for, so it is left out.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/file.hpp"
#include "base/text.hpp"
#include "feed/mirrors.hpp"
#include "feed/upstream_file.hpp"
#include "protocols/feeds/zigbee_index.hpp"
#include "protocols/feeds/zigbee_match.hpp"
#include "trust/hash.hpp"
#include "trust/zigbee_image.hpp"

namespace homepatch::feed {

namespace {

namespace fs = std::filesystem;
using feeds::ZigbeeIndexEntry;
using nlohmann::json;

constexpr std::uint16_t kEvery = 0xFFFF;  // a manufacturer code or image type that means all of them

struct Model {
  std::uint16_t manufacturer_code = 0;
  std::uint16_t image_type = 0;

  friend auto operator<=>(const Model&, const Model&) = default;
};

std::string id_of(const Model& model) {
  return fmt::format("zigbee-{:04x}-{:04x}", model.manufacturer_code, model.image_type);
}

bool is_restricted(const ZigbeeIndexEntry& entry) {
  return entry.model_id || !entry.manufacturer_names.empty() || entry.min_hardware || entry.max_hardware || entry.force;
}

std::string place_of(const ZigbeeIndexEntry& entry) {
  const auto& name = entry.file_name.empty() ? entry.url : entry.file_name;
  return fmt::format("{} ({})", printable(name, 120), id_of({entry.manufacturer_code, entry.image_type}));
}

// Where a copy of the upstream's repository has the file: "images/<vendor>/<name>", or the name alone.
std::vector<std::string> names_of(const ZigbeeIndexEntry& entry) {
  std::vector<std::string> out;
  if (const auto at = entry.url.find("/images/"); at != std::string::npos) {
    const auto path = entry.url.substr(at + 1);
    out.push_back(path);
    // On the disk the name stands as it is, in the address it may be percent-encoded.
    if (!entry.file_name.empty()) out.push_back(path.substr(0, path.rfind('/') + 1) + entry.file_name);
  }
  const auto last = entry.url.substr(entry.url.rfind('/') + 1);
  for (const auto& name : {entry.file_name, last}) {
    if (name.empty()) continue;
    out.push_back(name);
    out.push_back("images/" + name);
  }
  return out;
}

// The header, once the image is the one that the index means.
Result<ZigbeeImageHeader> checked_header(const ZigbeeIndexEntry& entry, const std::string& bytes) {
  if (sha512_hex(bytes) != entry.sha512) {
    return fail(Errc::not_trusted, "the image's SHA-512 is not the one in the index: it is damaged, or another file");
  }
  const auto header = TRY(read_zigbee_image_header(ImageSource::of_bytes(bytes)));
  if (const auto otherwise = feeds::contradiction(entry, header)) return fail(Errc::not_trusted, *otherwise);
  return header;
}

// Whom the header excludes although the index does not; empty for nobody.
std::string exclusion(const ZigbeeImageHeader& header) {
  if (!header.min_hardware) return {};
  return fmt::format("its own header is for the hardware versions {} to {} only, which Zigbee devices do not report",
                     *header.min_hardware, header.max_hardware.value_or(kEvery));
}

UpstreamRelease release_of(const ZigbeeIndexEntry& entry, std::string bytes) {
  const Model model{entry.manufacturer_code, entry.image_type};
  UpstreamRelease out{place_of(entry), json::object(), {}};
  out.images.push_back(
      {"app", fmt::format("{}-{}.ota", id_of(model), entry.file_version), "zigbee-ota", std::move(bytes)});
  auto name = fmt::format("Zigbee {:04x}:{:04x}", model.manufacturer_code, model.image_type);
  if (entry.header_string && is_plain_text(*entry.header_string, 64))
    name += fmt::format(" ({})", *entry.header_string);
  out.content = {{"version", fmt::format("{}", entry.file_version)},
                 {"seq", entry.file_version},
                 {"model", {{"id", id_of(model)}, {"name", name}, {"hw", {"any"}}}},
                 {"updatability", json::object()}};
  out.content["match"]["zigbee"] = {{{"manufacturer_code", fmt::format("{}", model.manufacturer_code)},
                                     {"image_type", fmt::format("{}", model.image_type)}}};
  if (entry.min_file_version) out.content["requires"]["from_seq_min"] = *entry.min_file_version;
  if (entry.max_file_version) out.content["requires"]["from_seq_max"] = *entry.max_file_version;
  if (entry.release_notes.starts_with("https://")) out.content["advisory_url"] = entry.release_notes;
  return out;
}

class ZigbeeMirror {
 public:
  ZigbeeMirror(const MirrorOptions& options, const fs::path& folder, MirrorDesk& desk)
      : options_(options), files_(folder, options.download), desk_(desk) {}

  Status mirror(const std::vector<ZigbeeIndexEntry>& entries) {
    std::map<Model, std::vector<const ZigbeeIndexEntry*>> models;
    for (const auto& entry : entries) models[{entry.manufacturer_code, entry.image_type}].push_back(&entry);
    for (auto& [model, own] : models) {
      if (wanted(model)) TRY(mirror_model(model, own));
    }
    return {};
  }

 private:
  [[nodiscard]] bool wanted(const Model& model) const {
    if (options_.only.empty()) return true;
    const auto name = fmt::format("{:04x}:{:04x}", model.manufacturer_code, model.image_type);
    return std::find(options_.only.begin(), options_.only.end(), name) != options_.only.end();
  }

  // Why a catalog must not name the model; empty when it may.
  static std::string_view unfit(const Model& model, const std::vector<const ZigbeeIndexEntry*>& entries) {
    if (model.manufacturer_code == kEvery || model.image_type == kEvery) return "it names devices of every kind";
    if (std::any_of(entries.begin(), entries.end(), [](const auto* entry) { return is_restricted(*entry); })) {
      return "the index tells its devices apart by more than manufacturer code and image type";
    }
    return {};
  }

  Status mirror_model(const Model& model, std::vector<const ZigbeeIndexEntry*>& entries) {
    if (const auto why = unfit(model, entries); !why.empty()) {
      for (const auto* entry : entries) desk_.leave_out(place_of(*entry), why);
      return {};
    }
    std::sort(entries.begin(), entries.end(),
              [](const auto* a, const auto* b) { return a->file_version < b->file_version; });
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const bool again = i > 0 && entries[i - 1]->file_version == entries[i]->file_version;
      if (again && entries[i - 1]->sha512 == entries[i]->sha512) continue;
      if (again) {
        desk_.leave_out(place_of(*entries[i]), "the index has two images of the same version");
        continue;
      }
      TRY(mirror_entry(id_of(model), *entries[i]));
    }
    return {};
  }

  Status mirror_entry(const std::string& model_id, const ZigbeeIndexEntry& entry) {
    if (!entry.installable()) {
      desk_.refuse(place_of(entry),
                   Error{Errc::not_trusted, "the index gives no SHA-512: without one it is not taken"});
      return {};
    }
    const auto names = names_of(entry);
    if (!files_.beside(names) && desk_.knows(model_id, fmt::format("{}", entry.file_version))) {
      desk_.pass_known();
      return {};
    }
    auto bytes = files_.read(names, entry.url);
    if (!bytes) {
      desk_.refuse(place_of(entry), bytes.error());
      return {};
    }
    const auto header = checked_header(entry, *bytes);
    if (!header) {
      desk_.refuse(place_of(entry), header.error());
      return {};
    }
    if (const auto why = exclusion(*header); !why.empty()) {
      desk_.leave_out(place_of(entry), why);
      return {};
    }
    return desk_.take(release_of(entry, *std::move(bytes)));
  }

  const MirrorOptions& options_;
  UpstreamFiles files_;
  MirrorDesk& desk_;
};

}  // namespace

Status mirror_zigbee(const MirrorOptions& options, MirrorDesk& desk) {
  std::error_code ignored;
  fs::path index_file = options.source;
  if (fs::is_directory(index_file, ignored)) index_file /= "index.json";
  const auto bytes = TRY(read_file(index_file, feeds::kMaxZigbeeIndexBytes));
  const auto index = TRY_IN(index_file.string(), feeds::read_zigbee_index(bytes));
  for (const auto& [position, text] : index.complaints) {
    desk.refuse(fmt::format("{}, entry {}", index_file.filename().string(), position), Error{Errc::malformed, text});
  }
  const auto folder = index_file.parent_path();
  return ZigbeeMirror(options, folder.empty() ? fs::path(".") : folder, desk).mirror(index.entries);
}

}  // namespace homepatch::feed
