#include "daemon/act/updater.hpp"

#include <algorithm>

#include "base/crash_point.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/text.hpp"

namespace homepatch {

namespace {

using std::chrono::seconds;

constexpr Duration kSaveRetry = seconds(10);

// The name under which an image is served. Its stem and extension matter to Tasmota, which computes the names of its
// helpers from them: no dash or dot but those that the rule expects (reference: Tasmota's support_command).
std::string served_name(const Image& image, const Image& running, const Device& device) {
  const std::string extension = image.target.ends_with(".gz") ? ".bin.gz" : ".bin";
  if (device.family != Family::tasmota) return "image" + extension;
  const auto found = device.facts.find("image");
  const std::string stem =
      found == device.facts.end() ? "tasmota" : found->second.substr(0, found->second.find_first_of("-."));
  return &image == &running ? stem + extension : stem + "-" + image.component + extension;
}

constexpr std::size_t kTokenBytes = 16;

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
  update.reason = Reason::waits_for_slot;
  update.created = update.phase_since = loop_.now();
  update.id = TRY(store_.add(update));
  crash_point("update.added");

  const UpdateId id = update.id;
  running_.insert_or_assign(update.device, id);
  const auto& kept = updates_.emplace(id, std::move(update)).first->second;
  work_[id];
  if (listeners_.changed) listeners_.changed(kept);
  slots_timer_ = loop_.after(Duration::zero(), [this] { look_for_slots(); });
  return id;
}

Status Updater::cancel(UpdateId id, std::string by) {
  const Update* update = find(id);
  if (update == nullptr || is_terminal(update->phase)) return fail(Errc::not_found, "no such update is under way");
  apply(id, CancelAsked{std::move(by)});
  if (!is_terminal(find(id)->phase)) {
    return fail(Errc::busy, "the device is installing the image; it can no longer be stopped");
  }
  return {};
}

void Updater::on_spoke(const DeviceId& device, const DeviceSpoke& spoke) {
  const auto found = running_.find(device);
  if (found != running_.end()) apply(found->second, spoke);
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
  if (const Update* update = running(device)) TRY(cancel(update->id, "its device was forgotten"));
  TRY(store_.forget(device));
  std::erase_if(work_, [&](const auto& entry) { return updates_.at(entry.first).device == device; });
  std::erase_if(updates_, [&](const auto& entry) { return entry.second.device == device; });
  return {};
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

Progress Updater::progress(UpdateId id) const {
  const auto found = work_.find(id);
  return found == work_.end() ? Progress{} : found->second.progress;
}

unsigned Updater::under_way() const {
  return static_cast<unsigned>(
      std::ranges::count_if(running_, [&](const auto& entry) { return holds_slot(updates_.at(entry.second).phase); }));
}

// The one place where an update changes: react, save, then act.
void Updater::apply(UpdateId id, const UpdateEvent& event) {
  const auto found = updates_.find(id);
  if (found == updates_.end()) return;
  Reaction reaction = react(found->second, event, rules_, loop_.now());
  if (reaction.save && !save(reaction.next)) {
    // Nothing was done yet, so the same event can come again when the disk takes it.
    work_[id].command = loop_.after(kSaveRetry, [this, id, event] { apply(id, event); });
    return;
  }
  const bool changed_phase = found->second.phase != reaction.next.phase;
  found->second = std::move(reaction.next);
  const Update& now = found->second;
  if (changed_phase) {
    log::info("update {} of {} to {}: {}{}{}", id, now.device.to_string(), printable(now.to_version),
              to_string(now.phase), now.detail.empty() ? "" : ": ", printable(now.detail));
    if (is_terminal(now.phase)) running_.erase(now.device);
    crash_point("update.saved." + std::string(to_string(now.phase)));
  }
  schedule(id);
  act(id, reaction.command, std::holds_alternative<Resume>(event));
  if (listeners_.changed && (changed_phase || reaction.save)) listeners_.changed(now);
  if (changed_phase) slots_timer_ = loop_.after(Duration::zero(), [this] { look_for_slots(); });
}

bool Updater::save(const Update& next) {
  if (auto saved = store_.save(next); !saved) {
    log::error("{}; update {} waits until it can be written", saved.error().text, next.id);
    return false;
  }
  return true;
}

void Updater::schedule(UpdateId id) {
  const Update& update = updates_.at(id);
  Work& work = work_[id];
  work.due.cancel();
  if (!update.next_step || is_terminal(update.phase)) return;
  work.due = loop_.after(*update.next_step - loop_.now(), [this, id] {
    if (updates_.at(id).phase == Phase::waiting) {
      look_for_slots();
    } else {
      apply(id, Due{});
    }
  });
}

void Updater::act(UpdateId id, Command command, bool resumed) {
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
  handle = ports_.deliveries.at(update.family)->begin(work_order, [this, id](const DeliveryReport& report) {
    on_report(id, report);
  });
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
  const bool over = is_terminal(update.phase);
  const Device* device = ports_.device(update.device);
  if (device == nullptr) {
    if (over) work.command = loop_.after(Duration::zero(), [this, id] { apply(id, Settled{}); });
    return;
  }
  DeliveryJob order = job(update, *device, Command::settle);
  work.outlet.reset();
  if (over) work.hold.reset();
  work.delivery = ports_.deliveries.at(update.family)->begin(order, [this, id](const DeliveryReport& report) {
    on_report(id, report);
  });
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
  const Update* update = find(id);
  if (update == nullptr || !is_terminal(update->phase) || !update->settled) return;
  // The handle whose report this is must not be destroyed inside it.
  work_[id].command = loop_.after(Duration::zero(), [this, id] {
    const DeviceId device = updates_.at(id).device;
    work_.erase(id);
    if (auto done = store_.trim(device); !done) log::warning("{}, ignoring", done.error().text);
  });
}

void Updater::on_progress(UpdateId id, Progress progress) {
  work_[id].progress = progress;
  apply(id, Stirred{});
  if (listeners_.progress) listeners_.progress(id, progress);
}

bool Updater::may_begin(const Update& update) const {
  if (update.phase != Phase::waiting) return false;
  if (update.next_step && loop_.now() < *update.next_step) return false;
  const Device* device = ports_.device(update.device);
  return device != nullptr && device->condition == Condition::online;
}

void Updater::look_for_slots() {
  unsigned busy = under_way();
  if (busy >= max_under_way_) return;
  std::vector<UpdateId> ready;
  for (const auto& [device, id] : running_) {
    if (may_begin(updates_.at(id))) ready.push_back(id);
  }
  std::ranges::sort(ready);
  for (const UpdateId id : ready) {
    if (busy++ >= max_under_way_) return;
    apply(id, SlotFree{});
  }
}

}  // namespace homepatch
