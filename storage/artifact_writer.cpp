// ArtifactCache::Writer: one image on its way in, hashed while it is written.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/file.hpp"
#include "base/text.hpp"
#include "storage/artifact_cache.hpp"

namespace homepatch {

namespace {

constexpr std::size_t kReadSize = 64UL << 10;

std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

ArtifactCache::Writer::Writer(ArtifactCache& cache, Digest digest, std::uint64_t length, UniqueFd fd,
                              std::uint64_t there)
    : cache_(cache), digest_(digest), length_(length), fd_(std::move(fd)), there_(there), promised_(length - there) {
  cache_.writers_[digest_] = this;
}

// A count that cannot be written now is written with the next one. What is reserved beyond the part's end is given
// back; where the file system does not do so, the room counts as the part's (storage/artifact_room).
ArtifactCache::Writer::~Writer() {
  struct stat st {};
  if (reserved_ && ::fstat(fd_.get(), &st) == 0) reserved_ = ::ftruncate(fd_.get(), st.st_size) != 0;
  cache_.writers_.erase(digest_);
  (void)cache_.budget_.save();
}

Result<bool> ArtifactCache::Writer::take_up(std::uint64_t bytes) {
  std::array<std::uint8_t, kReadSize> buffer{};
  const std::uint64_t end = offset_ + std::min(bytes, there_ - std::min(there_, offset_));
  while (offset_ < end) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - offset_));
    const auto n = ::pread(fd_.get(), buffer.data(), wanted, static_cast<off_t>(offset_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(errno_error("reading a partial download", errno));
    if (n == 0) there_ = offset_;  // it became shorter
    if (n == 0) break;
    count(std::span(buffer).first(static_cast<std::size_t>(n)));
  }
  return offset_ >= there_;
}

void ArtifactCache::Writer::count(std::span<const std::uint8_t> written) {
  sha256_.update(as_text(written));
  md5_.update(as_text(written));
  offset_ += written.size();
}

// So that a disk that fills up meanwhile does not waste what came. Where a file system promises nothing, write() says
// it.
Status ArtifactCache::Writer::reserve() {
  if (length_ == 0) return {};
  int outcome = 0;
  do {
    outcome = ::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(length_));
  } while (outcome != 0 && errno == EINTR);
  reserved_ = outcome == 0;
  if (!reserved_ && (errno == ENOSPC || errno == EDQUOT)) {
    return fail(errno_error(fmt::format("reserving {} for an image", human_bytes(length_)), errno));
  }
  return {};
}

Status ArtifactCache::Writer::came_from(FileOrigin origin) {
  const auto part = cache_.partial(digest_);
  if (auto saved = origin.save(part); !saved) {
    FileOrigin::remove(part);
    origin_.reset();
    return saved;
  }
  origin_ = std::move(origin);
  return {};
}

// What has to come once more is promised anew where the day's budget still has it; otherwise write() says so when what
// was promised is written.
Status ArtifactCache::Writer::restart() {
  if (::ftruncate(fd_.get(), 0) != 0) return fail(errno_error("emptying a partial download", errno));
  offset_ = 0;
  there_ = 0;
  reserved_ = false;
  origin_.reset();
  FileOrigin::remove(cache_.partial(digest_));
  sha256_ = Sha256();
  md5_ = Hash(HashKind::md5);
  if (cache_.budget_.admit(length_, cache_.promised(digest_))) promised_ = length_;
  return reserve();
}

Status ArtifactCache::Writer::write(std::span<const std::uint8_t> bytes) {
  if (bytes.size() > length_ - offset_) {
    return fail(Errc::too_large, fmt::format("more bytes came than the {} that were signed", length_));
  }
  if (bytes.size() > promised_) {
    TRY(cache_.budget_.admit(bytes.size() - promised_, cache_.promised(digest_) + promised_));
  }
  while (!bytes.empty()) {
    const auto n = ::pwrite(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(errno_error("writing to the cache", errno));
    const auto piece = bytes.first(static_cast<std::size_t>(n));
    count(piece);
    promised_ -= std::min<std::uint64_t>(promised_, piece.size());
    cache_.budget_.add(piece.size());
    bytes = bytes.subspan(piece.size());
  }
  if (cache_.budget_.worth_saving()) TRY(cache_.budget_.save());
  return {};
}

Status ArtifactCache::Writer::commit(Time now) {
  if (offset_ != length_) {
    return fail(Errc::unavailable, fmt::format("only {} of {} bytes came", offset_, length_));
  }
  const auto from = cache_.partial(digest_);
  if (sha256_.finish() != digest_) {
    TRY(restart());
    return fail(Errc::not_trusted,
                fmt::format("the bytes that came are not those that were signed (SHA-256 {}...); they were thrown away",
                            digest_.brief()));
  }
  if (::fchmod(fd_.get(), 0400) != 0) return fail(errno_error("protecting an artifact", errno));
  if (::fsync(fd_.get()) != 0) return fail(errno_error("syncing an artifact", errno));
  FileOrigin::remove(from);
  const auto to = cache_.object(digest_);
  if (::rename(from.c_str(), to.c_str()) != 0) return fail(errno_error("taking an artifact into the cache", errno));
  reserved_ = false;
  TRY(sync_folder(to.parent_path()));
  return cache_.take_in(Artifact{digest_, length_, to_hex(md5_.finish()), now, now});
}

}  // namespace homepatch
