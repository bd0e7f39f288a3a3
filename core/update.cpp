#include "core/update.hpp"

#include <algorithm>

namespace homepatch {

namespace {

using namespace std::chrono_literals;

constexpr Duration kLongestRetry = 24h;

// Signs of a restart that come closer together than this are of one boot: Tasmota's INFO1, INFO2 and INFO3 each tell of
// it, and the broker's word that the device was gone comes just before them.
constexpr Duration kSameBoot = 15s;

// One step of the machine: the event's effect on a copy of the update.
class Step {
 public:
  Step(const Update& update, const UpdateRules& rules, Time now) : rules_(rules), now_(now), out_{update} {
    follow_clock();
  }

  void take(const UpdateEvent& event) {
    std::visit([this](const auto& e) { on(e); }, event);
  }

  Reaction result() && { return std::move(out_); }

 private:
  Update& u() { return out_.next; }
  [[nodiscard]] const Update& u() const { return out_.next; }
  [[nodiscard]] Phase phase() const { return u().phase; }

  // The system clock was set back (many gateways start in 1970): dates of the old reckoning would not come for years,
  // and all evidence would seem older than the phase. The phase, or the question in it, begins anew.
  void follow_clock() {
    if (is_terminal(phase()) || now_ >= u().phase_since) return;
    Duration whole = u().next_step.value_or(now_) - u().phase_since;
    if (u().rechecking) whole = rules_.recheck_limit;
    if (waits_openly(u())) whole = kLookAgain;
    if (u().next_step) u().next_step = now_ + whole;
    u().phase_since = now_;
  }

  // The one place where a phase changes, with all that follows from it.
  void enter(Phase phase, Reason reason, std::optional<Duration> limit, Command command) {
    if (++u().transitions > kMaxTransitions && !is_terminal(phase)) {
      finish(Phase::failed, Reason::too_many_steps, "");
      return;
    }
    u().phase = phase;
    u().reason = reason;
    u().phase_since = now_;
    u().restarted = false;
    u().rechecking = false;
    u().next_step = limit ? std::optional<Time>(now_ + *limit) : std::nullopt;
    out_.command = command;
    out_.save = true;
  }

  void finish(Phase phase, Reason reason, std::string detail) {
    u().detail = std::move(detail);
    enter(phase, reason, std::nullopt, Command::settle);
  }

  // The command that carries the present phase, for those who come (back) to it.
  [[nodiscard]] Command command_of_phase() const {
    switch (phase()) {
      case Phase::waiting: return u().attempts + u().gateway_failures > 0 ? Command::settle : Command::none;
      case Phase::fetching: return Command::fetch;
      case Phase::transferring: return Command::transfer;
      case Phase::installing: return Command::install;
      case Phase::confirming: return Command::inquire;
      case Phase::confirmed:
      case Phase::failed:
      case Phase::fell_back:
      case Phase::lost:
      case Phase::cancelled: return u().settled ? Command::none : Command::settle;
    }
    return Command::none;
  }

  // How long the present phase may take; nothing for those that do not end by time alone.
  [[nodiscard]] std::optional<Duration> limit_of_phase() const {
    if (phase() == Phase::fetching) return rules_.fetch_limit;
    if (phase() == Phase::transferring) return rules_.transfer_stall;
    if (phase() == Phase::installing) return rules_.install_limit;
    if (phase() == Phase::confirming) return rules_.soak;
    return std::nullopt;
  }

  // The stall limit starts anew, but the transfer as a whole has an end: a device that takes a byte now and then does
  // not hold its slot for ever (I5).
  void extend_transfer() {
    u().next_step = std::min(now_ + rules_.transfer_stall, u().phase_since + rules_.transfer_limit);
  }

  // An attempt is over without the device having installed anything: again later, or the end. What is the gateway's or
  // the feed's failure has a count of its own (I11).
  void attempt_failed(Reason reason, bool may_retry, bool counts, std::string detail) {
    const unsigned failures = counts ? ++u().attempts : ++u().gateway_failures;
    if (!may_retry || failures >= (counts ? rules_.max_attempts : rules_.max_gateway_failures)) {
      finish(Phase::failed, reason, std::move(detail));
      return;
    }
    u().detail = std::move(detail);
    const unsigned doublings = std::min(failures - 1, 16U);
    enter(Phase::waiting, reason, std::min<Duration>(rules_.retry_base * (1LL << doublings), kLongestRetry),
          Command::settle);
  }

