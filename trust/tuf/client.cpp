#include "trust/tuf/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "base/text.hpp"
#include "trust/tuf/target_path.hpp"

namespace homepatch::tuf {

Result<Client> Client::open(ReadStored stored, const Clock& clock, const Limits& limits) {
  const auto root = TRY_IN("reading the trusted root", stored(kRoot));
  auto set = TRY(TrustedSet::open(root, clock, limits));
  return Client(std::move(stored), clock, limits, std::move(set));
}

Result<Step> Client::next() {
  while (!failure_ && steps_.empty()) {
    if (auto went = advance(); !went) failure_ = std::move(went).error();
  }
  if (failure_) return fail(*failure_);
  Step step = steps_.front();
  const bool stays = std::holds_alternative<Fetch>(step) || std::holds_alternative<Finished>(step);
  if (!stays) steps_.pop_front();
  return step;
}

void Client::received(std::string bytes) {
  assert(!steps_.empty() && std::holds_alternative<Fetch>(steps_.front()));
  const auto asked = std::get<Fetch>(steps_.front());
  steps_.pop_front();
  if (bytes.size() > asked.limit) {
    failure_ = Error{Errc::too_large, fmt::format("{}: the server sends more than the {} bytes that are allowed",
                                                  printable(asked.path, 128), asked.limit)};
    return;
  }
  answer_ = Answer{std::move(bytes)};
}

void Client::missing() {
  assert(!steps_.empty() && std::holds_alternative<Fetch>(steps_.front()));
  steps_.pop_front();
  answer_ = Answer{};
}

Status Client::advance() {
  switch (phase_) {
    case Phase::roots: return advance_roots();
    case Phase::timestamp: return advance_timestamp();
    case Phase::snapshot: return advance_snapshot();
    case Phase::targets: return advance_targets();
    case Phase::lookup: return advance_lookup();
    case Phase::over: steps_.emplace_back(Finished{}); return {};
  }
  return {};
}

Status Client::advance_roots() {
  if (!answer_) {
    if (rotations_ == limits_.root_rotations) return finish_roots();
    fetch(kRoot, set_.root().version + 1, limits_.root);
    return {};
  }
  auto answer = *std::exchange(answer_, std::nullopt);
  if (!answer.bytes) return finish_roots();
  const bool revoked = TRY(set_.update_root(*answer.bytes));
  // Forgotten before the new root is stored: after a crash in between the same root comes again and nothing is stuck;
  // the other way round a fast-forwarded timestamp could stay for ever.
  if (revoked) {
    steps_.emplace_back(Remove{std::string(kTimestamp)});
    steps_.emplace_back(Remove{std::string(kSnapshot)});
  }
  store(kRoot, *std::move(answer.bytes));
  ++rotations_;
  return {};
}

Status Client::finish_roots() {
  TRY(set_.check_root_expiry());
  phase_ = Phase::timestamp;
  return {};
}

Status Client::advance_timestamp() {
  if (!answer_) {
    const auto stored = TRY(read_stored(kTimestamp));
    if (stored) set_.recall_timestamp(*stored);
    fetch(kTimestamp, std::nullopt, limits_.timestamp);
    return {};
  }
  auto bytes = TRY_IN(kTimestamp, take_bytes());
  if (TRY(set_.update_timestamp(bytes))) store(kTimestamp, std::move(bytes));
  phase_ = Phase::snapshot;
  return {};
}

Status Client::advance_snapshot() {
  if (!answer_) {
    const auto stored = TRY(read_stored(kSnapshot));
    if (stored && set_.recall_snapshot(*stored)) {
      phase_ = Phase::targets;
      return {};
    }
    return fetch_listed(kSnapshot, set_.timestamp()->snapshot, limits_.snapshot);
  }
  auto bytes = TRY_IN(kSnapshot, take_bytes());
  TRY(set_.update_snapshot(bytes));
  store(kSnapshot, std::move(bytes));
  phase_ = Phase::targets;
  return {};
}

Status Client::advance_targets() {
  if (TRY(obtain(kTargets, set_.root().targets, targets_))) phase_ = Phase::over;
  return {};
}

// The role into its slot, out of memory, the disk or the answer. False while it must be fetched.
Result<bool> Client::obtain(std::string_view role, const RoleKeys& keys, std::optional<Loaded>& slot) {
  if (answer_) {
    auto bytes = TRY_IN(printable(role, 96), take_bytes());
    auto targets = TRY(set_.read_targets(role, keys, bytes));
    slot = Loaded{std::string(role), keys, std::move(targets)};
    store(role, std::move(bytes));
    return true;
  }
  if (slot && slot->role == role && slot->keys == keys) return true;
  slot.reset();
  const auto file = TRY_IN(printable(role, 96), set_.listed(role));
  const auto stored = TRY(read_stored(role));
  if (stored) {
    // Verified with the keys of this delegator, whoever vouched for it when it was stored.
    if (auto targets = set_.read_targets(role, keys, *stored)) {
      slot = Loaded{std::string(role), keys, *std::move(targets)};
      return true;
    }
  }
  TRY(fetch_listed(role, file, limits_.targets));
  return false;
}

void Client::fetch(std::string_view role, std::optional<std::int64_t> version, std::size_t limit) {
  steps_.emplace_back(Fetch{std::string(role), metadata_file_name(role, version), limit});
}

Status Client::fetch_listed(std::string_view role, const MetaFile& file, std::size_t limit) {
  if (file.length && *file.length > limit) {
    return fail(Errc::too_large, fmt::format("{}: the feed states {} bytes for it; this gateway reads at most {}",
                                             printable(role, 96), *file.length, limit));
  }
  const auto version = set_.root().consistent_snapshot ? std::optional(file.version) : std::nullopt;
  fetch(role, version, file.length ? static_cast<std::size_t>(*file.length) : limit);
  return {};
}

void Client::store(std::string_view role, std::string bytes) {
  steps_.emplace_back(Store{std::string(role), std::move(bytes)});
}

Result<std::string> Client::take_bytes() {
  auto answer = *std::exchange(answer_, std::nullopt);
  if (answer.bytes) return *std::move(answer.bytes);
  return fail(Errc::unavailable,
              "the server does not have it; perhaps the feed is being published just now, try again later");
}

Result<std::optional<std::string>> Client::read_stored(std::string_view role) const {
  auto read = stored_(role);
  if (read) return *std::move(read);
  if (read.error().code == Errc::not_found) return std::nullopt;
  return fail(std::move(read).error().in(fmt::format("reading what is stored of {}", printable(role, 96))));
}

bool Client::accepts_new() const { return targets_ && clock_.expiry == Expiry::judge; }

std::optional<Time> Client::valid_until() const {
  if (!targets_) return std::nullopt;
  return std::min(
      {set_.root().expires, set_.timestamp()->expires, set_.snapshot()->expires, targets_->targets.expires});
}

const Targets* Client::targets() const { return targets_ ? &targets_->targets : nullptr; }

Status Client::begin_lookup(std::string_view target_path) {
  if (!targets_) return fail(Errc::internal, "a lookup before the refresh is over");
  TRY(check_target_path(target_path));
  steps_.clear();
  answer_.reset();
  failure_.reset();
  visits_.clear();
  visited_.clear();
  found_.reset();
  wanted_ = target_path;
  phase_ = Phase::lookup;
  consider(targets_->targets, {Authority{std::string(kTargets), set_.root().targets.threshold}});
  return {};
}

// One delegated role after the other, depth first, in the order in which they are listed (section 5.6.7).
Status Client::advance_lookup() {
  if (visits_.empty() || found_) {
    phase_ = Phase::over;
    return {};
  }
  if (visited_.contains(visits_.back().role)) {
    visits_.pop_back();
    return {};
  }
  if (visited_.size() >= limits_.delegations) {
    return fail(Errc::too_large, fmt::format("{}: not found within {} delegated roles; the feed delegates too much",
                                             printable(wanted_, 128), limits_.delegations));
  }
  if (!TRY(obtain(visits_.back().role, visits_.back().keys, delegated_))) return {};
  const Visit visit = std::move(visits_.back());
  visits_.pop_back();
  visited_.insert(visit.role);
  consider(delegated_->targets, visit.chain);
  return {};
}

void Client::consider(const Targets& targets, const std::vector<Authority>& chain) {
  const auto listed = targets.targets.find(wanted_);
  if (listed != targets.targets.end()) {
    found_ = describe(listed->second, chain);
  } else {
    descend(targets, chain);
  }
}

void Client::descend(const Targets& targets, const std::vector<Authority>& chain) {
  std::vector<Visit> children;
  const auto ask = [&](const std::string& role, const RoleKeys& keys, bool terminating) {
    auto longer = chain;
    longer.push_back(Authority{role, keys.threshold});
    children.push_back(Visit{role, keys, std::move(longer)});
    if (terminating) visits_.clear();  // nobody after this one is asked, neither here nor above
  };
  if (const auto& bins = targets.succinct_roles) ask(bins->role_for(wanted_), bins->keys, true);
  for (const auto& delegation : targets.delegations) {
    if (!delegation.speaks_for(wanted_)) continue;
    ask(delegation.name, delegation.keys, delegation.terminating);
    if (delegation.terminating) break;
  }
  visits_.insert(visits_.end(), std::make_move_iterator(children.rbegin()), std::make_move_iterator(children.rend()));
}

Target Client::describe(const TargetFile& file, const std::vector<Authority>& chain) const {
  Target target{wanted_, file.length, file.hashes, file.custom, {}, chain};
  if (!set_.root().consistent_snapshot) {
    target.fetch_paths.push_back(target_fetch_path(wanted_));
    return target;
  }
  for (const auto& hash : file.hashes.hex()) target.fetch_paths.push_back(target_fetch_path(wanted_, hash));
  return target;
}

}  // namespace homepatch::tuf
