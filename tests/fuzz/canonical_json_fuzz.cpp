// Strict JSON and its canonical form: what is accepted has one canonical form, and it is that of its own rewriting.
#include <cstdlib>

#include "trust/canonical_json.hpp"
#include "trust/strict_json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  homepatch::JsonLimits lax;
  lax.reject_duplicate_keys = false;
  (void)homepatch::parse_json(bytes, lax);

  homepatch::JsonLimits strict;
  strict.reject_floats = true;
  const auto value = homepatch::parse_json(bytes, strict);
  if (!value) return 0;
  const auto canonical = homepatch::canonical_json(*value);
  if (!canonical) std::abort();
  const auto again = homepatch::parse_json(value->dump(), strict);
  if (!again || homepatch::canonical_json(*again).value() != *canonical) std::abort();
  return 0;
}
