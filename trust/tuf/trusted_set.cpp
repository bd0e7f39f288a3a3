#include "trust/tuf/trusted_set.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch::tuf {

namespace {

Unexpected refused(std::string text) { return fail(Errc::not_trusted, std::move(text)); }

// A key that the old role had and the new one has not. Key ids are labels and are not compared.
bool revokes(const RoleKeys& old_role, const RoleKeys& new_role) {
  return std::ranges::any_of(old_role.keys, [&](const auto& old_key) {
    return std::ranges::none_of(new_role.keys, [&](const auto& key) { return key.second == old_key.second; });
  });
}

template <typename T>
Result<T> read_signed(std::string_view bytes, std::size_t max_bytes, const RoleKeys& keys) {
  const auto envelope = TRY(Envelope::parse(bytes, max_bytes));
  TRY(check_signatures(envelope, keys));
  return T::parse(envelope.content);
}

// What was trusted when it was stored counts against rollback for as long as one key that signed it is trusted: a root
// that asks for more signatures than before must not bring the past back.
template <typename T>
Result<T> recalled(std::string_view bytes, std::size_t max_bytes, RoleKeys keys) {
  keys.threshold = 1;
  return read_signed<T>(bytes, max_bytes, keys);
}

Status check_version(std::int64_t version, std::int64_t listed, std::string_view by) {
  if (version == listed) return {};
  return refused(fmt::format("it is version {}, but the {} names version {}; the server mixes files of different times",
                             version, by, listed));
}

Unexpected rolled_back(std::string_view what, std::int64_t version, std::int64_t seen) {
  return refused(
      fmt::format("rolled back: it gives {}version {}, but version {} was seen before; the server or a mirror "
                  "serves old files",
                  what, version, seen));
}

}  // namespace

Result<TrustedSet> TrustedSet::open(std::string_view root, const Clock& clock, const Limits& limits) {
  const auto read = [&]() -> Result<Root> {
    const auto envelope = TRY(Envelope::parse(root, limits.root));
    auto parsed = TRY(Root::parse(envelope.content));
    TRY(check_signatures(envelope, parsed.root));
    return parsed;
  };
  auto trusted = TRY_IN("the trusted root", read());
  return TrustedSet(std::move(trusted), clock, limits);
}

Status TrustedSet::check_expiry(Time expires) const {
  if (expires > clock_.now) return {};
  met_expired_ = true;
  if (clock_.expiry == Expiry::clock_not_trusted) {
    return refused(
        fmt::format("expired on {}, before the earliest time that it can be here ({}); its publisher must "
                    "sign it anew",
                    time_text(expires), time_text(clock_.now)));
  }
  return refused(
      fmt::format("expired on {}, and here it is {}; its publisher must sign it anew, or this gateway's clock "
                  "is wrong",
                  time_text(expires), time_text(clock_.now)));
}

Result<Root> TrustedSet::read_root(std::string_view bytes) const {
  const auto envelope = TRY(Envelope::parse(bytes, limits_.root));
  TRY_IN("by the keys of the root before it", check_signatures(envelope, root_.root));
  auto next = TRY(Root::parse(envelope.content));
  TRY_IN("by its own keys", check_signatures(envelope, next.root));
  // Of the same version the specification would go on with the trusted root (5.3.5). It was asked for by the next one's
  // name: a server that gives another file under that name is told of, never silently kept up with.
  if (next.version != root_.version + 1) {
    return refused(
        fmt::format("it is version {}; after version {} must come {}", next.version, root_.version, root_.version + 1));
  }
  return next;
}

Result<bool> TrustedSet::update_root(std::string_view bytes) {
  auto next = TRY_IN(kRoot, read_root(bytes));
  const bool revoked = revokes(root_.timestamp, next.timestamp) || revokes(root_.snapshot, next.snapshot);
  root_ = std::move(next);
  return revoked;
}

Status TrustedSet::check_root_expiry() const {
  TRY_IN(kRoot, check_expiry(root_.expires));
  return {};
}

void TrustedSet::recall_timestamp(std::string_view bytes) {
  auto stored = recalled<Timestamp>(bytes, limits_.timestamp, root_.timestamp);
  if (!stored) return;
  earlier_timestamp_ = *std::move(stored);
  if (read_signed<Timestamp>(bytes, limits_.timestamp, root_.timestamp)) timestamp_ = earlier_timestamp_;
}

