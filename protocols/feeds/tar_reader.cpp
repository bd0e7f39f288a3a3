#include "protocols/feeds/tar_reader.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include "base/text.hpp"

namespace homepatch::feeds {

namespace {

constexpr std::size_t kBlock = 64U << 10U;
constexpr std::size_t kRecord = 512;  // tar's unit; two of zeros end an archive
constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

struct Compression {
  std::string_view magic;
  std::string_view name;
};
constexpr std::array kCompressions{Compression{"\x1f\x8b", "gzip"},
                                   Compression{"\xfd"
                                               "7zXZ",
                                               "xz"},
                                   Compression{"\x28\xb5\x2f\xfd", "zstd"},
                                   Compression{"BZh", "bzip2"},
                                   Compression{"\x04\x22\x4d\x18", "lz4"},
                                   Compression{"LZIP", "lzip"},
                                   Compression{"PK\x03\x04", "zip"},
                                   Compression{"7z\xbc\xaf", "7-Zip"}};

}  // namespace

Result<std::string> read_at(int fd, std::uint64_t offset, std::size_t count) {
  std::string out(count, '\0');
  std::size_t done = 0;
  while (done < count) {
    const auto n = ::pread(fd, out.data() + done, count - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(errno_error("reading the archive", errno));
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  out.resize(done);
  return out;
}

namespace {

Status check_plain(int fd) {
  const auto first = TRY(read_at(fd, 0, kRecord));
  for (const auto& compression : kCompressions) {
    if (!first.starts_with(compression.magic)) continue;
    return fail(Errc::unsupported, fmt::format("the archive is compressed ({}); it must be a plain tar archive: unpack "
                                               "it, and pack its files with tar alone",
                                               compression.name));
  }
  return {};
}

Unexpected refused(std::string_view name, std::string_view why) {
  return fail(Errc::malformed, fmt::format("the entry \"{}\" {}", printable(name, 128), why));
}

bool has_dots(std::string_view name) {
  for (std::size_t at = 0; at <= name.size();) {
    const auto end = std::min(name.find('/', at), name.size());
    const auto segment = name.substr(at, end - at);
    if (segment.empty() || segment == "." || segment == "..") return true;
    at = end + 1;
  }
  return false;
}

Result<std::string> checked_name(const char* text) {
  if (text == nullptr) return refused("", "has a name that is not ASCII");
  std::string_view name(text);
  if (name.starts_with('/')) return refused(name, "has an absolute name; names must be relative");
  if (name.ends_with('/')) name.remove_suffix(1);
  if (name.empty() || name.size() > kMaxTarName) {
    return refused(name, fmt::format("must have a name of 1 to {} bytes", kMaxTarName));
  }
  const bool clean = std::ranges::all_of(name, [](char c) { return c >= 0x20 && c < 0x7F && c != '\\'; });
  if (!clean) return refused(name, "has a name with other characters than ASCII letters, digits and signs");
  if (has_dots(name)) return refused(name, "has a name with an empty, \".\" or \"..\" part");
  return std::string(name);
}

Status check_kind(archive_entry* entry, std::string_view name) {
  if (archive_entry_hardlink(entry) != nullptr)
    return refused(name, "is a hard link; only files and folders may be there");
  const auto kind = archive_entry_filetype(entry);
  if (kind == AE_IFLNK) return refused(name, "is a symbolic link; only files and folders may be there");
  if (kind != AE_IFREG && kind != AE_IFDIR) return refused(name, "is neither a file nor a folder");
  if (archive_entry_sparse_count(entry) != 0) return refused(name, "is a sparse file; pack it without holes");
  if (archive_entry_size_is_set(entry) == 0 || archive_entry_size(entry) < 0) return refused(name, "has no size");
  return {};
}

}  // namespace

// Where libarchive's bytes come from. It may read much in search of the end of a header; `budget` ends that.
struct TarReader::Source {
  int fd = -1;
  std::uint64_t size = 0;
  std::uint64_t at = 0;
  std::uint64_t budget = kUnlimited;
  std::array<char, kBlock> block{};

  static la_ssize_t read(struct archive* handle, void* data, const void** out) noexcept {
    auto& source = *static_cast<Source*>(data);
    if (source.budget == 0) {
      archive_set_error(handle, EFBIG, "a header is longer than %zu bytes", kMaxTarHeader);
      return -1;
    }
    la_ssize_t n = 0;
    do {
      n = ::pread(source.fd, source.block.data(), source.block.size(), static_cast<off_t>(source.at));
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
      archive_set_error(handle, errno, "the file cannot be read");
      return -1;
    }
    source.at += static_cast<std::uint64_t>(n);
    source.budget -= std::min(source.budget, static_cast<std::uint64_t>(n));
    *out = source.block.data();
    return n;
  }

  // Never beyond the end: reading on there is what shows that the archive is cut off.
  static la_int64_t skip(struct archive* /*handle*/, void* data, la_int64_t request) noexcept {
    auto& source = *static_cast<Source*>(data);
    const auto left = source.size > source.at ? source.size - source.at : 0;
    const auto step = std::min(left, static_cast<std::uint64_t>(std::max<la_int64_t>(request, 0)));
    source.at += step;
    return static_cast<la_int64_t>(step);
  }
};

namespace {

Unexpected malformed(struct archive* handle) {
  const char* text = archive_error_string(handle);
  return fail(Errc::malformed,
              fmt::format("not a whole tar archive: {}", printable(text == nullptr ? "unknown error" : text, 200)));
}

}  // namespace

void TarReader::Free::operator()(struct archive* handle) const noexcept { archive_read_free(handle); }

TarReader::TarReader(std::unique_ptr<Source> source, struct archive* handle)
    : source_(std::move(source)), archive_(handle) {}
TarReader::TarReader(TarReader&&) noexcept = default;
TarReader& TarReader::operator=(TarReader&&) noexcept = default;
TarReader::~TarReader() = default;

Result<TarReader> TarReader::open(int fd) {
  struct stat st {};
  if (::fstat(fd, &st) != 0) return fail(errno_error("looking at the archive", errno));
  if (!S_ISREG(st.st_mode)) return fail(Errc::invalid_argument, "the archive is not a regular file");
  TRY(check_plain(fd));
  auto source = std::make_unique<Source>();
  source->fd = fd;
  source->size = static_cast<std::uint64_t>(st.st_size);
  TarReader reader(std::move(source), archive_read_new());
  auto* handle = reader.archive_.get();
  if (handle == nullptr) return fail(Errc::internal, "no memory for reading an archive");
  archive_read_support_format_tar(handle);
  archive_read_set_read_callback(handle, Source::read);
  archive_read_set_skip_callback(handle, Source::skip);
  archive_read_set_callback_data(handle, reader.source_.get());
  if (archive_read_open1(handle) != ARCHIVE_OK) return malformed(handle);
  return reader;
}

Result<std::optional<TarEntry>> TarReader::next() {
  auto* handle = archive_.get();
  // Apart from the header, because the bytes that are passed over do not count as its length.
  if (size_ > 0 && archive_read_data_skip(handle) != ARCHIVE_OK) return malformed(handle);
  size_ = 0;
  source_->budget = kMaxTarHeader;
  archive_entry* entry = nullptr;
  const int status = archive_read_next_header(handle, &entry);
  source_->budget = kUnlimited;
  if (status == ARCHIVE_EOF) {
    TRY(check_end());
    return std::nullopt;
  }
  if (status != ARCHIVE_OK) return malformed(handle);
  TarEntry out;
  out.name = TRY(checked_name(archive_entry_pathname(entry)));
  TRY(check_kind(entry, out.name));
  out.size = static_cast<std::uint64_t>(archive_entry_size(entry));
  out.folder = archive_entry_filetype(entry) == AE_IFDIR;
  out.at = static_cast<std::uint64_t>(archive_filter_bytes(handle, 0));
  size_ = out.size;
  return out;
}

Status TarReader::read(const TarSink& sink) {
  std::uint64_t done = 0;
  while (true) {
    const void* piece = nullptr;
    std::size_t count = 0;
    la_int64_t offset = 0;
    const int status = archive_read_data_block(archive_.get(), &piece, &count, &offset);
    if (status == ARCHIVE_EOF) break;
    if (status != ARCHIVE_OK) return malformed(archive_.get());
    if (offset < 0 || static_cast<std::uint64_t>(offset) != done) return fail(Errc::malformed, "an entry has holes");
    if (count > size_ - done) return fail(Errc::malformed, "an entry is longer than its header says");
    TRY(sink(std::string_view(static_cast<const char*>(piece), count)));
    done += count;
  }
  if (done != size_) return fail(Errc::malformed, "an entry is shorter than its header says");
  return {};
}

// libarchive takes the file's end for the archive's; an archive that was cut off between two entries has no end mark.
Status TarReader::check_end() const {
  const auto at = archive_read_header_position(archive_.get());
  const auto mark = TRY(read_at(source_->fd, static_cast<std::uint64_t>(std::max<la_int64_t>(at, 0)), 2 * kRecord));
  if (mark == std::string(2 * kRecord, '\0')) return {};
  return fail(Errc::malformed, "not a whole tar archive: it ends without an end mark; it may have been cut off");
}

}  // namespace homepatch::feeds
