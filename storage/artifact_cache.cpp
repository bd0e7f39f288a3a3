#include "storage/artifact_cache.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/file.hpp"

namespace homepatch {

// --- Pin

ArtifactCache::Pin::Pin(ArtifactCache& cache, const Digest& digest) : cache_(&cache), digest_(digest) {
  ++cache_->pins_[digest_];
}

ArtifactCache::Pin& ArtifactCache::Pin::operator=(Pin&& other) noexcept {
  std::swap(cache_, other.cache_);
  std::swap(digest_, other.digest_);
  return *this;
}

ArtifactCache::Pin::~Pin() {
  if (cache_ == nullptr) return;
  if (auto found = cache_->pins_.find(digest_); found != cache_->pins_.end() && --found->second <= 0) {
    cache_->pins_.erase(found);
  }
}

// --- ArtifactCache

ArtifactCache::ArtifactCache(Database& database, std::filesystem::path folder, Limits limits, Clock clock)
    : database_(database),
      folder_(std::move(folder)),
      limits_(limits),
      clock_(std::move(clock)),
      budget_(database, limits.write_budget, clock_),
      damages_(database) {}

Result<std::unique_ptr<ArtifactCache>> ArtifactCache::open(Database& database, std::filesystem::path folder,
                                                           Limits limits, Clock clock) {
  TRY(make_folder(folder / "objects"));
  TRY(make_folder(folder / "partial"));
  if (!clock) clock = [] { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); };
  std::unique_ptr<ArtifactCache> cache(new ArtifactCache(database, std::move(folder), limits, std::move(clock)));
  TRY(cache->budget_.load());
  TRY(cache->damages_.load());
  TRY(cache->load());
  return cache;
}

// What the database lists is believed only where the file is there with its length; the bytes are judged when opened.
Status ArtifactCache::load() {
  Statement statement = TRY(database_.prepare("SELECT sha256, length, md5, added, last_used FROM artifacts"));
  std::vector<std::pair<Artifact, bool>> bad;  // and whether there was a file
  while (TRY(statement.step())) {
    auto digest = Digest::parse(statement.text(0));
    if (!digest) continue;
    Artifact artifact{*digest, static_cast<std::uint64_t>(statement.integer(1)), statement.text(2),
                      from_millis(statement.integer(3)), from_millis(statement.integer(4))};
    struct stat st {};
    const bool there = ::stat(object(*digest).c_str(), &st) == 0;
    if (there && S_ISREG(st.st_mode) && static_cast<std::uint64_t>(st.st_size) == artifact.length) {
      artifacts_.emplace(*digest, std::move(artifact));
    } else {
      bad.emplace_back(std::move(artifact), there);
    }
  }
  for (const auto& [artifact, there] : bad) throw_out(artifact, there);
  tidied_ = take_back_orphans();
  const auto swept = sweep_temporaries(folder_ / "partial", FileOrigin::kSuffix);
  if (tidied_ && !swept) tidied_ = fail(swept.error());
  return {};
}

// Images that came whole and of which the database knows nothing: the program died in between, or the database was
// begun anew. Nothing would ever count or evict them.
Status ArtifactCache::take_back_orphans() {
  std::error_code ec;
  std::vector<Digest> orphans;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "objects", ec)) {
    const auto digest = Digest::parse(entry.path().filename().string());
    if (digest && !artifacts_.contains(*digest)) orphans.push_back(*digest);
  }
  if (ec) return fail(Errc::io, fmt::format("reading {}: {}", (folder_ / "objects").string(), ec.message()));
  Status outcome;
  for (const auto& digest : orphans) {
    const auto from = object(digest);
    // A folder or a link of that name is a stranger's.
    if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(from, ec))) continue;
    if (::chmod(from.c_str(), 0600) != 0 || ::rename(from.c_str(), partial(digest).c_str()) != 0) {
      outcome = fail(errno_error("taking back " + from.string(), errno));
    }
  }
  return outcome;
}

std::filesystem::path ArtifactCache::object(const Digest& digest) const { return folder_ / "objects" / digest.hex(); }
std::filesystem::path ArtifactCache::partial(const Digest& digest) const { return folder_ / "partial" / digest.hex(); }

