// A manifest of ESP Web Tools: whatever it says, only clean web addresses without dot segments come out, one a chip
// family. A path without a scheme stays on the manifest's own server.
#include <cstdlib>
#include <set>

#include "base/text.hpp"
#include "protocols/feeds/esp_manifest.hpp"

namespace {

using namespace homepatch;
using namespace homepatch::feeds;

constexpr std::string_view kServer = "https://maker.example/";

void require(bool holds) {
  if (!holds) std::abort();
}

void check_path(std::string_view path) {
  const auto url = resolve_esp_path("https://maker.example/lamp/manifest.json", path);
  if (!url) return;
  require(url->starts_with("https://") || url->starts_with("http://"));
  require(is_plain_text(*url, kMaxEspUrl) && url->find_first_of(" \\#") == std::string::npos);
  if (path.starts_with("http")) return;
  require(url->starts_with(kServer));
  const auto own = url->substr(0, url->find('?')) + "/";
  require(own.find("/../") == std::string::npos && own.find("/./") == std::string::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_path(bytes.substr(0, bytes.find('\n')));
  const auto manifest = read_esp_manifest(bytes, "https://maker.example/lamp/manifest.json");
  if (!manifest) return 0;
  require(is_plain_text(manifest->version, kMaxEspText) && manifest->complaints.size() == manifest->left_out);
  require(manifest->builds.size() + manifest->without_ota + manifest->left_out <= kMaxEspBuilds);
  std::set<std::string> families;
  for (const auto& build : manifest->builds) {
    require(families.insert(build.chip_family).second && build_for(*manifest, build.chip_family) == &build);
    require(build.md5.empty() || build.md5.size() == 32);
    require(build.url.size() <= kMaxEspUrl && (build.url.starts_with("https://") || build.url.starts_with("http://")));
  }
  return 0;
}
