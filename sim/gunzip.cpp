#include "sim/gunzip.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <array>
#include <memory>

namespace homepatch::sim {

Result<std::string> gunzip(std::string_view packed, std::size_t max_bytes) {
  const std::unique_ptr<archive, int (*)(archive*)> reader(archive_read_new(), archive_read_free);
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_format_raw(reader.get());
  archive_entry* entry = nullptr;
  if (archive_read_open_memory(reader.get(), packed.data(), packed.size()) != ARCHIVE_OK ||
      archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK ||
      archive_filter_code(reader.get(), 0) != ARCHIVE_FILTER_GZIP) {
    return fail(Errc::malformed, "the compressed image cannot be read");
  }
  std::string out;
  std::array<char, 16384> piece{};
  for (;;) {
    const auto got = archive_read_data(reader.get(), piece.data(), piece.size());
    if (got < 0) return fail(Errc::malformed, "the compressed image is damaged");
    if (got == 0) return out;
    if (out.size() + static_cast<std::size_t>(got) > max_bytes) {
      return fail(Errc::too_large, "the image is too large once unpacked");
    }
    out.append(piece.data(), static_cast<std::size_t>(got));
  }
}

}  // namespace homepatch::sim
