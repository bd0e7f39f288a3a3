// What is believed of one feed at this moment: its root, and the timestamp, snapshot and targets that follow from it.
// Holds every check of the client workflow (specification 1.0.34, section 5) and no order of requests: Client feeds it
// with bytes. A refused file changes nothing; what was accepted before stays accepted.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/time.hpp"
#include "trust/tuf/metadata.hpp"

namespace homepatch::tuf {

enum class Expiry {
  judge,
  clock_not_trusted,  // rollback is still refused; expiry cannot be judged, so nothing new may be accepted
};

// Fixed once per cycle. Where the clock is not trusted, `now` is the earliest time that it can be (the floor, I10):
// what had expired by then has expired for certain and is refused all the same; of the rest nobody can say.
struct Clock {
  Time now{};
  Expiry expiry = Expiry::judge;
};

// Bytes for each kind of file, asked of the network as well; those of python-tuf, but for targets, where a small router
// counts its memory.
struct Limits {
  std::size_t root = 512'000;
  std::size_t timestamp = 16'384;
  std::size_t snapshot = 2'000'000;
  std::size_t targets = 1UL << 20U;
  unsigned root_rotations = 256;  // in one cycle
  unsigned delegations = 32;      // delegated roles visited for one target
};

class TrustedSet {
 public:
  // The root must be signed by its own threshold; whether it has expired is asked only after the rotations.
  static Result<TrustedSet> open(std::string_view root, const Clock& clock, const Limits& limits);

  [[nodiscard]] const Root& root() const { return root_; }
  [[nodiscard]] const std::optional<Timestamp>& timestamp() const { return timestamp_; }
  [[nodiscard]] const std::optional<Snapshot>& snapshot() const { return snapshot_; }

  // The next root: exactly one version higher, signed by the thresholds of the old one and of its own. True when it
  // revokes a key of timestamp or snapshot: what is stored of these two must then be forgotten (fast-forward recovery,
  // 5.3.11).
  Result<bool> update_root(std::string_view bytes);
  [[nodiscard]] Status check_root_expiry() const;

  // As stored by an earlier cycle: counts against rollback, expired or not, and even where the new root asks for more
  // signatures than it has; without a valid one it is nothing.
  void recall_timestamp(std::string_view bytes);
  // True when it is a new one, to be stored; false when the version is the known one, which is then kept.
  Result<bool> update_timestamp(std::string_view bytes);

  // As stored: counts against rollback likewise. True when it is the very one that the timestamp names: nothing to
  // fetch.
  bool recall_snapshot(std::string_view bytes);
  Status update_snapshot(std::string_view bytes);

  // Whether something that was right in all else had expired.
  [[nodiscard]] bool met_expired() const { return met_expired_; }

  // The snapshot's entry of targets or of a delegated role.
  [[nodiscard]] Result<MetaFile> listed(std::string_view role) const;
  // Targets or a delegated role, stored or fetched, verified with the keys of who delegates to it.
  [[nodiscard]] Result<Targets> read_targets(std::string_view role, const RoleKeys& keys, std::string_view bytes) const;

 private:
  TrustedSet(Root root, const Clock& clock, const Limits& limits)
      : root_(std::move(root)), clock_(clock), limits_(limits) {}

  [[nodiscard]] Status check_expiry(Time expires) const;
  [[nodiscard]] Status check_rollback(const Timestamp& next) const;
  [[nodiscard]] Status check_rollback(const Snapshot& next) const;
  [[nodiscard]] Result<Root> read_root(std::string_view bytes) const;
  [[nodiscard]] Result<Timestamp> read_timestamp(std::string_view bytes) const;
  [[nodiscard]] Result<Snapshot> read_snapshot(std::string_view bytes) const;
  [[nodiscard]] Status check_snapshot(const Snapshot& snapshot, std::string_view bytes) const;

  Root root_;
  std::optional<Timestamp> timestamp_;
  std::optional<Timestamp> earlier_timestamp_;  // that of an earlier cycle
  std::optional<Snapshot> snapshot_;            // that which the timestamp names
  std::optional<Snapshot> earlier_snapshot_;    // that of an earlier cycle
  Clock clock_;
  Limits limits_;
  mutable bool met_expired_ = false;  // told about afterwards; no check depends on it
};

}  // namespace homepatch::tuf
