// A feed seen with the eyes of a home: the real TUF client refreshes from nothing but the root, the real readers read
// every catalog and the list of what is taken back, and every image is fetched and hashed. `verify` asks it of a folder
// or a server, `publish` of what it is about to write.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/catalog.hpp"
#include "core/digest.hpp"
#include "core/time.hpp"
#include "trust/tuf/client.hpp"

namespace homepatch::feed {

// Where the feed's files come from. `path` is relative to the feed's base: "metadata/..." or "targets/...". not_found
// where there is no such file. More than `limit` bytes must not be read.
using FetchFile = std::function<Result<std::string>(const std::string& path, std::size_t limit)>;

struct Inspection {
  std::int64_t root_version = 0;
  Time valid_until{};  // when the first role expires
  std::vector<Catalog> catalogs;
  std::map<Digest, std::string> denied;  // images that are taken back, with the reason for people
  std::size_t images = 0;
  std::uint64_t image_bytes = 0;
};

struct InspectionOrder {
  std::string root;  // the bytes of the trusted root
  Time now{};
  bool with_images =
      true;  // false: what metadata and catalogs say of the images is compared, the bytes are not fetched
};

// Files in memory, by path, as a server would give them.
FetchFile fetch_from(std::map<std::string, std::string> files);

// The first thing that a home would refuse is the error.
Result<Inspection> inspect(const FetchFile& fetch, const InspectionOrder& order);

}  // namespace homepatch::feed
