#include "storage/artifact_opening.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

namespace homepatch {

namespace {

constexpr std::size_t kReadSize = 64UL << 10;

// A named pipe in its place would hold up the loop, and a longer file is not what was signed.
bool is_whole(const UniqueFd& fd, std::uint64_t length) {
  struct stat st {};
  return fd && ::fstat(fd.get(), &st) == 0 && S_ISREG(st.st_mode) && static_cast<std::uint64_t>(st.st_size) == length;
}

// How a file system says that the flash lost what it was given: it could not read it, or its own checksum is wrong.
bool is_decay(int error) { return error == EIO || error == EBADMSG || error == EUCLEAN; }

}  // namespace

ArtifactOpening::ArtifactOpening(ArtifactCache& cache, Artifact artifact)
    : cache_(&cache), artifact_(std::move(artifact)), buffer_(kReadSize) {}

Result<ArtifactOpening> ArtifactOpening::begin(ArtifactCache& cache, const Digest& digest) {
  const Artifact* artifact = cache.find(digest);
  if (artifact == nullptr) return fail(Errc::not_found, fmt::format("image {} is not in the cache", digest.brief()));
  ArtifactOpening opening(cache, *artifact);
  TRY(opening.open_file());
  return opening;
}

Status ArtifactOpening::open_file() {
  if (!cache_->contains(artifact_.sha256)) {
    return fail(Errc::not_found, fmt::format("image {} was taken out of the cache", artifact_.sha256.brief()));
  }
  fd_ = UniqueFd(::open(cache_->object(artifact_.sha256).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  const int error = fd_ ? 0 : errno;
  // Without a descriptor to spare the file says nothing about itself.
  if (!fd_ && error != ENOENT && error != ELOOP && !is_decay(error)) {
    return fail(errno_error("opening a cached image", error));
  }
  if (!is_whole(fd_, artifact_.length)) return throw_out(error != ENOENT);
  return {};
}

Status ArtifactOpening::forget_cached() {
  if (!fd_) TRY(open_file());
  (void)::posix_fadvise(fd_.get(), 0, 0, POSIX_FADV_DONTNEED);
  return {};
}

Result<bool> ArtifactOpening::step(std::uint64_t bytes) {
  if (!fd_) TRY(open_file());
  TRY(hash(std::min(bytes, artifact_.length - done_)));
  if (done_ < artifact_.length) return false;
  if (sha256_.finish() != artifact_.sha256) return throw_out(true);
  if (!cache_->contains(artifact_.sha256)) {
    return fail(Errc::not_found, fmt::format("image {} was taken out of the cache", artifact_.sha256.brief()));
  }
  return true;
}

// A date that cannot be written changes at most what is evicted first.
UniqueFd ArtifactOpening::take(Time now) {
  (void)cache_->touch(artifact_.sha256, now);
  return std::move(fd_);
}

Status ArtifactOpening::hash(std::uint64_t bytes) {
  const std::uint64_t end = done_ + bytes;
  while (done_ < end) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size(), end - done_));
    const auto n = ::pread(fd_.get(), buffer_.data(), wanted, static_cast<off_t>(done_));
    if (n < 0 && errno == EINTR) continue;
    if (n == 0 || (n < 0 && is_decay(errno))) return throw_out(true);
    if (n < 0) return fail(errno_error("reading a cached image", errno));
    sha256_.update({buffer_.data(), static_cast<std::size_t>(n)});
    done_ += static_cast<std::uint64_t>(n);
  }
  return {};
}

Unexpected ArtifactOpening::throw_out(bool was_there) {
  fd_.reset();
  return fail(cache_->throw_out(artifact_, was_there));
}

}  // namespace homepatch