const Artifact* ArtifactCache::find(const Digest& digest) const {
  const auto found = artifacts_.find(digest);
  return found == artifacts_.end() ? nullptr : &found->second;
}

Result<std::unique_ptr<ArtifactCache::Writer>> ArtifactCache::begin(const Digest& digest, std::uint64_t length) {
  if (writers_.contains(digest)) return fail(Errc::already_exists, "this image is on its way already");
  const std::uint64_t there = bytes_there(digest, length);
  TRY(budget_.admit(length - there, promised(digest)));
  TRY(make_room(length, digest));
  UniqueFd fd(::open(partial(digest).c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return fail(errno_error("making a file in the cache", errno));
  std::unique_ptr<Writer> writer(new Writer(*this, digest, length, std::move(fd), there));
  if (there == 0) {
    TRY(writer->restart());
  } else {
    writer->origin_ = FileOrigin::load(partial(digest));
    TRY(writer->reserve());
  }
  return writer;
}

std::uint64_t ArtifactCache::promised(const Digest& except) const {
  std::uint64_t sum = 0;
  for (const auto& [digest, writer] : writers_) sum += digest == except ? 0 : writer->promised_;
  return sum;
}

std::optional<Time> ArtifactCache::budget_opens(const Digest& digest, std::uint64_t length) const {
  return budget_.opens_for(length - bytes_there(digest, length), promised(digest));
}

// Being used moves an artifact away from eviction; once an hour is often enough for that.
Status ArtifactCache::touch(const Digest& digest, Time now) {
  const auto found = artifacts_.find(digest);
  if (found == artifacts_.end() || now - found->second.last_used < std::chrono::hours(1)) return {};
  found->second.last_used = now;
  return database_.transact(Durability::relaxed, [&]() -> Status {
    Statement statement = TRY(database_.prepare("UPDATE artifacts SET last_used=? WHERE sha256=?"));
    statement.bind(1, to_millis(now)).bind(2, digest.hex());
    return statement.run();
  });
}

Status ArtifactCache::take_in(const Artifact& artifact) {
  artifacts_[artifact.sha256] = artifact;
  (void)budget_.save();  // otherwise with the next one
  return database_.transact(Durability::full, [&]() -> Status {
    Statement statement = TRY(database_.prepare(
        "INSERT OR REPLACE INTO artifacts (sha256, length, md5, added, last_used) VALUES (?,?,?,?,?)"));
    statement.bind(1, artifact.sha256.hex())
        .bind(2, static_cast<std::int64_t>(artifact.length))
        .bind(3, artifact.md5)
        .bind(4, to_millis(artifact.added))
        .bind(5, to_millis(artifact.last_used));
    return statement.run();
  });
}

Status ArtifactCache::remove(const Digest& digest) {
  if (!contains(digest)) return fail(Errc::not_found, "the cache has no image " + digest.brief());
  return discard(digest);
}

Status ArtifactCache::discard(const Digest digest) {
  artifacts_.erase(digest);
  ::unlink(object(digest).c_str());
  return database_.transact(Durability::relaxed, [&]() -> Status {
    Statement statement = TRY(database_.prepare("DELETE FROM artifacts WHERE sha256=?"));
    statement.bind(1, digest.hex());
    return statement.run();
  });
}

// Bad bytes are of no use to anybody, so only the event is kept. What the database cannot take now, the next start
// finds out by itself: the file is gone.
Error ArtifactCache::throw_out(const Artifact& artifact, bool was_there) {
  (void)discard(artifact.sha256);
  if (was_there) (void)damages_.add(artifact.sha256, artifact.length, clock_());
  if (on_damaged_) on_damaged_(artifact.sha256);
  return {Errc::not_trusted,
          fmt::format("the cached image {} is {}; it was thrown away and will be fetched again when it is needed",
                      artifact.sha256.brief(), was_there ? "damaged" : "gone from the disk")};
}

void ArtifactCache::remove_part(const Digest& digest) {
  FileOrigin::remove(partial(digest));  // first: alone it would stay for ever
  ::unlink(partial(digest).c_str());
}

}  // namespace homepatch
