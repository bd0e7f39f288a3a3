#include "core/planner.hpp"

#include <algorithm>

#include "core/release_path.hpp"

namespace homepatch {

namespace {

// Decides one case; slots are handed out afterwards.
class Deciding {
 public:
  Deciding(const Case& subject, const std::vector<FeedState>& feeds, const Policy& policy)
      : case_(subject), device_(*subject.device), feeds_(feeds), policy_(policy), decision_(subject.device->id) {}

  Decision decide() && {
    if (find_catalog() && find_offer()) judge_offer();
    if (case_.running != nullptr) say(Verdict::wait, Reason::update_running);
    return std::move(decision_);
  }

 private:
  bool say(Verdict verdict, Reason reason, std::string detail = {}) {
    decision_.verdict = verdict;
    decision_.reason = reason;
    decision_.detail = std::move(detail);
    return false;
  }

  bool say_nothing_to_do(Reason reason) { return say(Verdict::none, reason); }

  bool find_catalog() {
    if (own_matches(device_).empty()) return say_nothing_to_do(Reason::model_unknown);
    if (case_.claims.empty()) return why_no_catalog();
    if (case_.claims.size() > 1) {
      return say(Verdict::ask, Reason::ambiguous_model,
                 case_.claims[0]->feed + " and " + case_.claims[1]->feed + " claim it");
    }
    decision_.catalog = case_.claims[0];
    return true;
  }

  // A feed whose catalogs cannot be accepted now may know the model.
  bool why_no_catalog() {
    if (std::ranges::any_of(feeds_, [](const FeedState& feed) { return !feed.clock_trusted; })) {
      return say(Verdict::wait, Reason::clock_not_trusted);
    }
    if (std::ranges::any_of(feeds_, [](const FeedState& feed) { return !feed.current; })) {
      return say(Verdict::wait, Reason::feed_not_current);
    }
    if (std::ranges::any_of(feeds_, [](const FeedState& feed) { return !feed.asked; })) {
      return say(Verdict::wait, Reason::feed_not_asked);
    }
    return say_nothing_to_do(Reason::no_catalog);
  }

  bool find_offer() {
    const Catalog& catalog = *decision_.catalog;
    if (!catalog.updatable || catalog.method == "none") {
      return say(Verdict::none, Reason::not_updatable, catalog.no_update_reason);
    }
    installed_ = device_.intermediate ? nullptr : catalog.by_version(device_.version);
    floor_ = lowest_allowed();
    if (installed_ == nullptr) {
      if (!device_.version.empty()) offer(newest_without_conditions(floor_));
      return decision_.offer.has_value() || why_nothing_for_unknown();
    }
    offer(release_path(catalog, installed_->seq, device_.hardware, floor_));
    return decision_.offer.has_value() || why_no_offer();
  }

  // What the release that it runs asks for, and the one that it was last proven to run: what it says of itself may have
  // become older since.
  [[nodiscard]] std::int64_t lowest_allowed() const {
    std::int64_t lowest = installed_ == nullptr ? 0 : installed_->min_allowed_seq;
    const Update* proven = case_.confirmed;
    if (proven != nullptr && proven->feed == decision_.catalog->feed && proven->catalog == decision_.catalog->path) {
      const Release* ran = decision_.catalog->by_id(proven->release);
      if (ran != nullptr) lowest = std::max(lowest, ran->min_allowed_seq);
    }
    return lowest;
  }

  bool why_nothing_for_unknown() {
    const bool too_old = !device_.version.empty() && !newest_without_conditions(0).empty();
    return too_old ? say_nothing_to_do(Reason::older_than_allowed) : say_installed_unknown();
  }

  bool say_installed_unknown() {
    std::string detail = device_.version.empty() ? "" : "it runs " + device_.version;
    if (device_.intermediate) detail += ", a helper image";
    return say(Verdict::ask, Reason::installed_version_unknown, std::move(detail));
  }

