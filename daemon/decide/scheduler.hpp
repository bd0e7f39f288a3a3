// Asks the planner whenever something changed that a decision depends on, starts what the decisions allow, and keeps
// the decisions for those who show them (plan, explain). Holds no state that must outlive a crash: the same devices,
// catalogs and updates give the same decisions (I9).
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/loop.hpp"
#include "core/planner.hpp"
#include "daemon/act/updater.hpp"
#include "daemon/fetch/catalog_shelf.hpp"
#include "daemon/find/inventory.hpp"

namespace homepatch {

class Scheduler {
 public:
  Scheduler(Loop& loop, Inventory& inventory, const CatalogShelf& shelf, Updater& updater, Policy policy)
      : loop_(loop), inventory_(inventory), shelf_(shelf), updater_(updater), policy_(policy) {}

  // Called with the devices whose decision became another one.
  void listen(std::function<void(const DeviceId&)> changed) { changed_ = std::move(changed); }

  // Something changed: plan on a later turn, many changes at once.
  void replan();

  // The decision for one device, made now. Its pointers live until the shelf or the updates change.
  [[nodiscard]] Decision decide(const Device& device) const;
  [[nodiscard]] std::vector<Decision> decide_all() const;

  // An administrator's wish. not_found; Errc::invalid_argument with the reason when there is nothing to install or it
  // may not be installed.
  Result<UpdateId> start_by_hand(const DeviceId& id, std::string asked_by);

 private:
  void run();
  Result<UpdateId> start(const Device& device, const Offer& offer, std::string asked_by);
  [[nodiscard]] Case case_of(const Device& device) const;
  void add_neighbours(Case& to, const Catalog& catalog, const std::set<std::string>& models) const;
  void note(const Decision& decision);

  Loop& loop_;
  Inventory& inventory_;
  const CatalogShelf& shelf_;
  Updater& updater_;
  Policy policy_;
  std::function<void(const DeviceId&)> changed_;
  std::map<DeviceId, std::string> known_;  // what was last said of each device, to tell what changed
  Timer timer_;
};

}  // namespace homepatch
