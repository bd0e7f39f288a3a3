// _feed/deny.json: no more images than the limit, and what was read is read again as it was after it was written: that
// is how the gateway keeps the sum of several lists.
#include <cstdlib>

#include "protocols/feeds/deny_reader.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace homepatch;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto denied = feeds::read_deny(bytes);
  if (!denied) return 0;
  if (denied->size() > feeds::kMaxDenied) std::abort();
  const auto again = feeds::read_deny(feeds::write_deny(*denied));
  if (!again || *again != *denied) std::abort();
  return 0;
}
