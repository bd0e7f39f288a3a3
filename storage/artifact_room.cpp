// ArtifactCache: the room that images take, and what leaves when another one needs it.
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <tuple>

#include "base/text.hpp"
#include "storage/artifact_cache.hpp"

namespace homepatch {

namespace {

constexpr std::uint64_t kStatBlock = 512;  // the unit of st_blocks

std::uint64_t free_bytes(const std::filesystem::path& folder) {
  struct statvfs fs {};
  if (::statvfs(folder.c_str(), &fs) != 0) return 0;
  return static_cast<std::uint64_t>(fs.f_bavail) * fs.f_frsize;
}

// What a file takes of the file system: what is reserved beyond its end (storage/artifact_writer), too.
std::uint64_t disk_bytes(const std::filesystem::path& file) {
  struct stat st {};
  if (::stat(file.c_str(), &st) != 0) return 0;
  return std::max(static_cast<std::uint64_t>(st.st_size), static_cast<std::uint64_t>(st.st_blocks) * kStatBlock);
}

std::uint64_t beyond(std::uint64_t wanted, std::uint64_t there) { return wanted - std::min(wanted, there); }

}  // namespace

std::uint64_t ArtifactCache::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [digest, artifact] : artifacts_) sum += artifact.length;
  return sum;
}

// Of an earlier attempt. A part longer than the image is none of it.
std::uint64_t ArtifactCache::bytes_there(const Digest& digest, std::uint64_t length) const {
  std::error_code ec;
  const auto there = std::filesystem::file_size(partial(digest), ec);
  return ec || there > length ? 0 : there;
}

// What lies in partial/; of an image that is being written its whole length, for that is what it will take.
std::uint64_t ArtifactCache::partial_bytes(const Digest& except) const {
  std::uint64_t sum = 0;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "partial", ec)) {
    const auto digest = Digest::parse(entry.path().filename().string());
    if (digest && (*digest == except || writers_.contains(*digest))) continue;
    const auto size = entry.file_size(ec);
    if (!ec) sum += size;
  }
  for (const auto& [digest, writer] : writers_) sum += digest == except ? 0 : writer->length();
  return sum;
}

// Bytes that the images under way will still take from the file system.
std::uint64_t ArtifactCache::still_to_come(const Digest& except) const {
  std::uint64_t sum = 0;
  for (const auto& [digest, writer] : writers_) sum += digest == except ? 0 : writer->unreserved();
  return sum;
}

ArtifactCache::Shortage ArtifactCache::shortage(std::uint64_t wanted, const Digest& newcomer) const {
  const std::uint64_t missing = beyond(wanted, disk_bytes(partial(newcomer)));
  return {beyond(bytes() + partial_bytes(newcomer) + wanted, limits_.quota),
          beyond(missing + still_to_come(newcomer) + limits_.keep_free, free_bytes(folder_))};
}

// Partial downloads that nobody is writing, the oldest first.
std::vector<ArtifactCache::Leaving> ArtifactCache::idle_parts(const Digest& except) const {
  std::vector<std::pair<std::filesystem::file_time_type, Leaving>> parts;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "partial", ec)) {
    const auto digest = Digest::parse(entry.path().filename().string());
    if (!digest || *digest == except || writers_.contains(*digest) || pins_.contains(*digest)) continue;
    const auto size = entry.file_size(ec);
    if (ec) continue;
    parts.emplace_back(entry.last_write_time(ec), Leaving{*digest, true, {size, disk_bytes(entry.path())}});
  }
  std::ranges::sort(parts, {}, [](const auto& part) { return std::pair(part.first, part.second.digest); });
  std::vector<Leaving> out;
  for (auto& [written, part] : parts) out.push_back(part);
  return out;
}

// All that may leave, what is missed least first.
std::vector<ArtifactCache::Leaving> ArtifactCache::evictable(const Digest& newcomer) const {
  const auto ranks = ranks_ ? ranks_() : std::map<Digest, int>();
  std::vector<std::tuple<int, Time, Digest>> images;
  for (const auto& [digest, artifact] : artifacts_) {
    const auto found = ranks.find(digest);
    const int rank = found == ranks.end() ? 0 : found->second;
    if (!pins_.contains(digest) && rank < kNeverEvicted) images.emplace_back(rank, artifact.last_used, digest);
  }
  std::ranges::sort(images);
  auto out = idle_parts(newcomer);
  for (const auto& [rank, used, digest] : images) {
    const auto length = artifacts_.at(digest).length;
    out.push_back({digest, false, {length, length}});
  }
  return out;
}

// As many as are needed, the least missed first; of these, those stay without which the others are enough. Empty: all
// of them together are not enough.
std::vector<ArtifactCache::Leaving> ArtifactCache::choose(std::vector<Leaving> leaving, Shortage needed) {
  std::size_t count = 0;
  Shortage freed;
  while (!freed.covers(needed) && count < leaving.size()) freed = freed.with(leaving[count++].takes);
  if (!freed.covers(needed)) return {};
  leaving.resize(count);
  for (std::size_t i = count; i-- > 0;) {
    const auto& takes = leaving[i].takes;
    const Shortage without{freed.quota - takes.quota, freed.disk - takes.disk};
    if (!without.covers(needed)) continue;
    freed = without;
    leaving.erase(leaving.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return leaving;
}

// Nothing is thrown away for an image that would not fit all the same.
Status ArtifactCache::make_room(std::uint64_t wanted, const Digest& newcomer) {
  if (wanted > limits_.quota) {
    return fail(Errc::no_space, fmt::format("the image has {}, the cache's quota is {}; raise it in the configuration",
                                            human_bytes(wanted), human_bytes(limits_.quota)));
  }
  const auto needed = shortage(wanted, newcomer);
  if (needed.none()) return {};
  for (const auto& leaves : choose(evictable(newcomer), needed)) {
    if (leaves.part) {
      remove_part(leaves.digest);
    } else {
      TRY(discard(leaves.digest));
    }
  }
  // A file that somebody still holds open frees nothing yet.
  if (shortage(wanted, newcomer).none()) return {};
  return fail(Errc::no_space,
              fmt::format("there is no room for an image of {}: {} are in use by updates under way or imported by hand "
                          "and {} are free on the disk, of which {} stay free",
                          human_bytes(wanted), human_bytes(bytes()), human_bytes(free_bytes(folder_)),
                          human_bytes(limits_.keep_free)));
}

}  // namespace homepatch