  bool why_no_offer() {
    bool newer = false;
    bool fitting = false;
    bool taken_back = false;
    for (const auto& release : decision_.catalog->releases) {
      if (release.seq <= installed_->seq) continue;
      taken_back |= release.taken_back;
      if (release.images.empty()) continue;
      newer = true;
      fitting |= !images_for(release, device_.hardware).empty();
    }
    if (taken_back && !fitting) return say_nothing_to_do(Reason::taken_back);
    if (!newer) return say_nothing_to_do(Reason::up_to_date);
    if (!release_path(*decision_.catalog, installed_->seq, device_.hardware, 0).empty()) {
      return say_nothing_to_do(Reason::older_than_allowed);
    }
    if (fitting) return say_nothing_to_do(Reason::installed_is_newest_reachable);
    if (device_.hardware.empty()) return say(Verdict::ask, Reason::hardware_unknown);
    return say_nothing_to_do(Reason::no_image);
  }

  // For a device whose version the feed does not know, only a release that asks nothing of the installed one can fit.
  [[nodiscard]] std::vector<const Release*> newest_without_conditions(std::int64_t lowest) const {
    const auto& releases = decision_.catalog->releases;
    for (auto it = releases.rbegin(); it != releases.rend() && it->seq >= lowest; ++it) {
      const bool free = !it->required.from_seq_min && !it->required.from_seq_max;
      if (free && !images_for(*it, device_.hardware).empty()) return {&*it};
    }
    return {};
  }

  void offer(std::vector<const Release*> path) {
    if (path.empty()) return;
    Offer made;
    made.feed = decision_.catalog->feed;
    made.catalog = decision_.catalog->path;
    made.release = path.front();
    made.images = images_for(*path.front(), device_.hardware);
    made.path = std::move(path);
    decision_.offer = std::move(made);
  }

  bool judge_offer() {
    if (device_.standing == Standing::fresh && !policy_.accept_always) return say(Verdict::ask, Reason::new_device);
    if (decision_.catalog->method == "manual") {
      return say(Verdict::ask, Reason::by_hand_only, decision_.offer->path.back()->version + " is there");
    }
    if (installed_ == nullptr) return say_installed_unknown();
    if (const auto past = verdict_of_past(); past != Reason::none) return say(Verdict::ask, past);
    if (!dependencies_met()) return false;
    if (device_.sleepy) return say(Verdict::ask, Reason::sleeps);
    if (!power_known()) return say(Verdict::ask, Reason::power_not_known);
    if (!may_be_automatic(decision_.catalog->provenance, policy_.operator_automatic)) {
      return say(Verdict::ask, Reason::not_automatic);
    }
    if (!policy_.automatic || decision_.catalog->method == "confirm") return say(Verdict::ask, Reason::owner_decides);
    if (device_.condition != Condition::online) return say(Verdict::wait, Reason::offline);
    say(Verdict::update, Reason::update_available);
    return true;
  }

  // The owner may know better than a home in which no device of that model was found; a device that is here and too old
  // is no matter of opinion.
  bool dependencies_met() {
    for (const auto& needed : decision_.offer->release->required.components) {
      bool found = false;
      for (const auto& neighbour : case_.neighbours) {
        if (neighbour.model_id != needed.model_id) continue;
        found = true;
        if (neighbour.seq.value_or(0) >= needed.seq_min) continue;
        return say(Verdict::wait, Reason::dependency_not_met,
                   neighbour.device.to_string() + ", a " + needed.model_id + ", must be updated first");
      }
      if (!found) {
        return say(Verdict::ask, Reason::dependency_not_met,
                   "it goes with a newer " + needed.model_id + ", and none was found in this home");
      }
    }
    return true;
  }

  // The level of a battery is not asked for: what runs on one asks its owner anyway.
  [[nodiscard]] bool power_known() const {
    const Requires& required = decision_.offer->release->required;
    if (!required.mains && required.battery_min.value_or(0) == 0) return true;
    const auto power = device_.facts.find(kPowerFact);
    return power != device_.facts.end() && power->second == kMainsPower;
  }

