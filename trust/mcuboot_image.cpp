#include "trust/mcuboot_image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace homepatch {

namespace {

constexpr std::string_view kMagic = "\x3d\xb8\xf3\x96";
constexpr std::size_t kHeaderSize = 32;
constexpr std::size_t kInfoSize = 4;   // of a trailer: magic, total size with itself
constexpr std::size_t kEntrySize = 4;  // type, length
constexpr std::uint16_t kInfoMagic = 0x6907;
constexpr std::uint16_t kProtectedInfoMagic = 0x6908;
constexpr std::uint32_t kEncrypted = 0x4U | 0x8U;

constexpr std::uint16_t kSha256 = 0x10;
constexpr std::uint16_t kSha384 = 0x11;
constexpr std::uint16_t kSha512 = 0x12;
constexpr std::uint16_t kSecurityCounter = 0x50;

struct Layout {
  std::uint64_t trailer = 0;  // where it begins: behind header and code
  std::uint16_t protected_size = 0;
  std::uint32_t flags = 0;
  std::string version;
};

struct Entry {
  std::uint16_t type = 0;
  std::string value;
};

Unexpected malformed(std::string_view text) { return fail(Errc::malformed, fmt::format("MCUboot image: {}", text)); }

Result<Layout> read_layout(const ImageSource& image) {
  const auto header = TRY(image.read(0, kHeaderSize));
  Layout layout;
  const auto header_size = little_u16(header, 8);
  if (header_size < kHeaderSize) return malformed("its header is shorter than one can be");
  layout.trailer = std::uint64_t{header_size} + little_u32(header, 12);
  layout.protected_size = little_u16(header, 10);
  layout.flags = little_u32(header, 16);
  const auto build = little_u32(header, 24);
  layout.version = fmt::format("{}.{}.{}", static_cast<unsigned char>(header[20]),
                               static_cast<unsigned char>(header[21]), little_u16(header, 22));
  if (build != 0) layout.version += fmt::format("+{}", build);
  return layout;
}

// The entries of the trailer at `at`. Its total size fits in 16 bits, so memory is bounded.
Result<std::vector<Entry>> read_trailer(const ImageSource& image, std::uint64_t at, std::uint16_t magic) {
  const auto info = TRY(image.read(at, kInfoSize));
  const std::size_t total = little_u16(info, 2);
  if (little_u16(info, 0) != magic || total < kInfoSize) return malformed("its trailer does not begin as one does");
  const auto bytes = TRY(image.read(at, total));
  std::vector<Entry> entries;
  for (std::size_t i = kInfoSize; i < total;) {
    if (total - i < kEntrySize) return malformed("an entry of its trailer is cut off");
    const std::size_t size = little_u16(bytes, i + 2);
    if (total - i - kEntrySize < size) return malformed("an entry of its trailer is cut off");
    entries.push_back({little_u16(bytes, i), bytes.substr(i + kEntrySize, size)});
    i += kEntrySize + size;
  }
  return entries;
}

Result<std::vector<Entry>> read_entries(const ImageSource& image, const Layout& layout) {
  std::vector<Entry> entries;
  if (layout.protected_size != 0) {
    entries = TRY(read_trailer(image, layout.trailer, kProtectedInfoMagic));
    const auto info = TRY(image.read(layout.trailer, kInfoSize));
    if (little_u16(info, 2) != layout.protected_size) return malformed("header and trailer disagree about its size");
  }
  auto rest = TRY(read_trailer(image, layout.trailer + layout.protected_size, kInfoMagic));
  std::ranges::move(rest, std::back_inserter(entries));
  return entries;
}

const Entry* find(const std::vector<Entry>& entries, std::uint16_t type) {
  const auto found = std::ranges::find(entries, type, &Entry::type);
  return found == entries.end() ? nullptr : &*found;
}

Result<ImageHash> check_hash(const ImageSource& image, const Layout& layout, const std::vector<Entry>& entries) {
  const Entry* stated = find(entries, kSha256);
  if (stated == nullptr) {
    const bool other = find(entries, kSha384) != nullptr || find(entries, kSha512) != nullptr;
    return other ? ImageHash::not_checkable : ImageHash::none;
  }
  if (stated->value.size() != Digest::kSize) return malformed("its SHA-256 has not 32 bytes");
  if ((layout.flags & kEncrypted) != 0) return ImageHash::not_checkable;
  const auto digest = TRY(image.sha256_of_first(layout.trailer + layout.protected_size));
  if (!std::ranges::equal(digest.bytes(), stated->value,
                          [](std::uint8_t a, char b) { return a == static_cast<unsigned char>(b); })) {
    return fail(Errc::not_trusted,
                "MCUboot image: the SHA-256 that it carries is not that of its bytes; it is damaged");
  }
  return ImageHash::agrees;
}

}  // namespace

bool is_mcuboot(std::string_view first_bytes) { return first_bytes.starts_with(kMagic); }

Result<ImageHeader> read_mcuboot(const ImageSource& image) {
  const auto layout = TRY(read_layout(image));
  const auto entries = TRY(read_entries(image, layout));
  ImageHeader header;
  header.format = ImageFormat::mcuboot;
  header.version = layout.version;
  if (const Entry* counter = find(entries, kSecurityCounter)) {
    if (counter->value.size() != sizeof(std::uint32_t)) return malformed("its security counter has not 4 bytes");
    header.security_counter = little_u32(counter->value, 0);
  }
  header.hash = TRY(check_hash(image, layout, entries));
  return header;
}

}  // namespace homepatch