Status TrustedSet::check_rollback(const Timestamp& next) const {
  if (!earlier_timestamp_) return {};
  const Timestamp& seen = *earlier_timestamp_;
  if (next.version < seen.version) return rolled_back("", next.version, seen.version);
  const bool known = timestamp_ && timestamp_->version == next.version;
  if (!known && next.snapshot.version < seen.snapshot.version) {
    return rolled_back("snapshot ", next.snapshot.version, seen.snapshot.version);
  }
  return {};
}

Result<Timestamp> TrustedSet::read_timestamp(std::string_view bytes) const {
  auto next = TRY(read_signed<Timestamp>(bytes, limits_.timestamp, root_.timestamp));
  TRY(check_rollback(next));
  // The same version changes nothing, whatever else this file says; the known one must still be valid.
  const bool known = timestamp_ && timestamp_->version == next.version;
  TRY(check_expiry(known ? timestamp_->expires : next.expires));
  return next;
}

Result<bool> TrustedSet::update_timestamp(std::string_view bytes) {
  auto next = TRY_IN(kTimestamp, read_timestamp(bytes));
  if (timestamp_ && timestamp_->version == next.version) return false;
  timestamp_ = std::move(next);
  return true;
}

Status TrustedSet::check_snapshot(const Snapshot& snapshot, std::string_view bytes) const {
  TRY(check_content(bytes, timestamp_->snapshot.length, timestamp_->snapshot.hashes));
  TRY(check_version(snapshot.version, timestamp_->snapshot.version, kTimestamp));
  return check_expiry(snapshot.expires);
}

bool TrustedSet::recall_snapshot(std::string_view bytes) {
  auto stored = recalled<Snapshot>(bytes, limits_.snapshot, root_.snapshot);
  if (!stored) return false;
  earlier_snapshot_ = *std::move(stored);
  const bool is_trusted = read_signed<Snapshot>(bytes, limits_.snapshot, root_.snapshot).has_value();
  if (is_trusted && check_snapshot(*earlier_snapshot_, bytes)) snapshot_ = earlier_snapshot_;
  return snapshot_.has_value();
}

Status TrustedSet::check_rollback(const Snapshot& next) const {
  if (!earlier_snapshot_) return {};
  for (const auto& [name, file] : earlier_snapshot_->files) {
    if (name == "root.json") continue;  // listed by old repositories; section 5.5.5 speaks of targets metadata
    const auto now_listed = next.files.find(name);
    if (now_listed == next.files.end()) {
      return refused(
          fmt::format("it no longer lists {}, which was seen before; the server or a mirror serves files that "
                      "do not belong together",
                      printable(name, 96)));
    }
    if (now_listed->second.version < file.version) {
      return rolled_back(printable(name, 96) + " ", now_listed->second.version, file.version);
    }
  }
  return {};
}

Result<Snapshot> TrustedSet::read_snapshot(std::string_view bytes) const {
  // Length and hash first: nothing is parsed that the timestamp does not vouch for.
  TRY(check_content(bytes, timestamp_->snapshot.length, timestamp_->snapshot.hashes));
  auto next = TRY(read_signed<Snapshot>(bytes, limits_.snapshot, root_.snapshot));
  TRY(check_version(next.version, timestamp_->snapshot.version, kTimestamp));
  TRY(check_rollback(next));
  TRY(check_expiry(next.expires));
  return next;
}

Status TrustedSet::update_snapshot(std::string_view bytes) {
  snapshot_ = TRY_IN(kSnapshot, read_snapshot(bytes));
  return {};
}

Result<MetaFile> TrustedSet::listed(std::string_view role) const {
  const auto found = snapshot_->files.find(std::string(role) + ".json");
  if (found != snapshot_->files.end()) return found->second;
  return refused(fmt::format("the snapshot does not list the role {}", printable(role, 96)));
}

Result<Targets> TrustedSet::read_targets(std::string_view role, const RoleKeys& keys, std::string_view bytes) const {
  const auto read = [&]() -> Result<Targets> {
    const auto file = TRY(listed(role));
    TRY(check_content(bytes, file.length, file.hashes));
    auto targets = TRY(read_signed<Targets>(bytes, limits_.targets, keys));
    TRY(check_version(targets.version, file.version, kSnapshot));
    TRY(check_expiry(targets.expires));
    return targets;
  };
  return TRY_IN(printable(role, 96), read());
}

}  // namespace homepatch::tuf
