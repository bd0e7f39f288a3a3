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

}  // namespace

ArtifactOpening::ArtifactOpening(ArtifactCache& cache, Artifact artifact, UniqueFd fd)
    : cache_(&cache), artifact_(std::move(artifact)), fd_(std::move(fd)), buffer_(kReadSize) {}

Result<ArtifactOpening> ArtifactOpening::begin(ArtifactCache& cache, const Digest& digest) {
  const Artifact* artifact = cache.find(digest);
  if (artifact == nullptr) return fail(Errc::not_found, fmt::format("image {} is not in the cache", digest.brief()));
  UniqueFd fd(::open(cache.object(digest).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  // Without a descriptor to spare the file says nothing about itself.
  if (!fd && errno != ENOENT && errno != ELOOP) return fail(errno_error("opening a cached image", errno));
  ArtifactOpening opening(cache, *artifact, std::move(fd));
  if (!is_whole(opening.fd_, artifact->length)) TRY(opening.throw_out());
  return opening;
}

Result<bool> ArtifactOpening::step(std::uint64_t bytes, Time now) {
  TRY(hash(std::min(bytes, artifact_.length - done_)));
  if (done_ < artifact_.length) return false;
  if (sha256_.finish() != artifact_.sha256) return throw_out();
  if (!cache_->contains(artifact_.sha256)) {
    return fail(Errc::not_found, fmt::format("image {} was taken out of the cache", artifact_.sha256.brief()));
  }
  TRY(cache_->touch(artifact_.sha256, now));
  return true;
}

Status ArtifactOpening::hash(std::uint64_t bytes) {
  const std::uint64_t end = done_ + bytes;
  while (done_ < end) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size(), end - done_));
    const auto n = ::pread(fd_.get(), buffer_.data(), wanted, static_cast<off_t>(done_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(errno_error("reading a cached image", errno));
    if (n == 0) {
      TRY(throw_out());
      return {};
    }
    sha256_.update({buffer_.data(), static_cast<std::size_t>(n)});
    done_ += static_cast<std::uint64_t>(n);
  }
  return {};
}

Result<bool> ArtifactOpening::throw_out() {
  fd_.reset();
  TRY(cache_->discard(artifact_.sha256));
  return fail(Errc::not_trusted,
              fmt::format("the cached image {} is damaged; it was thrown away and will be fetched again",
                          artifact_.sha256.brief()));
}

}  // namespace homepatch