  // The gateway said itself when it goes on. Nobody failed, so nothing is counted; the bound on transitions ends it.
  void wait_until(Time when, Reason reason, std::string detail) {
    u().detail = std::move(detail);
    enter(Phase::waiting, reason, std::min<Duration>(when - now_, kLongestRetry), Command::settle);
  }

  // What the device did while nobody listened is not known: the phase begins anew, with its whole time.
  void on(const Resume&) {
    out_.command = command_of_phase();
    // Not saved: the date of a mere look is made anew at each start.
    if (waits_openly(u()) && u().next_step.value_or(now_) <= now_) u().next_step = now_ + kLookAgain;
    const auto limit = limit_of_phase();
    if (!limit) return;
    u().phase_since = now_;
    u().reason = Reason::none;
    u().rechecking = false;
    u().next_step = now_ + *limit;
    out_.save = true;
  }

  void on(const SlotFree&) {
    if (!is_ready(u(), now_)) return;
    u().detail.clear();
    enter(Phase::fetching, Reason::none, rules_.fetch_limit, Command::fetch);
  }

  void on(const ImagesReady&) {
    if (phase() != Phase::fetching) return;
    enter(Phase::transferring, Reason::none, rules_.transfer_stall, Command::transfer);
  }

  // After fetching, too: images are held again after a restart, and the flash may lose one that is being served.
  void on(const ImagesFailed& e) {
    if (phase() != Phase::fetching && !is_delivered()) return;
    if (e.may_retry && e.not_before && *e.not_before > now_) {
      wait_until(*e.not_before, e.reason, e.text);
    } else {
      attempt_failed(e.reason, e.may_retry, false, e.text);
    }
  }

  void on(const Transferred&) {
    if (phase() != Phase::transferring) return;
    enter(Phase::installing, Reason::none, rules_.install_limit, Command::install);
  }

  void on(const Installing&) {
    // The device took the command: its time to come back counts from here.
    if (phase() == Phase::installing && !u().rechecking) u().next_step = now_ + rules_.install_limit;
  }

  void on(const DeliveryFailed& e) {
    if (u().rechecking && e.not_before) {
      ask_later(*e.not_before, e.reason);
    } else if (is_delivered()) {
      if (e.not_before) return wait_until(*e.not_before, e.reason, e.text);
      attempt_failed(e.reason, e.may_retry, e.counts, e.text);
    }
  }

  // Once the device has restarted to install, its own word decides: an unanswered command says nothing any more.
  [[nodiscard]] bool is_delivered() const {
    return phase() == Phase::transferring || (phase() == Phase::installing && !u().restarted);
  }

  // It sleeps and cannot be asked now: it is asked when it wakes, at the latest then.
  void ask_later(Time when, Reason reason) {
    u().rechecking = false;
    u().reason = reason;
    u().next_step = std::max(now_ + rules_.recheck_limit, std::min(when, now_ + kLongestRetry));
    out_.save = true;
  }

  // It has waited for the device's word, and here it is.
  void wake() {
    u().reason = phase() == Phase::waiting ? Reason::waits_for_slot : Reason::none;
    if (phase() == Phase::waiting) {
      u().next_step = now_;
      out_.save = true;
    } else {
      time_is_up();
    }
  }

  void on(const Stirred&) {
    if (phase() == Phase::transferring) extend_transfer();
  }

  // Deadlines are spans of the device's life, not dates of a clock that was wrong.
  void on(const ClockJumped& e) {
    if (is_terminal(phase())) return;
    u().phase_since += e.by;
    if (u().next_step) *u().next_step += e.by;
  }

  void on(const Due& e) {
    if (!u().next_step || now_ < *u().next_step) return;
    switch (phase()) {
      case Phase::waiting: look_again(e.away); break;
      case Phase::fetching: attempt_failed(Reason::image_not_available, true, false, "it took too long"); break;
      case Phase::transferring: attempt_failed(Reason::transfer_stalled, true, true, u().detail); break;
      case Phase::installing:
      case Phase::confirming: time_is_up(); break;
      case Phase::confirmed:
      case Phase::failed:
      case Phase::fell_back:
      case Phase::lost:
      case Phase::cancelled: break;
    }
  }

