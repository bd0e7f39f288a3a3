// _feed/models.json: every entry that is visited names a catalog's path and a whole match.
#include <cstdlib>

#include "core/catalog_names.hpp"
#include "protocols/feeds/models_reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace homepatch;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)feeds::read_models(bytes, [](const Match& match, std::string_view path) {
    if (!is_catalog_path(path) || match.keys.empty()) std::abort();
  });
  return 0;
}
