#include "trust/image_source.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "trust/hash.hpp"

namespace homepatch {

namespace {

Result<std::string> read_file_at(int fd, std::uint64_t offset, std::size_t count) {
  std::string out(count, '\0');
  std::size_t done = 0;
  while (done < count) {
    const auto n = ::pread(fd, out.data() + done, count - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(errno_error("reading the image", errno));
    if (n == 0) return fail(Errc::io, "the image became shorter while it was read");
    done += static_cast<std::size_t>(n);
  }
  return out;
}

unsigned byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

}  // namespace

Result<ImageSource> ImageSource::of_file(int fd) {
  struct stat st {};
  if (::fstat(fd, &st) != 0) return fail(errno_error("looking at the image", errno));
  if (!S_ISREG(st.st_mode)) return fail(Errc::invalid_argument, "the image is not a regular file");
  return ImageSource({}, fd, static_cast<std::uint64_t>(st.st_size));
}

Result<std::string> ImageSource::read(std::uint64_t offset, std::size_t count) const {
  if (offset > size_ || count > size_ - offset) {
    return fail(Errc::malformed, fmt::format("the image has {} bytes; by its own header it has more", size_));
  }
  if (fd_ >= 0) return read_file_at(fd_, offset, count);
  return std::string(bytes_.substr(static_cast<std::size_t>(offset), count));
}

Result<Digest> ImageSource::sha256_of_first(std::uint64_t length) const {
  if (fd_ >= 0) return sha256_of_fd(fd_, length);
  if (length > size_) return fail(Errc::malformed, fmt::format("the image has only {} bytes", size_));
  return sha256(bytes_.substr(0, static_cast<std::size_t>(length)));
}

std::uint16_t little_u16(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(byte_at(bytes, at) | byte_at(bytes, at + 1) << 8U);
}

std::uint32_t little_u32(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint32_t>(little_u16(bytes, at)) | static_cast<std::uint32_t>(little_u16(bytes, at + 2))
                                                                 << 16U;
}

}  // namespace homepatch