  // A device that is away failed in nothing (I11), but it is not waited for without end (I5).
  void look_again(bool away) {
    if (away && now_ - u().phase_since >= kLongestAbsence) {
      finish(Phase::failed, Reason::offline, "for two weeks; start it by hand when the device is back");
      return;
    }
    u().reason = away ? Reason::offline : Reason::waits_for_slot;
    u().next_step = now_ + kLookAgain;
    out_.save = true;
  }

  // The device is asked once more, in case its own word was missed. After the soak only this live answer confirms (I4).
  void time_is_up() {
    if (u().rechecking) {
      finish(Phase::lost, Reason::never_returned, "it did not answer when it was asked for its version");
      return;
    }
    u().rechecking = true;
    u().next_step = now_ + rules_.recheck_limit;
    out_.command = Command::inquire;
    out_.save = true;
  }

  // Said after the device was asked.
  [[nodiscard]] bool answers_recheck(const DeviceSpoke& e) const {
    return u().rechecking && u().next_step && e.at >= *u().next_step - rules_.recheck_limit;
  }

  void on(const CancelAsked& e) {
    // A helper image reads the place of the real one from the device's settings: whoever takes it away now leaves the
    // device without its function.
    const bool on_helper = phase() == Phase::transferring && u().restarted;
    if (on_helper) return;
    if (phase() == Phase::waiting || phase() == Phase::fetching || phase() == Phase::transferring) {
      finish(Phase::cancelled, Reason::cancelled_by_owner, "by " + e.by);
    }
  }

  // Stronger than the owner's word: even a device that is left on its helper image is given nothing more. Once it has
  // the whole image, only what it does itself can end the update.
  void on(const TakenBack& e) {
    const bool on_helper = phase() == Phase::transferring && u().restarted;
    if (on_helper) {
      finish(Phase::failed, Reason::taken_back,
             "by " + e.by + "; the device runs its helper image and needs another release");
    } else if (phase() == Phase::waiting || phase() == Phase::fetching || phase() == Phase::transferring) {
      finish(Phase::cancelled, Reason::taken_back, "by " + e.by);
    }
  }

  void on(const Settled&) {
    if (!is_terminal(phase()) || u().settled) return;
    u().settled = true;
    out_.save = true;
  }

  void on(const DeviceSpoke& e) {
    if (e.at < u().phase_since) return;  // older than what it would have to prove
    switch (phase()) {
      case Phase::waiting:
      case Phase::fetching: spoke_before_transfer(e); break;
      case Phase::transferring: spoke_in_transfer(e); break;
      case Phase::installing: spoke_in_install(e); break;
      case Phase::confirming: spoke_in_soak(e); break;
      case Phase::confirmed:
      case Phase::failed:
      case Phase::fell_back:
      case Phase::lost:
      case Phase::cancelled: break;
    }
    if (u().reason == Reason::asleep && e.reachable != false) wake();
  }

  [[nodiscard]] static bool runs_helper(const DeviceSpoke& e) { return e.version && e.intermediate; }
  [[nodiscard]] bool runs_target(const DeviceSpoke& e) const {
    return e.version && !e.intermediate && *e.version == u().to_version;
  }
  [[nodiscard]] bool runs_old(const DeviceSpoke& e) const {
    return e.version && !e.intermediate && *e.version == u().from_version && !runs_target(e);
  }
  [[nodiscard]] bool runs_another(const DeviceSpoke& e) const {
    return e.version && !e.intermediate && !runs_target(e) && !runs_old(e);
  }
  [[nodiscard]] static bool reports(const DeviceSpoke& e, InstallResult::Kind kind) {
    return e.result && e.result->kind == kind;
  }

  // Somebody else may have updated the device while it waited. Then there is nothing left to send, and surely not
  // something older.
  void spoke_before_transfer(const DeviceSpoke& e) {
    if (runs_target(e) && u().reason == Reason::install_failed) {
      finish(Phase::failed, Reason::contradictory, "it runs " + *e.version + " and reported: " + u().detail);
    } else if (runs_target(e)) {
      proven(e);
    } else if (runs_another(e)) {
      finish(Phase::cancelled, Reason::unexpected_version, "it runs " + *e.version);
    }
  }

