// The TUF client without a network and without a disk: it says what to fetch, store and remove, in the order that the
// specification (1.0.34, section 5) demands, and is told the answers. One Client is one cycle: a refresh, then any
// number of lookups. The daemon drives it with curl and its feed store, homepatch-tuf with plain calls.
//
// After a crash nothing is lost: each Store comes only after all checks of its role, and a new cycle begins from what
// was stored. Whoever drives it must make a step last before asking for the next one.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "trust/tuf/trusted_set.hpp"

namespace homepatch::tuf {

// Fetch `path`, relative to the metadata URL and already percent-encoded; refuse to read more than `limit` bytes.
struct Fetch {
  std::string role;  // whose file it is, for people
  std::string path;
  std::size_t limit = 0;
};

// Keep these bytes, exactly as they are, as the trusted metadata of the role (metadata_file_name() makes a file's
// name).
struct Store {
  std::string role;
  std::string bytes;
};

// Forget what is stored of the role; that it was not there is fine.
struct Remove {
  std::string role;
};

// The refresh, or the lookup, is over.
struct Finished {};

using Step = std::variant<Fetch, Store, Remove, Finished>;

// Reads what an earlier cycle stored: not_found when there is nothing; every other error ends the cycle, because
// without the stored files rollback could not be seen.
using ReadStored = std::function<Result<std::string>(std::string_view role)>;

// One link of the chain that vouches for a target: the role, and how many of its keys had to sign.
struct Authority {
  std::string role;
  int threshold = 1;

  friend bool operator==(const Authority&, const Authority&) = default;
};

struct Target {
  std::string path;
  std::uint64_t length = 0;
  Hashes hashes;
  nlohmann::json custom;                 // null when there is none
  std::vector<std::string> fetch_paths;  // relative to the targets' base URL, percent-encoded; to be tried in turn
  std::vector<Authority> authorised_by;  // from targets down to the role that lists it

  // To be fed with the bytes while they arrive.
  [[nodiscard]] ContentCheck check() const { return ContentCheck(length, hashes); }
};

class Client {
 public:
  // Verifies the stored root by its own threshold and makes no request. Error when there is none or it is not valid.
  static Result<Client> open(ReadStored stored, const Clock& clock, const Limits& limits = {});

  // What to do now. A Fetch is repeated until it is answered. An Error ends the refresh or the lookup, and is repeated;
  // what was accepted before stays accepted, and a new Client begins from there.
  Result<Step> next();

  // Answers to the last Fetch: its bytes, or that the server has no such file (404 or 403). Every other failure of
  // fetching ends the refresh: drop the Client. It ends a lookup too, but the next one may begin.
  void received(std::string bytes);
  void missing();

  // After the refresh: look for a target, then take steps until Finished, then ask found(). A lookup that failed does
  // not keep the next from working. Errors: invalid_argument for a path that no feed may use (see
  // check_target_path()).
  Status begin_lookup(std::string_view target_path);
  [[nodiscard]] const std::optional<Target>& found() const { return found_; }

  // The refresh is over, and expiry was judged: releases not known before may be believed. False with a clock that is
  // not trusted: what was accepted earlier may still be installed, nothing else.
  [[nodiscard]] bool accepts_new() const;

  // After the refresh: when the first of the four top-level roles expires.
  [[nodiscard]] std::optional<Time> valid_until() const;

  [[nodiscard]] const TrustedSet& trusted() const { return set_; }
  // The top-level targets; nullptr before the refresh is over.
  [[nodiscard]] const Targets* targets() const;

 private:
  enum class Phase { roots, timestamp, snapshot, targets, lookup, over };

  // A targets role in memory, and the keys with which it was verified.
  struct Loaded {
    std::string role;
    RoleKeys keys;
    Targets targets;
  };

  // A delegated role that is still to be visited, and the chain that leads to it.
  struct Visit {
    std::string role;
    RoleKeys keys;
    std::vector<Authority> chain;
  };

  struct Answer {
    std::optional<std::string> bytes;
  };

  Client(ReadStored stored, const Clock& clock, const Limits& limits, TrustedSet set)
      : stored_(std::move(stored)), clock_(clock), limits_(limits), set_(std::move(set)) {}

  Status advance();
  Status advance_roots();
  Status finish_roots();
  Status advance_timestamp();
  Status advance_snapshot();
  Status advance_targets();
  Status advance_lookup();

  void fetch(std::string_view role, std::optional<std::int64_t> version, std::size_t limit);
  Status fetch_listed(std::string_view role, const MetaFile& file, std::size_t limit);
  void store(std::string_view role, std::string bytes);
  Result<std::string> take_bytes();
  [[nodiscard]] Result<std::optional<std::string>> read_stored(std::string_view role) const;
  Result<bool> obtain(std::string_view role, const RoleKeys& keys, std::optional<Loaded>& slot);
  void consider(const Targets& targets, const std::vector<Authority>& chain);
  void descend(const Targets& targets, const std::vector<Authority>& chain);
  [[nodiscard]] Target describe(const TargetFile& file, const std::vector<Authority>& chain) const;

  ReadStored stored_;
  Clock clock_;
  Limits limits_;
  TrustedSet set_;

  Phase phase_ = Phase::roots;
  std::deque<Step> steps_;
  std::optional<Answer> answer_;
  std::optional<Error> failure_;
  unsigned rotations_ = 0;

  std::optional<Loaded> targets_;
  std::optional<Loaded> delegated_;  // the last one visited; never more than one in memory
  std::string wanted_;
  std::vector<Visit> visits_;  // the next one last
  std::set<std::string> visited_;
  std::optional<Target> found_;
};

}  // namespace homepatch::tuf
