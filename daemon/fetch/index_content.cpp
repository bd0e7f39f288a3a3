#include "daemon/fetch/index_content.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "protocols/feeds/zigbee_search.hpp"

namespace homepatch {

namespace {

constexpr std::size_t kShownComplaints = 3;
// Stands for the folder of a manifest that came from no server; RFC 6761 keeps the name out of use.
constexpr std::string_view kNoServer = "https://manifest.invalid/";

std::string_view address_of(const IndexConfig& index) {
  return index.url.empty() ? kNoServer : std::string_view(index.url);
}

std::string shown_url(const std::string& url) {
  return url.starts_with(kNoServer) ? url.substr(kNoServer.size()) : url;
}

FoundImage found(const IndexConfig& index, const feeds::ZigbeeIndexEntry& entry) {
  FoundImage image{.index = index.name, .kind = IndexKind::zigbee};
  image.name = entry.file_name.empty() ? entry.url.substr(entry.url.rfind('/') + 1) : entry.file_name;
  image.version = std::to_string(entry.file_version);
  image.url = entry.url;
  image.manufacturer_code = entry.manufacturer_code;
  image.image_type = entry.image_type;
  if (entry.model_id) image.models.push_back(*entry.model_id);
  image.models.insert(image.models.end(), entry.manufacturer_names.begin(), entry.manufacturer_names.end());
  image.bytes = entry.file_size;
  image.hash = entry.installable() ? "sha512" : "";
  return image;
}

FoundImage found(const IndexConfig& index, const feeds::EspManifest& manifest, const feeds::EspBuild& build) {
  FoundImage image{.index = index.name, .kind = IndexKind::esp};
  image.name = manifest.name;
  image.version = manifest.version;
  image.url = shown_url(build.url);
  image.chip = build.chip_family;
  image.hash = build.md5.empty() ? "" : "md5";
  return image;
}

}  // namespace

std::size_t IndexContent::entries() const {
  if (const auto* zigbee = std::get_if<feeds::ZigbeeIndex>(&parsed)) return zigbee->entries.size();
  return std::get<feeds::EspManifest>(parsed).builds.size();
}

std::size_t IndexContent::left_out() const {
  if (const auto* zigbee = std::get_if<feeds::ZigbeeIndex>(&parsed)) return zigbee->left_out;
  return std::get<feeds::EspManifest>(parsed).left_out;
}

std::string IndexContent::complaints() const {
  std::vector<std::string> texts;
  if (const auto* zigbee = std::get_if<feeds::ZigbeeIndex>(&parsed)) {
    for (const auto& one : zigbee->complaints) texts.push_back(fmt::format("image {}: {}", one.position, one.text));
  } else {
    texts = std::get<feeds::EspManifest>(parsed).complaints;
  }
  if (texts.size() > kShownComplaints) texts.resize(kShownComplaints);
  return printable(fmt::format("{}", fmt::join(texts, "; ")), 500);
}

Result<IndexContent> read_index(const IndexConfig& index, std::string_view bytes) {
  IndexContent content;
  switch (index.kind) {
    case IndexKind::zigbee: content.parsed = TRY(feeds::read_zigbee_index(bytes)); break;
    case IndexKind::esp: content.parsed = TRY(feeds::read_esp_manifest(bytes, address_of(index))); break;
  }
  if (content.entries() > 0) return content;
  const auto why = content.complaints();
  return fail(Errc::malformed, "it holds no image that could be sent to a device" + (why.empty() ? "" : ": " + why));
}

MatchedImage match_image(const IndexConfig& index, const feeds::ZigbeeIndex& parsed,
                         const feeds::ZigbeeDevice& device) {
  const auto choice = feeds::best_match(parsed, device);
  MatchedImage matched{index.name, choice.match, std::string(choice.restriction), std::nullopt};
  if (choice.entry != nullptr) matched.image = found(index, *choice.entry);
  return matched;
}

std::vector<FoundImage> find_images(const IndexConfig& index, const IndexContent& content, std::string_view words,
                                    std::size_t limit, std::size_t& more) {
  std::vector<FoundImage> out;
  const auto take = [&](auto... image) {
    out.size() < limit ? out.push_back(found(index, *image...)) : static_cast<void>(++more);
  };
  if (const auto* zigbee = std::get_if<feeds::ZigbeeIndex>(&content.parsed)) {
    for (const auto* entry : feeds::find_images(*zigbee, words, feeds::kMaxZigbeeEntries)) take(entry);
  } else {
    const auto* manifest = &std::get<feeds::EspManifest>(content.parsed);
    for (const auto* build : feeds::find_builds(*manifest, words)) take(manifest, build);
  }
  return out;
}

}  // namespace homepatch