  void spoke_in_transfer(const DeviceSpoke& e) {
    if (runs_target(e)) {
      proven(e);
    } else if (runs_helper(e)) {
      goes_on_from_helper(e);
    } else if (runs_another(e)) {
      finish(Phase::failed, Reason::unexpected_version, "it runs " + *e.version);
    } else if (e.restarted && e.version) {
      attempt_failed(Reason::device_restarted, true, true, "");
    }
  }

  void spoke_in_install(const DeviceSpoke& e) {
    if (runs_helper(e)) {
      goes_on_from_helper(e);
      return;
    }
    if (e.restarted && !u().restarted) {
      u().restarted = true;
      out_.save = true;
    }
    if (runs_target(e)) {
      proven(e);
    } else if (reports(e, InstallResult::Kind::failure)) {
      install_failed(*e.result);
    } else if (runs_old(e) && (u().restarted || answers_recheck(e))) {
      came_back_old(e);
    } else if (runs_another(e)) {
      finish(Phase::failed, Reason::unexpected_version, "it runs " + *e.version);
    }
  }

  // It runs its helper image and goes on from there by itself. Its time starts anew once: a helper that starts again
  // and again gets nowhere.
  void goes_on_from_helper(const DeviceSpoke& e) {
    if (answers_recheck(e) && (u().restarted || !e.restarted)) {
      stuck_in_helper(e);
      return;
    }
    if (u().restarted) return;
    u().restarted = true;
    u().rechecking = false;
    u().detail = "it runs its helper image " + *e.version;
    u().next_step = now_ + limit_of_phase().value_or(rules_.install_limit);
    out_.save = true;
  }

  void stuck_in_helper(const DeviceSpoke& e) {
    finish(Phase::failed, Reason::unexpected_version, "it runs its helper image " + *e.version);
  }

  void came_back_old(const DeviceSpoke& e) {
    if (reports(e, InstallResult::Kind::success)) {
      finish(Phase::failed, Reason::contradictory,
             "it reports a successful installation and still runs " + u().from_version);
    } else if (!u().restarted) {
      attempt_failed(Reason::not_installed, true, true, "");
    } else {
      finish(Phase::fell_back, Reason::installed_old_version, "");
    }
  }

  void install_failed(const InstallResult& result) {
    if (result.may_retry) {
      attempt_failed(Reason::install_failed, true, true, result.text);
    } else {
      finish(Phase::failed, Reason::install_failed, result.text);
    }
  }

  // The new version is there; does anything the device says speak against it?
  void proven(const DeviceSpoke& e) {
    if (reports(e, InstallResult::Kind::failure)) {
      finish(Phase::failed, Reason::contradictory, "it runs " + *e.version + " and reports: " + e.result->text);
      return;
    }
    u().detail.clear();
    enter(Phase::confirming, Reason::none, rules_.soak, Command::none);
  }

  void spoke_in_soak(const DeviceSpoke& e) {
    if (reports(e, InstallResult::Kind::failure)) {
      finish(Phase::failed, Reason::contradictory, "after it had proven the new version it reports: " + e.result->text);
    } else if (runs_old(e)) {
      finish(Phase::fell_back, Reason::installed_old_version, "during the soak");
    } else if (runs_another(e)) {
      finish(Phase::failed, Reason::unexpected_version, "it runs " + *e.version);
    } else if (e.restarted || e.reachable == false) {
      unwell(e);
    } else if (answers_recheck(e) && runs_helper(e)) {
      stuck_in_helper(e);
    } else if (answers_recheck(e) && runs_target(e)) {
      finish(Phase::confirmed, Reason::proven, "");
    }
  }

  // A restart or an absence begins the soak anew; too many of them end it.
  void unwell(const DeviceSpoke& e) {
    if (!u().rechecking && e.at < u().phase_since + std::min(kSameBoot, rules_.soak / 4)) return;
    if (e.restarted) ++u().restarts;
    if (u().restarts > rules_.max_soak_restarts || u().transitions >= kMaxTransitions) {
      finish(Phase::failed, Reason::restarts_again_and_again, "");
      return;
    }
    enter(Phase::confirming, Reason::none, rules_.soak, Command::none);
  }

  const UpdateRules& rules_;
  Time now_;
  Reaction out_;
};

}  // namespace

Reaction react(const Update& update, const UpdateEvent& event, const UpdateRules& rules, Time now) {
  Step step(update, rules, now);
  step.take(event);
  return std::move(step).result();
}

}  // namespace homepatch
