// What should happen to each device now, and why. Pure: the scheduler (daemon/decide) collects the arguments, starts
// what the decisions allow, and shows these same values to people (plan, explain).
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog.hpp"
#include "core/device.hpp"
#include "core/reason.hpp"
#include "core/update.hpp"

namespace homepatch {

enum class Verdict {
  none,    // nothing to do
  ask,     // only the owner can say
  wait,    // it will happen, not yet
  update,  // now
};
std::string_view to_string(Verdict verdict);

// The release a device would be taken to next, and on the way to which one.
struct Offer {
  std::string feed;
  std::string catalog;
  const Release* release = nullptr;  // the next step
  std::vector<const Release*> path;  // that step and those after it, the last one the goal
  std::vector<const Image*> images;  // of the next step: first the one that will run, then its helpers
};

struct Decision {
  explicit Decision(DeviceId of) : device(std::move(of)) {}

  DeviceId device;
  Verdict verdict = Verdict::none;
  Reason reason = Reason::none;
  std::string detail;
  std::optional<Offer> offer;
  const Catalog* catalog = nullptr;  // the one that claims the device, if exactly one does
  std::optional<Time> not_before;
};

struct Policy {
  bool accept_always = false;       // I15: a device never seen before is accepted by itself
  bool automatic = true;            // false: every update asks
  unsigned max_under_way = 4;       // updates at one time
  bool operator_automatic = false;  // what an operator's server sent needs no question

  friend bool operator==(const Policy&, const Policy&) = default;
};

// What the planner needs to know of a feed. What was accepted from it may be installed whatever its state; when nothing
// is known of a model, the state tells why.
struct FeedState {
  std::string name;
  bool current = true;        // its metadata has not expired
  bool clock_trusted = true;  // expiry could be judged
  bool asked = true;          // for every model of the home, as far as is known
};

// A device of a model on which releases of another model depend.
struct Neighbour {
  DeviceId device;
  std::string model_id;
  std::optional<std::int64_t> seq;  // of the release that it runs; nothing where its catalog does not know that
};

// One device with what concerns it.
struct Case {
  const Device* device = nullptr;
  std::vector<const Catalog*> claims;  // the catalogs, of all enabled feeds, whose keys match it
  const Update* running = nullptr;     // not terminal
  const Update* last = nullptr;        // the newest terminal one
  const Update* confirmed = nullptr;   // the newest confirmed one
  std::vector<Neighbour> neighbours;   // of every model that a claiming catalog's releases depend on
};

// The models of the same maker on which releases of the catalog depend.
std::set<std::string> models_needed(const Catalog& catalog);

// Every match that fits what the device says of itself; empty while it has not said all that its family's matches ask
// for.
std::vector<Match> own_matches(const Device& device);

// Whether one of the catalog's matches fits the device, every key of it (I2).
bool claims(const Catalog& catalog, const Device& device);

// The decision for each case, in the same order. The pointers in it live as long as the arguments'.
std::vector<Decision> plan(const std::vector<Case>& cases, const std::vector<FeedState>& feeds, const Policy& policy,
                           unsigned under_way);

// Whether an administrator may start the decision's offer by hand (`homepatchctl update`).
bool may_start_by_hand(const Decision& decision);

}  // namespace homepatch
