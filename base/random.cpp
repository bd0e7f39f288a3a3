#include "base/random.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "base/text.hpp"

namespace homepatch {

std::string random_token(std::size_t bytes) {
  std::vector<std::uint8_t> out(bytes);
  std::size_t done = 0;
  while (done < bytes) {
    const auto n = ::getrandom(out.data() + done, bytes - done, 0);
    if (n < 0 && errno != EINTR) std::abort();
    if (n > 0) done += static_cast<std::size_t>(n);
  }
  return to_base64url(out.data(), out.size());
}

}  // namespace homepatch
