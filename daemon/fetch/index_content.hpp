// One unsigned index as it was read: what is in it for people, and what a search finds. Lives only while somebody asks
// (daemon/fetch/indexes): the file that it was read from is what is kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/config.hpp"
#include "protocols/feeds/esp_manifest.hpp"
#include "protocols/feeds/zigbee_index.hpp"
#include "protocols/feeds/zigbee_match.hpp"

namespace homepatch {

struct IndexContent {
  std::variant<feeds::ZigbeeIndex, feeds::EspManifest> parsed;

  // Images that can be found; at least one.
  [[nodiscard]] std::size_t entries() const;
  [[nodiscard]] std::size_t left_out() const;
  // About the first that were left out, for people; empty: none was.
  [[nodiscard]] std::string complaints() const;
};

// Refuses what does not parse, and what holds no image at all. A manifest that lies on the gateway has no address
// from which its images' paths could lead on: they are shown as they are.
Result<IndexContent> read_index(const IndexConfig& index, std::string_view bytes);

// One image that an index describes, as it is shown.
struct FoundImage {
  std::string index;
  IndexKind kind = IndexKind::zigbee;
  std::string name;     // the file's, or the manifest's
  std::string version;  // the maker's text; Zigbee: decimal
  std::string url;
  std::optional<std::uint16_t> manufacturer_code;  // Zigbee, as is image_type
  std::optional<std::uint16_t> image_type;
  std::vector<std::string> models;  // Zigbee: the model and the manufacturers that it is restricted to
  std::string chip;                 // ESP
  std::optional<std::uint64_t> bytes;
  std::string hash;  // "sha512", "md5" (which proves nothing), or empty
};

// What a Zigbee index has for one device: the match, the restriction where that is `restricted`, the image where there
// is one. The index must be one of Zigbee images.
struct MatchedImage {
  std::string index;
  feeds::ZigbeeMatch match = feeds::ZigbeeMatch::unknown_image;
  std::string restriction;
  std::optional<FoundImage> image;
};
MatchedImage match_image(const IndexConfig& index, const feeds::ZigbeeIndex& parsed, const feeds::ZigbeeDevice& device);

// Those in which every word occurs, at most `limit`; `more` counts the others.
std::vector<FoundImage> find_images(const IndexConfig& index, const IndexContent& content, std::string_view words,
                                    std::size_t limit, std::size_t& more);

}  // namespace homepatch
