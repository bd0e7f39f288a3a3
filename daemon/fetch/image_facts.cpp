#include "daemon/fetch/image_facts.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "core/catalog.hpp"
#include "protocols/feeds/zigbee_match.hpp"

namespace homepatch {

namespace {

constexpr std::size_t kReadSize = 64UL << 10;
constexpr std::string_view kGzip = "\x1f\x8b";

void read_header(int fd, ImageFacts& facts) {
  const auto source = ImageSource::of_file(fd);
  if (!source) return facts.contradictions.push_back(source.error().text);
  if (const auto first = source->read(0, std::min<std::size_t>(kGzip.size(), source->size())); first) {
    facts.packed = *first == kGzip;
  }
  auto header = read_image_header(*source);
  if (!header) return facts.contradictions.push_back(printable(header.error().text));
  facts.header = *std::move(header);
  if (!facts.header || facts.header->format != ImageFormat::zigbee_ota) return;
  if (auto zigbee = read_zigbee_image_header(*source)) facts.zigbee = *std::move(zigbee);
}

void compare(const IndexConfig& index, const feeds::ZigbeeIndex& zigbee, ImageFacts& facts) {
  const auto entry = std::ranges::find(zigbee.entries, facts.sha512, &feeds::ZigbeeIndexEntry::sha512);
  if (entry == zigbee.entries.end()) return;
  facts.known.push_back(fmt::format("index {}: Zigbee image {} of maker {}, version {}; the SHA-512 is the same",
                                    index.name, entry->image_type, entry->manufacturer_code, entry->file_version));
  const auto otherwise = facts.zigbee ? feeds::contradiction(*entry, *facts.zigbee)
                                      : std::optional<std::string>("it has no Zigbee header, as the index says it has");
  if (otherwise) return facts.contradictions.push_back(fmt::format("index {}: {}", index.name, *otherwise));
  facts.provenance = Provenance::hash_only;
  facts.vouched_by = index.name;
}

void compare(const IndexConfig& index, const feeds::EspManifest& manifest, ImageFacts& facts) {
  const auto build = std::ranges::find(manifest.builds, facts.md5, &feeds::EspBuild::md5);
  if (build == manifest.builds.end()) return;
  facts.known.push_back(fmt::format("index {}: {} {} for {}; only the MD5 is the same, which proves nothing",
                                    index.name, manifest.name, manifest.version, build->chip_family));
  if (const auto otherwise = feeds::contradiction(*build, facts.header)) {
    facts.contradictions.push_back(fmt::format("index {}: {}", index.name, *otherwise));
  }
}

}  // namespace

std::string ImageFacts::format() const { return header ? std::string(to_string(header->format)) : "raw"; }

Result<ImageReading> ImageReading::begin(int fd) {
  struct stat st {};
  if (::fstat(fd, &st) != 0) return fail(errno_error("looking at the image", errno));
  if (!S_ISREG(st.st_mode)) return fail(Errc::invalid_argument, "the image is not a regular file");
  if (st.st_size <= 0) return fail(Errc::invalid_argument, "the file is empty");
  const auto length = static_cast<std::uint64_t>(st.st_size);
  if (length > kMaxImageLength) {
    return fail(Errc::too_large,
                fmt::format("the image has {}; the limit is {}", human_bytes(length), human_bytes(kMaxImageLength)));
  }
  return ImageReading(fd, length);
}

Result<bool> ImageReading::step(std::uint64_t bytes) {
  const std::uint64_t end = done_ + std::min(bytes, length_ - done_);
  std::string buffer(kReadSize, '\0');
  while (done_ < end) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - done_));
    const auto n = ::pread(fd_, buffer.data(), wanted, static_cast<off_t>(done_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(errno_error("reading the image", errno));
    if (n == 0) return fail(Errc::io, "the file got shorter while it was read");
    const auto piece = std::string_view(buffer).substr(0, static_cast<std::size_t>(n));
    sha256_.update(piece);
    sha512_.update(piece);
    md5_.update(piece);
    done_ += piece.size();
  }
  return done_ == length_;
}

ImageFacts ImageReading::finish() {
  ImageFacts facts;
  facts.length = length_;
  facts.sha256 = sha256_.finish();
  facts.sha512 = to_hex(sha512_.finish());
  facts.md5 = to_hex(md5_.finish());
  read_header(fd_, facts);
  return facts;
}

void compare_with_index(const IndexConfig& index, const IndexContent& content, ImageFacts& facts) {
  std::visit([&](const auto& parsed) { compare(index, parsed, facts); }, content.parsed);
}

}  // namespace homepatch
