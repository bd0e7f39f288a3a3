#include "protocols/feeds/bundle_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "core/catalog.hpp"
#include "protocols/feeds/json_fields.hpp"
#include "trust/strict_json.hpp"

namespace homepatch::feeds {

namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::size_t kMaxFeedName = 100;
constexpr std::string_view kMetadata = "metadata/";
constexpr std::string_view kTargets = "targets/";

// What an entry is, in the order in which they stand in a bundle.
enum class Part { manifest, metadata, document, image };

Unexpected refused(std::string_view name, std::string_view why, Errc code = Errc::malformed) {
  return fail(code, fmt::format("the entry \"{}\" {}", printable(name, 128), why));
}

Result<Part> part_of(std::string_view name) {
  const bool json = name.ends_with(".json");
  if (name == kBundleManifest) return Part::manifest;
  if (name.starts_with(kMetadata) && json) return Part::metadata;
  if (name.starts_with(kTargets)) return json ? Part::document : Part::image;
  return refused(name, "has no place in a bundle; known are homepatch-bundle.json, metadata/*.json and targets/*");
}

// The rules that hold from entry to entry.
class Order {
 public:
  Result<Part> take(const TarEntry& entry) {
    if (++count_ > kMaxBundleEntries) {
      return fail(Errc::too_large, fmt::format("more than {} entries", kMaxBundleEntries));
    }
    const auto part = TRY(part_of(entry.name));
    if (!names_.insert(entry.name).second) return refused(entry.name, "occurs twice");
    if ((part == Part::manifest) != (names_.size() == 1)) {
      return fail(Errc::malformed, "homepatch-bundle.json must be the first file: this is not a bundle");
    }
    if (part < last_) return refused(entry.name, "stands too late: metadata come first, then catalogs, images last");
    last_ = part;
    return part;
  }

  Status take_folder(const TarEntry& entry) {
    if (++count_ > kMaxBundleEntries) {
      return fail(Errc::too_large, fmt::format("more than {} entries", kMaxBundleEntries));
    }
    if (entry.size == 0) return {};
    return refused(entry.name, "is a folder with content");
  }

  [[nodiscard]] bool begun() const { return !names_.empty(); }

 private:
  std::set<std::string, std::less<>> names_;
  std::size_t count_ = 0;
  Part last_ = Part::manifest;
};

using Visit = std::function<Status(Part part, const TarEntry& entry, TarReader& reader)>;

Status walk(int fd, const Visit& visit) {
  auto reader = TRY(TarReader::open(fd));
  Order order;
  while (const auto entry = TRY(reader.next())) {
    if (entry->folder) {
      TRY(order.take_folder(*entry));
      continue;
    }
    const auto part = TRY(order.take(*entry));
    TRY(visit(part, *entry, reader));
  }
  if (!order.begun()) return fail(Errc::malformed, "it is empty");
  return {};
}

Result<std::string> read_feed(std::string_view bytes) {
  const auto document = TRY(parse_json(bytes, {.max_bytes = kMaxBundleManifest, .max_depth = 2, .max_nodes = 16}));
  const auto top = TRY(JsonFields::of(document, ""));
  if (!top.has("homepatch_bundle")) return top.refuse("homepatch_bundle", "is missing: this is not a bundle");
  if (top.raw("homepatch_bundle") != kVersion) {
    return fail(Errc::unsupported, "homepatch_bundle: must be 1; another format needs another version of homepatch");
  }
  TRY(top.only({"homepatch_bundle", "feed"}));
  return top.text("feed", kMaxFeedName);
}

// Fills a Bundle from what is walked over.
class Collector {
 public:
  Status take(Part part, const TarEntry& entry, TarReader& reader) {
    switch (part) {
      case Part::manifest: return take_manifest(entry, reader);
      case Part::metadata:
      case Part::document: return take_document(entry, reader);
      case Part::image: return take_image(entry);
    }
    return {};
  }

  Bundle bundle;

 private:
  static Result<std::string> read_bytes(const TarEntry& entry, TarReader& reader, std::size_t limit) {
    if (entry.size > limit) {
      return refused(entry.name, fmt::format("has {} bytes; the limit is {}", entry.size, limit), Errc::too_large);
    }
    std::string bytes;
    TRY_IN(entry.name, reader.read([&](std::string_view piece) {
      bytes += piece;
      return Status{};
    }));
    return bytes;
  }

  Status take_manifest(const TarEntry& entry, TarReader& reader) {
    const auto bytes = TRY(read_bytes(entry, reader, kMaxBundleManifest));
    bundle.feed = TRY_IN(kBundleManifest, read_feed(bytes));
    return {};
  }

  Status take_document(const TarEntry& entry, TarReader& reader) {
    auto bytes = TRY(read_bytes(entry, reader, kMaxBundleDocument));
    total_ += bytes.size();
    if (total_ > kMaxBundleDocuments) {
      return fail(Errc::too_large, fmt::format("its documents have more than {} bytes together", kMaxBundleDocuments));
    }
    bundle.documents.emplace(entry.name, std::move(bytes));
    return {};
  }

  Status take_image(const TarEntry& entry) {
    if (entry.size > kMaxImageLength) {
      return refused(entry.name, fmt::format("has {} bytes; the limit is {}", entry.size, kMaxImageLength),
                     Errc::too_large);
    }
    bundle.images.push_back({entry.name, entry.size, entry.at});
    return {};
  }

  std::size_t total_ = 0;
};

}  // namespace

Result<Bundle> read_bundle(int fd) {
  Collector collector;
  TRY_IN("the bundle", walk(fd, [&](Part part, const TarEntry& entry, TarReader& reader) {
           return collector.take(part, entry, reader);
         }));
  return std::move(collector.bundle);
}

Result<std::string> read_bundle_image(int fd, const BundleImage& image, std::uint64_t done, std::size_t most) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(most, image.size - std::min(done, image.size)));
  auto piece = TRY(read_at(fd, image.at + done, wanted));
  if (piece.size() == wanted) return piece;
  return refused(image.name, "is not there whole any more: the file became shorter while it was read");
}

}  // namespace homepatch::feeds