  // An update to this very release that ended otherwise than confirmed is not repeated unasked; one that was confirmed
  // while the device again says the old version is a contradiction.
  [[nodiscard]] Reason verdict_of_past() const {
    const Update* last = case_.last;
    if (last == nullptr || last->feed != decision_.offer->feed || last->catalog != decision_.offer->catalog ||
        last->release != decision_.offer->release->id) {
      return Reason::none;
    }
    if (last->phase == Phase::cancelled && last->reason != Reason::taken_back) return Reason::cancelled_by_owner;
    return last->phase == Phase::confirmed ? Reason::contradictory : Reason::last_update_failed;
  }

  const Case& case_;
  const Device& device_;
  const std::vector<FeedState>& feeds_;
  const Policy& policy_;
  Decision decision_;
  const Release* installed_ = nullptr;  // null: not known to the catalog
  std::int64_t floor_ = 0;              // nothing of a lower seq is offered
};

// Emergencies first, then by severity, then by identity, so that two plans of the same home are the same.
bool goes_first(const Decision* a, const Decision* b) {
  const Release& left = *a->offer->release;
  const Release& right = *b->offer->release;
  if (left.emergency != right.emergency) return left.emergency;
  if (left.severity != right.severity) return left.severity > right.severity;
  return a->device < b->device;
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::none: return "none";
    case Verdict::ask: return "ask";
    case Verdict::wait: return "wait";
    case Verdict::update: return "update";
  }
  return "none";
}

std::vector<Match> own_matches(const Device& device) {
  const auto fact = [&](std::string_view name) {
    const auto found = device.facts.find(name);
    return found == device.facts.end() ? std::string() : found->second;
  };
  Match match{device.family, {}};
  switch (device.family) {
    case Family::tasmota: match.keys = {{"chip", fact("chip")}, {"image", fact("image")}}; break;
    case Family::lwm2m: match.keys = {{"manufacturer", device.manufacturer}, {"model", device.model}}; break;
  }
  if (std::ranges::any_of(match.keys, [](const auto& key) { return key.second.empty(); })) return {};
  std::vector<Match> matches{match};
  if (device.family == Family::lwm2m && !device.hardware.empty()) {
    match.keys.emplace("hw", device.hardware);
    matches.push_back(std::move(match));
  }
  return matches;
}

std::set<std::string> models_needed(const Catalog& catalog) {
  std::set<std::string> models;
  for (const auto& release : catalog.releases) {
    for (const auto& needed : release.required.components) models.insert(needed.model_id);
  }
  return models;
}

bool claims(const Catalog& catalog, const Device& device) {
  const auto own = own_matches(device);
  return std::ranges::any_of(catalog.match,
                             [&](const Match& match) { return std::ranges::find(own, match) != own.end(); });
}

std::vector<Decision> plan(const std::vector<Case>& cases, const std::vector<FeedState>& feeds, const Policy& policy,
                           unsigned under_way) {
  std::vector<Decision> decisions;
  decisions.reserve(cases.size());
  for (const auto& subject : cases) decisions.push_back(Deciding(subject, feeds, policy).decide());

  std::vector<Decision*> ready;
  for (auto& decision : decisions) {
    if (decision.verdict == Verdict::update) ready.push_back(&decision);
  }
  std::ranges::sort(ready, goes_first);
  const std::size_t free = under_way < policy.max_under_way ? policy.max_under_way - under_way : 0;
  for (std::size_t i = free; i < ready.size(); ++i) {
    ready[i]->verdict = Verdict::wait;
    ready[i]->reason = Reason::waits_for_slot;
  }
  return decisions;
}

bool may_start_by_hand(const Decision& decision) {
  if (!decision.offer) return false;
  switch (decision.verdict) {
    case Verdict::update: return true;
    case Verdict::wait: return decision.reason == Reason::waits_for_slot || decision.reason == Reason::offline;
    case Verdict::ask:
      return decision.reason != Reason::new_device && decision.reason != Reason::ambiguous_model &&
             decision.reason != Reason::by_hand_only;
    case Verdict::none: return false;
  }
  return false;
}

}  // namespace homepatch
