// Link format, as it comes with every registration: what is read is written and read again as the same.
#include <cstdlib>

#include "protocols/coap/registration.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace homepatch::coap;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto links = parse_links(bytes);
  if (!links) return 0;
  const auto again = parse_links(to_text(*links));
  if (again && *again != *links) std::abort();
  for (const auto& link : *links) (void)passes(link, "rt=oma*");
  if (const auto tree = parse_object_links(bytes)) {
    if (objects_from(to_text(tree->objects, 1U << 20U)) != tree->objects) std::abort();
  }
  return 0;
}
