#include "feed/dotted_version.hpp"

#include <charconv>

namespace homepatch::feed {

std::optional<std::int64_t> seq_of_dotted(std::string_view version, std::size_t parts) {
  constexpr std::int64_t kPerPart = 1000;
  std::int64_t seq = 0;
  for (std::size_t i = 0; i < parts; ++i) {
    std::int64_t number = 0;
    if (!version.empty() || i == 0) {
      const auto part = version.substr(0, version.find('.'));
      const auto read = std::from_chars(part.data(), part.data() + part.size(), number);
      if (read.ec != std::errc{} || read.ptr != part.data() + part.size() || number < 0 || number >= kPerPart) {
        return std::nullopt;
      }
      version.remove_prefix(part.size());
      if (version == ".") return std::nullopt;
      if (!version.empty()) version.remove_prefix(1);
    }
    seq = seq * kPerPart + number;
  }
  if (!version.empty() || seq == 0) return std::nullopt;
  return seq;
}

}  // namespace homepatch::feed
