#include "protocols/feeds/zigbee_entry_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/text.hpp"
#include "core/catalog.hpp"

namespace homepatch::feeds {

namespace {

constexpr std::size_t kMaxHeaderString = 128;  // 32 bytes; each may have become U+FFFD, of three
constexpr std::size_t kSha512Digits = 128;

template <typename Number>
Result<Number> read_number(const JsonFields& fields, std::string_view key) {
  return static_cast<Number>(TRY(fields.number(key, 0, std::numeric_limits<Number>::max())));
}

template <typename Number>
Status read_optional(const JsonFields& fields, std::string_view key, std::optional<Number>& out) {
  if (fields.has(key)) out = TRY(read_number<Number>(fields, key));
  return {};
}

template <typename Number>
Status check_window(const JsonFields& fields, std::string_view key, std::optional<Number> min,
                    std::optional<Number> max) {
  if (!min || !max || *min <= *max) return {};
  return fields.refuse(key, "the lower end is above the upper one");
}

Status read_url(const JsonFields& fields, ZigbeeIndexEntry& entry) {
  entry.url = TRY(fields.text("url", kMaxZigbeeUrl));
  const bool clean = std::ranges::all_of(entry.url, [](char c) { return c > 0x20 && c < 0x7F; });
  if (clean && (entry.url.starts_with("https://") || entry.url.starts_with("http://"))) return {};
  return fields.refuse("url", "must begin with https:// or http:// and hold no blanks");
}

Status read_sha512(const JsonFields& fields, ZigbeeIndexEntry& entry) {
  if (!fields.has("sha512")) return {};
  const auto text = TRY(fields.text("sha512", kSha512Digits));
  const auto digest = from_hex(text);
  if (!digest || text.size() != kSha512Digits) {
    return fields.refuse("sha512", fmt::format("must be {} hexadecimal digits", kSha512Digits));
  }
  entry.sha512 = to_hex(digest->data(), digest->size());
  return {};
}

Status read_size(const JsonFields& fields, ZigbeeIndexEntry& entry) {
  if (!fields.has("fileSize")) return {};
  entry.file_size = static_cast<std::uint64_t>(TRY(fields.number("fileSize", 1, kMaxImageLength)));
  return {};
}

Status read_header_string(const JsonFields& fields, ZigbeeIndexEntry& entry) {
  if (!fields.has("otaHeaderString")) return {};
  const auto& value = fields.raw("otaHeaderString");
  if (!value.is_string() || value.get_ref<const std::string&>().size() > kMaxHeaderString) {
    return fields.refuse("otaHeaderString", fmt::format("must be a text of at most {} bytes", kMaxHeaderString));
  }
  entry.header_string = value.get<std::string>();
  return {};
}

Status read_restrictions(const JsonFields& fields, ZigbeeIndexEntry& entry) {
  if (fields.has("modelId")) entry.model_id = TRY(fields.text("modelId", kMaxZigbeeText));
  if (fields.has("manufacturerName")) {
    entry.manufacturer_names = TRY(fields.texts("manufacturerName", kMaxZigbeeNames, kMaxZigbeeText));
  }
  TRY(read_optional(fields, "minFileVersion", entry.min_file_version));
  TRY(read_optional(fields, "maxFileVersion", entry.max_file_version));
  TRY(check_window(fields, "minFileVersion", entry.min_file_version, entry.max_file_version));
  TRY(read_optional(fields, "hardwareVersionMin", entry.min_hardware));
  TRY(read_optional(fields, "hardwareVersionMax", entry.max_hardware));
  TRY(check_window(fields, "hardwareVersionMin", entry.min_hardware, entry.max_hardware));
  if (fields.has("force")) entry.force = TRY(fields.boolean("force"));
  return {};
}

}  // namespace

Status check_members(const JsonFields& fields) {
  return fields.only({"fileName", "fileVersion", "fileSize", "url", "imageType", "manufacturerCode", "sha512",
                      "otaHeaderString", "modelId", "manufacturerName", "minFileVersion", "maxFileVersion",
                      "hardwareVersionMin", "hardwareVersionMax", "force", "originalUrl", "releaseNotes", "path"});
}

Result<ZigbeeIndexEntry> read_zigbee_entry(const JsonFields& fields) {
  ZigbeeIndexEntry entry;
  entry.manufacturer_code = TRY(read_number<std::uint16_t>(fields, "manufacturerCode"));
  entry.image_type = TRY(read_number<std::uint16_t>(fields, "imageType"));
  entry.file_version = TRY(read_number<std::uint32_t>(fields, "fileVersion"));
  TRY(read_url(fields, entry));
  TRY(read_sha512(fields, entry));
  TRY(read_size(fields, entry));
  TRY(read_restrictions(fields, entry));
  TRY(read_header_string(fields, entry));
  entry.file_name = fields.shown("fileName");
  entry.release_notes = fields.shown("releaseNotes", kMaxProse);
  entry.original_url = fields.shown("originalUrl", kMaxZigbeeUrl);
  return entry;
}

}  // namespace homepatch::feeds
