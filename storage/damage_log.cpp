#include "storage/damage_log.hpp"

#include <algorithm>

namespace homepatch {

Status DamageLog::load() {
  list_.clear();
  Statement statement =
      TRY(database_.prepare("SELECT sha256, length, times, last FROM damaged_artifacts ORDER BY last DESC LIMIT ?"));
  statement.bind(1, static_cast<std::int64_t>(kMaxKept));
  while (TRY(statement.step())) {
    const auto digest = Digest::parse(statement.text(0));
    if (!digest) continue;
    list_.push_back(Damage{*digest, static_cast<std::uint64_t>(statement.integer(1)),
                           static_cast<std::uint64_t>(statement.integer(2)), from_millis(statement.integer(3))});
  }
  return {};
}

Status DamageLog::add(const Digest& digest, std::uint64_t length, Time now) {
  Damage damage{digest, length, 1, now};
  if (const auto known = std::ranges::find(list_, digest, &Damage::sha256); known != list_.end()) {
    damage.times += known->times;
    list_.erase(known);
  }
  list_.insert(list_.begin(), damage);
  if (list_.size() > kMaxKept) list_.pop_back();
  return write(damage);
}

Status DamageLog::write(const Damage& damage) {
  return database_.transact(Durability::relaxed, [&]() -> Status {
    Statement put = TRY(
        database_.prepare("INSERT OR REPLACE INTO damaged_artifacts (sha256, length, times, last) VALUES (?,?,?,?)"));
    put.bind(1, damage.sha256.hex())
        .bind(2, static_cast<std::int64_t>(damage.length))
        .bind(3, static_cast<std::int64_t>(damage.times))
        .bind(4, to_millis(damage.last));
    TRY(put.run());
    Statement trim =
        TRY(database_.prepare("DELETE FROM damaged_artifacts WHERE sha256 NOT IN "
                              "(SELECT sha256 FROM damaged_artifacts ORDER BY last DESC LIMIT ?)"));
    trim.bind(1, static_cast<std::int64_t>(kMaxKept));
    return trim.run();
  });
}

}  // namespace homepatch
