// An index of Zigbee images: what is kept is within its limits, and what is chosen for a device restricts nothing that
// the device does not meet, and has a hash.
#include <cstdlib>

#include "base/text.hpp"
#include "protocols/feeds/zigbee_match.hpp"
#include "protocols/feeds/zigbee_search.hpp"

namespace {

using namespace homepatch;
using namespace homepatch::feeds;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(const ZigbeeIndexEntry& entry) {
  require(entry.url.starts_with("https://") || entry.url.starts_with("http://"));
  require(entry.url.size() <= kMaxZigbeeUrl && is_plain_text(entry.url, kMaxZigbeeUrl));
  require(entry.sha512.empty() || entry.sha512.size() == 128);
  require(!entry.model_id || is_plain_text(*entry.model_id, kMaxZigbeeText));
  require(entry.manufacturer_names.size() <= kMaxZigbeeNames);
  require(is_utf8(entry.file_name) && is_utf8(entry.release_notes) && is_utf8(entry.original_url));
}

// The device that the entry describes.
ZigbeeDevice device_of(const ZigbeeIndexEntry& entry) {
  ZigbeeDevice device{.manufacturer_code = entry.manufacturer_code, .image_type = entry.image_type};
  device.file_version = entry.min_file_version.value_or(0);
  device.hardware_version = entry.max_hardware;
  if (entry.model_id) device.model_ids = {*entry.model_id};
  if (!entry.manufacturer_names.empty()) device.manufacturer_name = entry.manufacturer_names.back();
  return device;
}

void check_choice(const ZigbeeIndex& index, const ZigbeeIndexEntry& entry) {
  const auto device = device_of(entry);
  require(unmet_restriction(entry, device).empty());
  const auto choice = best_match(index, device);
  require((choice.entry != nullptr) ==
          (choice.match == ZigbeeMatch::update || choice.match == ZigbeeMatch::up_to_date));
  require(choice.match != ZigbeeMatch::unknown_image && choice.match != ZigbeeMatch::version_unknown);
  if (choice.match != ZigbeeMatch::update) return;
  require(choice.entry->installable() && choice.entry->file_version != *device.file_version);
  require(unmet_restriction(*choice.entry, device).empty());
}

void check_contradiction(const ZigbeeIndexEntry& entry) {
  ZigbeeImageHeader header;
  header.manufacturer_code = entry.manufacturer_code;
  header.image_type = entry.image_type;
  header.file_version = entry.file_version;
  header.total_size = static_cast<std::uint32_t>(entry.file_size.value_or(1));
  header.header_string = entry.header_string.value_or("");
  require(!contradiction(entry, header));
  ++header.file_version;
  require(contradiction(entry, header).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto index = read_zigbee_index(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!index) return 0;
  require(index->complaints.size() <= index->left_out && index->unknown_members <= index->left_out);
  for (const auto& entry : index->entries) {
    check(entry);
    check_choice(*index, entry);
    check_contradiction(entry);
    require(find_images(*index, entry.url, index->entries.size()).size() >= 1);
  }
  return 0;
}
