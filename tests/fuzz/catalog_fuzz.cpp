// A catalog: what is read keeps the promises that the planner and the cache build on.
#include <algorithm>
#include <cstdlib>
#include <functional>

#include "core/catalog_names.hpp"
#include "protocols/feeds/catalog_reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace homepatch;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto catalog = feeds::read_catalog(bytes, "acme.example/plug/catalog.json");
  if (!catalog) return 0;
  const auto rises = [](const Release& a, const Release& b) { return a.seq < b.seq; };
  if (std::adjacent_find(catalog->releases.begin(), catalog->releases.end(), std::not_fn(rises)) !=
      catalog->releases.end()) {
    std::abort();
  }
  for (const auto& release : catalog->releases) {
    if (catalog->by_id(release.id) != &release || catalog->by_version(release.version) != &release) std::abort();
    for (const auto& image : release.images) {
      if (!is_target_path(image.target) || !image.target.starts_with("acme.example/plug/")) std::abort();
      if (image.length == 0 || image.length > kMaxImageLength || image.hw.empty()) std::abort();
    }
  }
  return 0;
}
