#include "protocols/feeds/zigbee_match.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace homepatch::feeds {

namespace {

bool contains(const std::vector<std::string>& list, std::string_view wanted) {
  return std::ranges::find(list, wanted) != list.end();
}

template <typename Number>
bool within(std::optional<Number> value, std::optional<Number> min, std::optional<Number> max) {
  if (!min && !max) return true;
  return value && (!min || *min <= *value) && (!max || *value <= *max);
}

// How closely the entry names the device, once it meets what the entry says of model and manufacturer.
int closeness(const ZigbeeIndexEntry& entry) {
  return (entry.model_id ? 2 : 0) + (entry.manufacturer_names.empty() ? 0 : 1);
}

std::string_view unmet_identity(const ZigbeeIndexEntry& entry, const ZigbeeDevice& device) {
  if (entry.model_id && !contains(device.model_ids, *entry.model_id)) return "modelId";
  if (!entry.manufacturer_names.empty() &&
      (!device.manufacturer_name || !contains(entry.manufacturer_names, *device.manufacturer_name))) {
    return "manufacturerName";
  }
  if (device.header_string && entry.header_string != device.header_string) return "otaHeaderString";
  return {};
}

bool is_update(const ZigbeeIndexEntry& entry, std::uint32_t installed) {
  return entry.file_version > installed || (entry.force && entry.file_version != installed);
}

using Entries = std::vector<const ZigbeeIndexEntry*>;

// Those that are about this device, closest ones only.
Entries about(const Entries& entries, const ZigbeeDevice& device) {
  int closest = 0;
  for (const auto* entry : entries) {
    if (unmet_identity(*entry, device).empty()) closest = std::max(closest, closeness(*entry));
  }
  Entries out;
  std::ranges::copy_if(entries, std::back_inserter(out), [&](const ZigbeeIndexEntry* entry) {
    return unmet_identity(*entry, device).empty() && closeness(*entry) == closest;
  });
  return out;
}

const ZigbeeIndexEntry* newest(const Entries& entries) {
  const auto found = std::ranges::max_element(entries, {}, &ZigbeeIndexEntry::file_version);
  return found == entries.end() ? nullptr : *found;
}

ZigbeeChoice choose(const Entries& fitting, std::uint32_t installed) {
  Entries updates;
  std::ranges::copy_if(fitting, std::back_inserter(updates),
                       [&](const ZigbeeIndexEntry* entry) { return is_update(*entry, installed); });
  if (updates.empty()) return {ZigbeeMatch::up_to_date, newest(fitting), {}};
  std::erase_if(updates, [](const ZigbeeIndexEntry* entry) { return !entry->installable(); });
  const auto* best = newest(updates);
  if (best == nullptr) return {ZigbeeMatch::no_hash, nullptr, {}};
  const bool one = std::ranges::all_of(updates, [&](const ZigbeeIndexEntry* entry) {
    return entry->file_version != best->file_version || entry->sha512 == best->sha512;
  });
  return one ? ZigbeeChoice{ZigbeeMatch::update, best, {}} : ZigbeeChoice{ZigbeeMatch::ambiguous, nullptr, {}};
}

// The bytes that survive the index's way of writing a header string down: it drops NULs and replaces what is not UTF-8.
std::string ascii_of(std::string_view text) {
  std::string out;
  std::ranges::copy_if(text, std::back_inserter(out),
                       [](char c) { return c != '\0' && static_cast<unsigned char>(c) < 0x80; });
  return out;
}

void compare(std::vector<std::string>& found, std::string_view what, std::uint64_t index, std::uint64_t file) {
  if (index != file) found.push_back(fmt::format("the index says {} {}, the file's own header {}", what, index, file));
}

}  // namespace

std::string_view to_string(ZigbeeMatch match) {
  switch (match) {
    case ZigbeeMatch::update: return "update";
    case ZigbeeMatch::up_to_date: return "up_to_date";
    case ZigbeeMatch::unknown_image: return "unknown_image";
    case ZigbeeMatch::restricted: return "restricted";
    case ZigbeeMatch::version_unknown: return "version_unknown";
    case ZigbeeMatch::no_hash: return "no_hash";
    case ZigbeeMatch::ambiguous: return "ambiguous";
  }
  return "unknown_image";
}

std::string_view unmet_restriction(const ZigbeeIndexEntry& entry, const ZigbeeDevice& device) {
  if (const auto unmet = unmet_identity(entry, device); !unmet.empty()) return unmet;
  if (!within(device.hardware_version, entry.min_hardware, entry.max_hardware)) return "hardwareVersion";
  if (!within(device.file_version, entry.min_file_version, entry.max_file_version)) return "fileVersion";
  return {};
}

ZigbeeChoice best_match(const ZigbeeIndex& index, const ZigbeeDevice& device) {
  Entries same;
  for (const auto& entry : index.entries) {
    if (entry.manufacturer_code == device.manufacturer_code && entry.image_type == device.image_type) {
      same.push_back(&entry);
    }
  }
  if (same.empty()) return {};
  const auto closest = about(same, device);
  if (closest.empty()) return {ZigbeeMatch::restricted, nullptr, unmet_restriction(*same.front(), device)};
  if (!device.file_version) return {ZigbeeMatch::version_unknown, nullptr, {}};
  Entries fitting;
  std::ranges::copy_if(closest, std::back_inserter(fitting),
                       [&](const ZigbeeIndexEntry* entry) { return unmet_restriction(*entry, device).empty(); });
  if (fitting.empty()) return {ZigbeeMatch::restricted, nullptr, unmet_restriction(*closest.front(), device)};
  return choose(fitting, *device.file_version);
}

std::optional<std::string> contradiction(const ZigbeeIndexEntry& entry, const ZigbeeImageHeader& header) {
  std::vector<std::string> found;
  compare(found, "manufacturer code", entry.manufacturer_code, header.manufacturer_code);
  compare(found, "image type", entry.image_type, header.image_type);
  compare(found, "version", entry.file_version, header.file_version);
  // zigbee-OTA writes the image's size; an index made by hand may hold the file's.
  if (entry.file_size != header.file_bytes) {
    compare(found, "size", entry.file_size.value_or(header.total_size), header.total_size);
  }
  if (entry.header_string && ascii_of(*entry.header_string) != ascii_of(header.header_string)) {
    found.push_back(fmt::format("the index says header string \"{}\", the file's own header \"{}\"",
                                printable(*entry.header_string), printable(header.header_string)));
  }
  if (!within(entry.min_hardware, header.min_hardware, header.max_hardware) && entry.min_hardware) {
    found.push_back(fmt::format("the index begins with hardware version {}, the file's own header says {} to {}",
                                *entry.min_hardware, *header.min_hardware, *header.max_hardware));
  }
  if (!within(entry.max_hardware, header.min_hardware, header.max_hardware) && entry.max_hardware) {
    found.push_back(fmt::format("the index ends with hardware version {}, the file's own header says {} to {}",
                                *entry.max_hardware, *header.min_hardware, *header.max_hardware));
  }
  if (header.destination) {
    found.push_back(fmt::format("the file's own header is for the one device {:016x}", *header.destination));
  }
  if (found.empty()) return std::nullopt;
  return fmt::format("{}", fmt::join(found, "; "));
}

}  // namespace homepatch::feeds
