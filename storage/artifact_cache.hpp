// Images, each kept once under the name of its SHA-256, however many devices want it. Bytes become an artifact only
// after their length and digest were found right; until then they lie in partial/, where a later attempt can go on. The
// supply (daemon/fetch) writes, deliveries read through a descriptor that was hashed when it was opened (I1,
// storage/artifact_opening). A pinned artifact is never evicted (I6); what is evicted is the longest unused. What went
// bad on the flash is thrown out and remembered (storage/damage_log); what is written in a day has a budget
// (storage/write_budget).
#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "core/digest.hpp"
#include "core/time.hpp"
#include "storage/damage_log.hpp"
#include "storage/database.hpp"
#include "storage/file_origin.hpp"
#include "storage/write_budget.hpp"
#include "trust/hash.hpp"

namespace homepatch {

struct Artifact {
  Digest sha256;
  std::uint64_t length = 0;
  std::string md5;  // for the one family whose devices check nothing better
  Time added{};
  Time last_used{};
};

class ArtifactCache {
 public:
  struct Limits {
    std::uint64_t quota = 64ULL << 20;      // bytes of artifacts and partial ones together
    std::uint64_t keep_free = 16ULL << 20;  // bytes of the file system that stay free
    std::uint64_t write_budget = 0;         // bytes written in a day; 0: no limit
  };
  using Clock = WriteBudget::Clock;

  // Opens the cache in `folder`. Partial downloads of an earlier run are kept; an image that had come whole when the
  // program died becomes one of them, to be judged by the next begin(). Strangers' files are not touched.
  // `clock` is for the budget and for the dates of damages; without it the system's.
  static Result<std::unique_ptr<ArtifactCache>> open(Database& database, std::filesystem::path folder, Limits limits,
                                                     Clock clock = {});

  // What of an earlier run could not be tidied up when the cache was opened: it takes room, no more.
  [[nodiscard]] const Status& tidied() const { return tidied_; }

  // One image on its way in. Dropping it keeps what was written, for a later begin() of the same digest. Implemented in
  // storage/artifact_writer.cpp.
  class Writer {
   public:
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    // Hashes at most `bytes` more of what an earlier attempt left, so that a large part does not hold up the loop.
    // True: all of it is taken up. Whoever writes without it writes over that part.
    Result<bool> take_up(std::uint64_t bytes);
    // Bytes that are there and hashed.
    [[nodiscard]] std::uint64_t offset() const { return offset_; }
    [[nodiscard]] std::uint64_t length() const { return length_; }
    // Begins anew at zero: the sender could not go on where we stopped.
    Status restart();
    // too_large beyond the announced length; no_space, also when the day's budget is spent by beginning anew.
    Status write(std::span<const std::uint8_t> bytes);
    // Where the bytes came from, as an earlier attempt or the present one said. restart() forgets it.
    [[nodiscard]] const std::optional<FileOrigin>& origin() const { return origin_; }
    Status came_from(FileOrigin origin);
    // Checks length and digest, makes it last, takes it into the cache. not_trusted: the bytes are thrown away.
    Status commit(Time now);

   private:
    friend class ArtifactCache;
    Writer(ArtifactCache& cache, Digest digest, std::uint64_t length, UniqueFd fd, std::uint64_t there);
    void count(std::span<const std::uint8_t> written);
    Status reserve();
    // What it will still take from the file system.
    [[nodiscard]] std::uint64_t unreserved() const { return reserved_ ? 0 : length_ - std::max(offset_, there_); }

    ArtifactCache& cache_;
    Digest digest_;
    std::uint64_t length_;
    UniqueFd fd_;
    std::uint64_t there_;     // left by an earlier attempt, taken up or not
    std::uint64_t promised_;  // of the day's budget
    std::uint64_t offset_ = 0;
    bool reserved_ = false;  // all of its room
    std::optional<FileOrigin> origin_;
    Sha256 sha256_;
    Hash md5_{HashKind::md5};
  };

  // Makes room (evicting what is not pinned, as far as needed and only if that is enough), reserves it and begins;
  // nothing is read yet. no_space when quota, disk or the day's budget do not allow it; already_exists when it is being
  // written.
  Result<std::unique_ptr<Writer>> begin(const Digest& digest, std::uint64_t length);

  [[nodiscard]] bool contains(const Digest& digest) const { return artifacts_.contains(digest); }
  [[nodiscard]] const Artifact* find(const Digest& digest) const;

