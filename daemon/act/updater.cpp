#include "daemon/act/updater.hpp"

#include <algorithm>

#include "base/crash_point.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "daemon/act/served_name.hpp"

namespace homepatch {

namespace {

using std::chrono::seconds;

constexpr Duration kSaveRetry = seconds(10);
// Smaller ones are the slow steering of network time.
constexpr Duration kClockJump = seconds(1);
// How often it is looked whether a device can be heard again.
constexpr Duration kListenAgain = seconds(10);
// Every family ends its settling by itself well before, where the way to the device is open.
constexpr Duration kFarewellLimit = std::chrono::minutes(5);

constexpr std::size_t kTokenBytes = 16;

// What a crash point after the save is called.
std::string_view saved_step(const Update& before, const Update& next) {
  if (next.phase != before.phase) return to_string(next.phase);
  if (next.settled && !before.settled) return "settled";
  if (next.rechecking && !before.rechecking) return "rechecking";
  if (next.restarted && !before.restarted) return "restarted";
  return "again";
}

}  // namespace

Status Updater::load() {
  for (auto& update : TRY(store_.load_all())) {
    const UpdateId id = update.id;
    const bool over = is_terminal(update.phase) && update.settled;
    if (!is_terminal(update.phase)) running_.insert_or_assign(update.device, id);
    updates_.emplace(id, std::move(update));
    if (over) continue;
    work_[id].command = loop_.after(Duration::zero(), [this, id] { apply(id, Resume{}); });
  }
  slots_timer_ = loop_.after(Duration::zero(), [this] { look_for_slots(); });
  return {};
}

Result<UpdateId> Updater::start(const Device& device, const Offer& offer, std::string asked_by) {
  if (running(device.id) != nullptr) {
    return fail(Errc::already_exists, "an update of " + device.id.to_string() + " is under way");
  }
  if (is_put_back(device.id)) {
    return fail(Errc::busy, "what its last update changed is still being put back; it can begin when that is done");
  }
  if (running_.size() >= kMaxWaiting) return fail(Errc::busy, "too many updates wait already");
  Update update(device.id, device.family);
  update.feed = offer.feed;
  update.catalog = offer.catalog;
  update.release = offer.release->id;
  update.from_version = device.version;
  update.to_version = offer.release->version;
  for (const Image* image : offer.images) {
    update.images.push_back(UpdateImage{image->component, image->target,
                                        served_name(*image, *offer.images.front(), device), image->length,
                                        image->sha256});
  }
  update.token = random_token(kTokenBytes);
  update.asked_by = std::move(asked_by);
  update.reason = within_reach(update) ? Reason::waits_for_slot : Reason::offline;
  update.created = update.phase_since = loop_.now();
  update.next_step = update.created + kLookAgain;
  update.id = TRY(store_.add(update));
  crash_point("update.added");

  const UpdateId id = update.id;
  running_.insert_or_assign(update.device, id);
  const auto& kept = updates_.emplace(id, std::move(update)).first->second;
  work_[id];
  schedule(id);
  if (listeners_.changed) listeners_.changed(kept);
  slots_timer_ = loop_.after(Duration::zero(), [this] { look_for_slots(); });
  return id;
}

// Who puts back what the last update changed must not find what the next one changed.
bool Updater::is_put_back(const DeviceId& device) const {
  return std::ranges::any_of(farewells_, [&](const auto& entry) { return entry.second.device == device; }) ||
         std::ranges::any_of(work_, [&](const auto& entry) {
           return entry.second.delivery && updates_.at(entry.first).device == device;
         });
}

Status Updater::cancel(UpdateId id, std::string by) { return end(id, CancelAsked{std::move(by)}); }

Status Updater::take_back(UpdateId id, std::string by) { return end(id, TakenBack{std::move(by)}); }

Status Updater::end(UpdateId id, const UpdateEvent& event) {
  const Update* update = find(id);
  if (update == nullptr || is_terminal(update->phase)) return fail(Errc::not_found, "no such update is under way");
  apply(id, event);
  if (!is_terminal(update->phase) && !work_[id].unsaved.empty()) {
    return fail(Errc::no_space,
                "this cannot be written down now; the update is cancelled as soon as the disk takes it");
  }
  if (!is_terminal(update->phase)) {
    return fail(Errc::busy, "the device is installing the image; it can no longer be stopped");
  }
  return {};
}

void Updater::on_spoke(const DeviceId& device, const DeviceSpoke& spoke) {
  const auto found = running_.find(device);
  if (found == running_.end()) return;
  const UpdateId id = found->second;
  apply(id, spoke);
  const bool whole_again = spoke.version && !spoke.intermediate;
  if (whole_again && work_[id].owes_settling && updates_.at(id).phase == Phase::waiting) settle(id);
}

void Updater::on_device_changed(const Device& device) {
  if (const Update* update = running(device.id)) {
    if (const auto& outlet = work_[update->id].outlet; outlet && !device.address.empty())
      outlet->give_to(device.address);
  }
  look_for_slots();
}

void Updater::on_image_lost(const Digest& digest) {
  std::vector<UpdateId> serving;
  for (const auto& [id, work] : work_) {
    const auto& images = updates_.at(id).images;
    if (work.outlet && std::ranges::find(images, digest, &UpdateImage::sha256) != images.end()) serving.push_back(id);
  }
  for (const UpdateId id : serving) {
    apply(id, ImagesFailed{Reason::image_not_available, true,
                           "image " + digest.brief() + " went bad in the cache; it is fetched again", std::nullopt});
    const auto work = work_.find(id);
    if (work == work_.end() || !work->second.outlet) continue;
    // The device has the image already, or the change cannot be saved now: nobody reads on all the same.
    work->second.delivery.reset();
    work->second.outlet.reset();
  }
}

Status Updater::forget(const DeviceId& device) {
  if (const Update* update = running(device)) TRY(cancel(update->id, "whoever had the device forgotten"));
  TRY(store_.forget(device));
  for (auto& [id, work] : work_) {
    const Update& update = updates_.at(id);
    if (update.device != device || update.settled || !work.delivery) continue;
    const auto over = [this, gone = id] { farewells_.erase(gone); };
    farewells_.emplace(id, Farewell{device, std::move(work.delivery), loop_.after(kFarewellLimit, over)});
  }
  std::vector<UpdateId> its;
  for (const auto& [id, update] : updates_) {
    if (update.device == device) its.push_back(id);
  }
  for (const UpdateId id : its) drop(id);
  return {};
}

void Updater::drop(UpdateId id) {
  work_.erase(id);
  updates_.erase(id);
  if (listeners_.dropped) listeners_.dropped(id);
}

// What is shown is what a restart would show.
void Updater::trim(const DeviceId& device) {
  const auto trimmed = store_.trim(device);
  if (!trimmed) return log::warning("{}, ignoring", trimmed.error().text);
  for (const UpdateId id : *trimmed) drop(id);
}

const Update* Updater::find(UpdateId id) const {
  const auto found = updates_.find(id);
  return found == updates_.end() ? nullptr : &found->second;
}

const Update* Updater::running(const DeviceId& device) const {
  const auto found = running_.find(device);
  return found == running_.end() ? nullptr : find(found->second);
}

const Update* Updater::newest_finished(const DeviceId& device) const {
  for (auto it = updates_.rbegin(); it != updates_.rend(); ++it) {
    if (it->second.device == device && is_terminal(it->second.phase)) return &it->second;
  }
  return nullptr;
}

const Update* Updater::newest_confirmed(const DeviceId& device) const {
  for (auto it = updates_.rbegin(); it != updates_.rend(); ++it) {
    if (it->second.device == device && it->second.phase == Phase::confirmed) return &it->second;
  }
  return nullptr;
}

Progress Updater::progress(UpdateId id) const {
  const auto found = work_.find(id);
  return found == work_.end() ? Progress{} : found->second.progress;
}

unsigned Updater::under_way() const {
  return static_cast<unsigned>(std::ranges::count_if(running_, [&](const auto& entry) {
    const Update& update = updates_.at(entry.second);
    return holds_slot(update.phase) && !is_unheard(update);
  }));
}

// The device has the image, and nobody can ask it or hear it: its silence proves nothing (I11). With its protocol in
// the configuration again, and the way to it open, the phase begins anew.
bool Updater::is_unheard(const Update& update) const {
  if (update.phase != Phase::installing && update.phase != Phase::confirming) return false;
  const Delivery* delivery = delivery_for(update);
  return delivery == nullptr || !delivery->listens();
}

void Updater::apply(UpdateId id, const UpdateEvent& event) {
  if (!updates_.contains(id)) return;
  follow_clock();
  const Happened happened{event, loop_.now()};
  if (!work_[id].unsaved.empty() || !take(id, happened)) keep(id, happened);
}

// The one place where an update changes: react, save, then act. False: it could not be saved and nothing was done.
bool Updater::take(UpdateId id, const Happened& happened) {
  Update& now = updates_.at(id);
  Reaction reaction = react(now, happened.event, rules_, happened.at);
  if (reaction.save) {
    if (auto saved = store_.save(reaction.next); !saved) {
      log::error("{}; update {} waits until it can be written", saved.error().text, id);
      return false;
    }
    crash_point("update.saved." + std::string(saved_step(now, reaction.next)));
  }
  const bool changed_phase = now.phase != reaction.next.phase;
  const bool settled = reaction.next.settled && !now.settled;
  if (changed_phase) work_[id].unheard = false;
  now = std::move(reaction.next);
  if (changed_phase) {
    log::info("update {} of {} to {}: {}{}{}", id, now.device.to_string(), printable(now.to_version),
              to_string(now.phase), now.detail.empty() ? "" : ": ", printable(now.detail));
    if (is_terminal(now.phase)) running_.erase(now.device);
  }
  schedule(id);
  act(id, reaction.command, std::holds_alternative<Resume>(happened.event));
  if (settled) work_is_over(id);
  if (listeners_.changed && (changed_phase || reaction.save)) listeners_.changed(now);
  if (changed_phase) slots_timer_ = loop_.after(Duration::zero(), [this] { look_for_slots(); });
  return true;
}

void Updater::keep(UpdateId id, const Happened& happened) {
  Work& work = work_[id];
  work.unsaved.keep(happened);
  if (!work.save_retry.armed()) work.save_retry = loop_.after(kSaveRetry, [this, id] { retry(id); });
}

void Updater::retry(UpdateId id) {
  Work& work = work_[id];
  work.save_retry.cancel();
  while (!work.unsaved.empty()) {
    if (!take(id, Happened(work.unsaved.first()))) {
      work.save_retry = loop_.after(kSaveRetry, [this, id] { retry(id); });
      return;
    }
    work.unsaved.drop_first();
  }
}

// The handle whose report this is must not be destroyed inside it.
void Updater::work_is_over(UpdateId id) {
  work_[id].command = loop_.after(Duration::zero(), [this, id] {
    const DeviceId device = updates_.at(id).device;
    work_.erase(id);
    trim(device);
  });
}

// Timers do not notice a jump of the wall clock, so neither may the dates that they stand for. A jump back needs
// nothing here: within a run the daemon's loop has none, and react() finds out the others.
void Updater::follow_clock() {
  const Duration jump = ahead_of(loop_) - ahead_;
  if (jump < kClockJump && jump > -kClockJump) return;
  ahead_ += jump;
  if (jump < Duration::zero()) return;
  for (const auto& [device, id] : running_) {
    Update& update = updates_.at(id);
    update = react(update, ClockJumped{jump}, rules_, loop_.now()).next;
    if (listeners_.changed) listeners_.changed(update);
  }
}

void Updater::schedule(UpdateId id) {
  const Update& update = updates_.at(id);
  Work& work = work_[id];
  work.due.cancel();
  if (!update.next_step || is_terminal(update.phase)) return;
  work.due = loop_.after(*update.next_step - loop_.now(), [this, id] { on_due(id); });
}

void Updater::on_due(UpdateId id) {
  if (updates_.at(id).phase == Phase::waiting) look_for_slots();
  Work& work = work_[id];
  if (Update& update = updates_.at(id); is_unheard(update)) {
    // For people only, and not saved: a start finds out by itself.
    update.reason = Reason::offline;
    update.next_step = loop_.now() + kListenAgain;
    schedule(id);
    if (!std::exchange(work.unheard, true) && listeners_.changed) listeners_.changed(update);
  } else if (std::exchange(work.unheard, false)) {
    apply(id, Resume{});
  } else {
    apply(id, Due{!within_reach(updates_.at(id))});
  }
}

void Updater::act(UpdateId id, Command command, bool resumed) {
  if (resumed) work_[id].inquiry.reset();
  switch (command) {
    case Command::none: break;
    case Command::fetch: fetch(id); break;
    case Command::transfer:
    case Command::install:
    case Command::inquire: deliver(id, command, resumed); break;
    case Command::settle: settle(id); break;
  }
}

void Updater::fetch(UpdateId id) {
  Work& work = work_[id];
  work.hold = ports_.images->bring(updates_.at(id), [this, id](Result<void> done, ImagesFailed failed) {
    if (done) {
      apply(id, ImagesReady{});
    } else {
      failed.text = done.error().text;
      apply(id, failed);
    }
  });
}

// After a restart the images are held again first, before the device hears of them.
void Updater::deliver(UpdateId id, Command step, bool resumed) {
  Work& work = work_[id];
  Delivery* delivery = delivery_for(updates_.at(id));
  if (delivery == nullptr) {
    const DeliveryFailed failed{Reason::offline, true, false, "its protocol is switched off in the configuration"};
    if (step == Command::inquire) return;
    work.command = loop_.after(Duration::zero(), [this, id, failed] { apply(id, failed); });
    return;
  }
  if (step != Command::inquire && !work.hold) {
    work.hold =
        ports_.images->bring(updates_.at(id), [this, id, step, resumed](const Result<void>& done, ImagesFailed failed) {
          if (done) {
            deliver(id, step, resumed);
          } else {
            failed.text = done.error().text;
            apply(id, failed);
          }
        });
    return;
  }
  Update& update = updates_.at(id);
  const Device* device = ports_.device(update.device);
  if (device == nullptr) return;
  if (step != Command::inquire && !work.outlet) {
    if (auto opened = open_outlet(update, *device); !opened) {
      // Not the device's failure (I11); tried again from here.
      const DeliveryFailed failed{Reason::image_not_available, true, false, opened.error().text};
      work.command = loop_.after(Duration::zero(), [this, id, failed] { apply(id, failed); });
      return;
    }
  }
  DeliveryJob work_order = job(update, *device, step);
  work_order.resumed = resumed;
  auto& handle = step == Command::inquire ? work.inquiry : work.delivery;
  handle.reset();
  handle = delivery->begin(work_order, [this, id](const DeliveryReport& report) { on_report(id, report); });
}

Status Updater::open_outlet(Update& update, const Device& device) {
  const UpdateId id = update.id;
  Images::Fetching fetching;
  fetching.progress = [this, id](Progress progress) { on_progress(id, progress); };
  fetching.complete = [this, id] { apply(id, Transferred{}); };
  work_[id].outlet = TRY(ports_.images->open(update, device.address, std::move(fetching)));
  return {};
}

DeliveryJob Updater::job(const Update& update, const Device& device, Command step) const {
  DeliveryJob order(update.device, update.family);
  order.update = update.id;
  order.step = step;
  order.intermediate = device.intermediate;
  order.address = device.address;
  order.facts = device.facts;
  order.from_version = update.from_version;
  order.to_version = update.to_version;
  if (const auto found = work_.find(update.id); found != work_.end() && found->second.outlet) {
    order.images = found->second.outlet->images;
    order.url = found->second.outlet->url;
  }
  return order;
}

void Updater::settle(UpdateId id) {
  Update& update = updates_.at(id);
  Work& work = work_[id];
  work.delivery.reset();
  work.inquiry.reset();
  work.owes_settling = false;
  const bool over = is_terminal(update.phase);
  const Device* device = ports_.device(update.device);
  if (device == nullptr) {
    if (over) work.command = loop_.after(Duration::zero(), [this, id] { apply(id, Settled{}); });
    return;
  }
  // A helper image reads the place of the real one from the device's settings, and fetches it there by itself.
  work.owes_settling = !over && device->intermediate;
  if (work.owes_settling) return;
  DeliveryJob order = job(update, *device, Command::settle);
  work.outlet.reset();
  if (over) work.hold.reset();
  // Without its protocol it stays unsettled, until a start at which that is switched on again.
  if (Delivery* delivery = delivery_for(update)) {
    work.delivery = delivery->begin(order, [this, id](const DeliveryReport& report) { on_report(id, report); });
  }
}

void Updater::on_report(UpdateId id, const DeliveryReport& report) {
  if (const auto* progress = std::get_if<Progress>(&report)) {
    on_progress(id, *progress);
    return;
  }
  std::visit(
      [&](const auto& said) {
        using Said = std::decay_t<decltype(said)>;
        if constexpr (!std::is_same_v<Said, Progress>) apply(id, said);
      },
      report);
  const auto leaving = farewells_.find(id);
  if (leaving != farewells_.end()) {
    leaving->second.end = loop_.after(Duration::zero(), [this, id] { farewells_.erase(id); });
  }
}

void Updater::on_progress(UpdateId id, Progress progress) {
  work_[id].progress = progress;
  apply(id, Stirred{});
  if (listeners_.progress) listeners_.progress(id, progress);
}

bool Updater::within_reach(const Update& update) const {
  const Device* device = ports_.device(update.device);
  return device != nullptr && device->condition == Condition::online && delivery_for(update) != nullptr;
}

// Null: its protocol is switched off in the configuration.
Delivery* Updater::delivery_for(const Update& update) const {
  const auto found = ports_.deliveries.find(update.family);
  return found == ports_.deliveries.end() ? nullptr : found->second;
}

void Updater::look_for_slots() {
  follow_clock();
  unsigned busy = under_way();
  if (busy >= max_under_way_) return;
  std::vector<UpdateId> ready;
  for (const auto& [device, id] : running_) {
    const Update& update = updates_.at(id);
    if (is_ready(update, loop_.now()) && within_reach(update) && work_[id].unsaved.empty()) ready.push_back(id);
  }
  std::ranges::sort(ready);
  for (const UpdateId id : ready) {
    if (busy++ >= max_under_way_) return;
    apply(id, SlotFree{});
  }
}

}  // namespace homepatch
