#include "trust/esp_image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace homepatch {

namespace {

constexpr unsigned char kMagic = 0xE9;
constexpr std::size_t kHeaderSize = 24;
constexpr std::size_t kSegmentHeaderSize = 8;
constexpr std::size_t kDescription = kHeaderSize + kSegmentHeaderSize;  // at the beginning of the first segment
constexpr std::uint32_t kDescriptionMagic = 0xABCD5432;
constexpr std::size_t kVersion = kDescription + 16;
constexpr std::size_t kProject = kDescription + 48;
constexpr std::size_t kTextSize = 32;
constexpr unsigned kMaxSegments = 16;
constexpr std::uint64_t kAlignment = 16;

struct Chip {
  std::uint16_t id;
  std::string_view name;
};
constexpr std::array kChips{Chip{0, "esp32"},     Chip{2, "esp32-s2"},  Chip{5, "esp32-c3"},  Chip{9, "esp32-s3"},
                            Chip{12, "esp32-c2"}, Chip{13, "esp32-c6"}, Chip{16, "esp32-h2"}, Chip{18, "esp32-p4"}};

Unexpected malformed(std::string_view text) { return fail(Errc::malformed, fmt::format("ESP image: {}", text)); }

std::string chip_name(std::uint16_t id) {
  const auto known = std::ranges::find(kChips, id, &Chip::id);
  return known == kChips.end() ? fmt::format("chip {}", id) : std::string(known->name);
}

// Text in a fixed field, up to its first NUL.
Result<std::string> text_field(std::string_view bytes, std::size_t at, std::string_view what) {
  const auto field = bytes.substr(at, kTextSize);
  const auto text = field.substr(0, field.find('\0'));
  if (!text.empty() && !is_plain_text(text, kTextSize)) return malformed(fmt::format("its {} is not text", what));
  return std::string(text);
}

// Where the segments end, with the checksum byte and its padding: what an appended hash covers.
Result<std::uint64_t> segments_end(const ImageSource& image, unsigned segments) {
  if (segments == 0 || segments > kMaxSegments) return malformed(fmt::format("it cannot have {} segments", segments));
  std::uint64_t at = kHeaderSize;
  for (unsigned i = 0; i < segments; ++i) {
    const auto header = TRY(image.read(at, kSegmentHeaderSize));
    at += kSegmentHeaderSize + little_u32(header, 4);
  }
  return (at / kAlignment + 1) * kAlignment;  // at least one byte more, for the checksum
}

Result<ImageHash> check_hash(const ImageSource& image, std::uint64_t covered, bool appended) {
  const auto stated =
      TRY(image.read(covered, appended ? Digest::kSize : 0));  // also without one: it must not be cut off
  if (!appended) return ImageHash::none;
  const auto digest = TRY(image.sha256_of_first(covered));
  if (!std::ranges::equal(digest.bytes(), stated,
                          [](std::uint8_t a, char b) { return a == static_cast<unsigned char>(b); })) {
    return fail(Errc::not_trusted, "ESP image: the SHA-256 at its end is not that of its bytes; it is damaged");
  }
  return ImageHash::agrees;
}

}  // namespace

bool is_esp_app(std::string_view first_bytes) {
  return first_bytes.size() >= kEspDescriptionEnd && static_cast<unsigned char>(first_bytes[0]) == kMagic &&
         little_u32(first_bytes, kDescription) == kDescriptionMagic;
}

Result<ImageHeader> read_esp_app(const ImageSource& image) {
  const auto bytes = TRY(image.read(0, kEspDescriptionEnd));
  ImageHeader header;
  header.format = ImageFormat::esp_app;
  header.chip = chip_name(little_u16(bytes, 12));
  header.security_counter = little_u32(bytes, kDescription + 4);
  header.version = TRY(text_field(bytes, kVersion, "version"));
  header.project = TRY(text_field(bytes, kProject, "project name"));
  const auto covered = TRY(segments_end(image, static_cast<unsigned char>(bytes[1])));
  header.hash = TRY(check_hash(image, covered, bytes[23] == 1));
  return header;
}

}  // namespace homepatch