  // The time from which on the day's budget lets the image be begun; nothing when it does now.
  [[nodiscard]] std::optional<Time> budget_opens(const Digest& digest, std::uint64_t length) const;
  [[nodiscard]] const WriteBudget& budget() const { return budget_; }

  // Images that went bad here, and who hears of each when it has been thrown out. The listener is called in the middle
  // of the reading: it acts on a later turn.
  [[nodiscard]] const DamageLog& damages() const { return damages_; }
  void listen_damaged(std::function<void(const Digest&)> listener) { on_damaged_ = std::move(listener); }

  // Throws the artifact out, pinned or not: it must not be served any more. not_found.
  Status remove(const Digest& digest);

  // While a Pin lives, its artifact is not evicted (whether or not it is there yet).
  class Pin {
   public:
    Pin() = default;
    Pin(ArtifactCache& cache, const Digest& digest);
    Pin(Pin&& other) noexcept : cache_(std::exchange(other.cache_, nullptr)), digest_(other.digest_) {}
    Pin& operator=(Pin&& other) noexcept;
    ~Pin();

   private:
    ArtifactCache* cache_ = nullptr;
    Digest digest_;
  };
  [[nodiscard]] Pin pin(const Digest& digest) { return Pin(*this, digest); }

  // Who tells how useful each image is; what has the lowest rank is evicted first, kNeverEvicted never. Among equals,
  // and without it, the longest unused goes first.
  using Ranks = std::function<std::map<Digest, int>()>;
  static constexpr int kNeverEvicted = 5;
  void rank_by(Ranks ranks) { ranks_ = std::move(ranks); }

  [[nodiscard]] const std::map<Digest, Artifact>& artifacts() const { return artifacts_; }
  [[nodiscard]] std::size_t count() const { return artifacts_.size(); }
  [[nodiscard]] std::uint64_t bytes() const;
  [[nodiscard]] std::uint64_t quota() const { return limits_.quota; }

 private:
  ArtifactCache(Database& database, std::filesystem::path folder, Limits limits, Clock clock);
  friend class ArtifactOpening;
  Status load();
  Status take_back_orphans();
  [[nodiscard]] std::filesystem::path object(const Digest& digest) const;
  [[nodiscard]] std::filesystem::path partial(const Digest& digest) const;

  // Implemented in storage/artifact_room.cpp. Bytes, of the quota and of the file system.
  struct Shortage {
    std::uint64_t quota = 0;
    std::uint64_t disk = 0;
    [[nodiscard]] bool none() const { return quota == 0 && disk == 0; }
    [[nodiscard]] bool covers(const Shortage& other) const { return quota >= other.quota && disk >= other.disk; }
    [[nodiscard]] Shortage with(const Shortage& more) const { return {quota + more.quota, disk + more.disk}; }
  };
  struct Leaving {
    Digest digest;
    bool part = false;
    Shortage takes;
  };
  Status make_room(std::uint64_t wanted, const Digest& newcomer);
  [[nodiscard]] Shortage shortage(std::uint64_t wanted, const Digest& newcomer) const;
  [[nodiscard]] std::vector<Leaving> idle_parts(const Digest& except) const;
  [[nodiscard]] std::vector<Leaving> evictable(const Digest& newcomer) const;
  static std::vector<Leaving> choose(std::vector<Leaving> leaving, Shortage needed);
  [[nodiscard]] std::uint64_t bytes_there(const Digest& digest, std::uint64_t length) const;
  [[nodiscard]] std::uint64_t partial_bytes(const Digest& except) const;
  [[nodiscard]] std::uint64_t still_to_come(const Digest& except) const;

  Status take_in(const Artifact& artifact);
  Status discard(Digest digest);  // by value: callers name it by what goes
  Error throw_out(const Artifact& artifact, bool was_there);
  void remove_part(const Digest& digest);
  [[nodiscard]] std::uint64_t promised(const Digest& except) const;
  Status touch(const Digest& digest, Time now);

  Database& database_;
  std::filesystem::path folder_;
  Limits limits_;
  Clock clock_;
  WriteBudget budget_;
  DamageLog damages_;
  Status tidied_;
  std::function<void(const Digest&)> on_damaged_;
  std::map<Digest, Artifact> artifacts_;
  std::map<Digest, int> pins_;
  Ranks ranks_;
  std::map<Digest, Writer*> writers_;
};

}  // namespace homepatch
