// A bundle for a home without the internet: what a feed publishes, carried as one plain tar archive. In this order:
//
//   homepatch-bundle.json    {"homepatch_bundle": 1, "feed": NAME}
//   metadata/...             TUF metadata under the names that a repository publishes: 1.root.json, timestamp.json,
//                            7.snapshot.json, 9.targets.json, ... (folders may stand between, all *.json)
//   targets/....json         catalogs and models.json, under their consistent-snapshot names
//   targets/...              images, likewise
//
// The bundle vouches for nothing: its documents go through the same TUF checks as fetched ones, and its images through
// their digests. The documents are kept in memory, within these limits; images are only listed, and read on demand.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "protocols/feeds/tar_reader.hpp"

namespace homepatch::feeds {

inline constexpr std::size_t kMaxBundleEntries = 20'000;
inline constexpr std::size_t kMaxBundleManifest = 4096;
inline constexpr std::size_t kMaxBundleDocument = 8U << 20U;    // as large as models.json may be
inline constexpr std::size_t kMaxBundleDocuments = 32U << 20U;  // all together
inline constexpr std::string_view kBundleManifest = "homepatch-bundle.json";

struct BundleImage {
  std::string name;  // with "targets/"
  std::uint64_t size = 0;
  std::uint64_t at = 0;  // where in the file its bytes begin
};

struct Bundle {
  std::string feed;                                           // the name that the publisher gave; a label, no proof
  std::map<std::string, std::string, std::less<>> documents;  // by whole name: "metadata/1.root.json"
  std::vector<BundleImage> images;                            // in the order of the file
};

// Reads the whole bundle, passing over the images' bytes. The descriptor is a regular file; its position stays. Errors:
// malformed, too_large for a limit, unsupported for a compressed bundle or another version of the format.
Result<Bundle> read_bundle(int fd);

// The image's bytes from `done` on, `most` of them or as many as are left, so that a large image comes in pieces
// between other work. What the file is by now is not looked at again: the image's digest is the judge. malformed when
// the file has become too short.
Result<std::string> read_bundle_image(int fd, const BundleImage& image, std::uint64_t done, std::size_t most);

}  // namespace homepatch::feeds
