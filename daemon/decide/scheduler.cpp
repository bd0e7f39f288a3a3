#include "daemon/decide/scheduler.hpp"

#include <fmt/format.h>

#include "base/log.hpp"

namespace homepatch {

namespace {

constexpr Duration kCollect = std::chrono::milliseconds(100);

// Of the catalog what is shown of each device that it speaks of.
std::string catalog_facts(const Catalog& catalog) {
  return fmt::format(" {} {} {} {} {}", catalog.path, catalog.updatable, catalog.method,
                     catalog.support ? catalog.support->end : "", catalog.support ? catalog.support->kind : "");
}

}  // namespace

void Scheduler::replan() {
  if (!timer_.armed()) timer_ = loop_.after(kCollect, [this] { run(); });
}

Case Scheduler::case_of(const Device& device) const {
  Case made;
  made.device = &device;
  made.claims = shelf_.claiming(device);
  made.running = updater_.running(device.id);
  made.last = updater_.newest_finished(device.id);
  made.confirmed = updater_.newest_confirmed(device.id);
  for (const Catalog* catalog : made.claims) {
    if (const auto needed = models_needed(*catalog); !needed.empty()) add_neighbours(made, *catalog, needed);
  }
  return made;
}

void Scheduler::add_neighbours(Case& to, const Catalog& catalog, const std::set<std::string>& models) const {
  for (const auto& [id, device] : inventory_.devices()) {
    for (const Catalog* own : shelf_.claiming(device)) {
      if (own->feed != catalog.feed || own->vendor_id != catalog.vendor_id || !models.contains(own->model_id)) continue;
      const Release* runs = device.intermediate ? nullptr : own->by_version(device.version);
      to.neighbours.push_back({id, own->model_id, runs == nullptr ? std::nullopt : std::optional(runs->seq)});
    }
  }
}

Decision Scheduler::decide(const Device& device) const {
  return std::move(plan({case_of(device)}, shelf_.states(), policy_, updater_.under_way()).front());
}

std::vector<Decision> Scheduler::decide_all() const {
  std::vector<Case> cases;
  cases.reserve(inventory_.devices().size());
  for (const auto& [id, device] : inventory_.devices()) cases.push_back(case_of(device));
  return plan(cases, shelf_.states(), policy_, updater_.under_way());
}

void Scheduler::run() {
  timer_.cancel();
  // Decisions point into the updates, which starting one changes: first all decisions, then, one by one, the starts.
  const auto decisions = decide_all();
  std::erase_if(known_, [&](const auto& entry) { return inventory_.find(entry.first) == nullptr; });
  for (const auto& decision : decisions) {
    note(decision);
    if (decision.verdict != Verdict::update) continue;
    const Device* device = inventory_.find(decision.device);
    if (auto started = start(*device, *decision.offer, "policy"); !started && started.error().code != Errc::busy) {
      log::warning("starting the update of {}: {}", decision.device.to_string(), started.error().text);
    }
  }
}

void Scheduler::note(const Decision& decision) {
  std::string said = fmt::format("{} {} {}{}", to_string(decision.verdict), to_string(decision.reason),
                                 decision.offer ? decision.offer->path.back()->version : "",
                                 decision.catalog == nullptr ? "" : catalog_facts(*decision.catalog));
  auto& before = known_[decision.device];
  if (before == said) return;
  before = std::move(said);
  if (changed_) changed_(decision.device);
}

Result<UpdateId> Scheduler::start_by_hand(const DeviceId& id, std::string asked_by) {
  const Device* device = inventory_.find(id);
  if (device == nullptr) return fail(Errc::not_found, "there is no device " + id.to_string());
  const Decision decision = decide(*device);
  if (decision.reason == Reason::update_running)
    return fail(Errc::already_exists, std::string(sentence(decision.reason)));
  if (!may_start_by_hand(decision)) {
    const bool nothing = decision.verdict == Verdict::none;
    return fail(nothing ? Errc::nothing_to_do : Errc::invalid_argument, std::string(sentence(decision.reason)));
  }
  return start(*device, *decision.offer, std::move(asked_by));
}

// The device first: an update whose device a crash took away would have nobody to speak to.
Result<UpdateId> Scheduler::start(const Device& device, const Offer& offer, std::string asked_by) {
  TRY(inventory_.keep(device.id));
  return updater_.start(device, offer, std::move(asked_by));
}

}  // namespace homepatch
