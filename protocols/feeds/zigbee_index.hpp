// The community's index of Zigbee images (Koenkk/zigbee-OTA): an unsigned JSON array, one object an image. Read alike
// are index.json (updates), index1.json (the versions before them), and the shorter entries of older files and of
// hand-made override indexes, which lack names and sizes. What it says is a hint (Provenance::hash_only): an entry
// without a SHA-512 can be looked at, but not installed.
// Entries stand for themselves: one that is malformed, or that has a member not known here (it could restrict whom the
// image is for), is left out and counted, and the others live.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace homepatch::feeds {

inline constexpr std::size_t kMaxZigbeeIndexBytes = 16U << 20U;  // the real one of 2026 has half a megabyte
inline constexpr std::size_t kMaxZigbeeEntries = 20'000;         // and 897 entries
inline constexpr std::size_t kMaxZigbeeEntryValues = 200;
inline constexpr std::size_t kMaxZigbeeText = 128;  // of a model, of a manufacturer's name
inline constexpr std::size_t kMaxZigbeeNames = 64;
inline constexpr std::size_t kMaxZigbeeUrl = 2048;
inline constexpr std::size_t kMaxZigbeeComplaints = 20;  // that are kept with their text; the others are counted

struct ZigbeeIndexEntry {
  std::uint16_t manufacturer_code = 0;
  std::uint16_t image_type = 0;
  std::uint32_t file_version = 0;
  std::string url;     // http or https, not judged further
  std::string sha512;  // of the whole file as downloaded; 128 digits in lower case, or empty: never installed
  std::optional<std::uint64_t> file_size;  // of the Zigbee image; a maker's container makes the download longer

  // Restrictions; absent ones restrict nothing.
  std::optional<std::string> model_id;
  std::vector<std::string> manufacturer_names;  // one of them
  std::optional<std::uint32_t> min_file_version;
  std::optional<std::uint32_t> max_file_version;
  std::optional<std::uint16_t> min_hardware;
  std::optional<std::uint16_t> max_hardware;
  bool force = false;  // to be installed even over a newer version

  std::optional<std::string> header_string;  // any UTF-8: printable() before it is shown
  // For people only.
  std::string file_name;
  std::string release_notes;
  std::string original_url;

  [[nodiscard]] bool installable() const { return !sha512.empty(); }
};

struct ZigbeeComplaint {
  std::size_t position = 0;  // in the array, from 0
  std::string text;          // "modelId: must be ..."
};

struct ZigbeeIndex {
  std::vector<ZigbeeIndexEntry> entries;    // in the order of the file
  std::size_t left_out = 0;                 // malformed entries, and those with unknown members
  std::size_t unknown_members = 0;          // of them, those with unknown members
  std::vector<ZigbeeComplaint> complaints;  // about the first of those left out
};

// Errors: malformed when the whole is not a JSON array, too_large for a limit of the whole.
Result<ZigbeeIndex> read_zigbee_index(std::string_view bytes);

}  // namespace homepatch::feeds
