#include "core/update.hpp"

#include <algorithm>
#include <array>

namespace homepatch {

namespace {

using namespace std::chrono_literals;

constexpr std::array<std::pair<Phase, std::string_view>, 10> kPhases{{
    {Phase::waiting, "waiting"},
    {Phase::fetching, "fetching"},
    {Phase::transferring, "transferring"},
    {Phase::installing, "installing"},
    {Phase::confirming, "confirming"},
    {Phase::confirmed, "confirmed"},
    {Phase::failed, "failed"},
    {Phase::fell_back, "fell_back"},
    {Phase::lost, "lost"},
    {Phase::cancelled, "cancelled"},
}};

constexpr Duration kLongestRetry = 24h;

// One step of the machine: the event's effect on a copy of the update.
class Step {
 public:
  Step(const Update& update, const UpdateRules& rules, Time now) : rules_(rules), now_(now), out_{update} {}

  void take(const UpdateEvent& event) {
    std::visit([this](const auto& e) { on(e); }, event);
  }

  Reaction result() && { return std::move(out_); }

 private:
  Update& u() { return out_.next; }
  [[nodiscard]] Phase phase() const { return out_.next.phase; }

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
      case Phase::waiting: return Command::none;
      case Phase::fetching: return Command::fetch;
      case Phase::transferring: return Command::transfer;
      case Phase::installing: return Command::install;
      case Phase::confirming: return Command::inquire;
      case Phase::confirmed:
      case Phase::failed:
      case Phase::fell_back:
      case Phase::lost:
      case Phase::cancelled: return out_.next.settled ? Command::none : Command::settle;
    }
    return Command::none;
  }

  // An attempt is over without the device having installed anything: again later, or the end.
  void attempt_failed(Reason reason, bool may_retry, bool counts, std::string detail) {
    if (counts) ++u().attempts;
    u().detail = std::move(detail);
    if (!may_retry || u().attempts >= rules_.max_attempts) {
      finish(Phase::failed, reason, u().detail);
      return;
    }
    const unsigned doublings = std::min(u().attempts == 0 ? 0U : u().attempts - 1, 16U);
    enter(Phase::waiting, reason, std::min<Duration>(rules_.retry_base * (1LL << doublings), kLongestRetry),
          Command::settle);
  }

  void on(const Resume&) {
    if (phase() == Phase::confirming) u().rechecking = false;
    out_.command = command_of_phase();
    // What the device did while nobody listened is not known: it gets the phase's whole time anew.
    if (phase() == Phase::transferring || phase() == Phase::installing || phase() == Phase::confirming) {
      u().next_step = now_ + limit_of_phase();
      out_.save = true;
    }
  }

  [[nodiscard]] Duration limit_of_phase() const {
    if (phase() == Phase::transferring) return rules_.transfer_stall;
    if (phase() == Phase::installing) return rules_.install_limit;
    return rules_.soak;
  }

  void on(const SlotFree&) {
    if (phase() == Phase::waiting) enter(Phase::fetching, Reason::none, rules_.fetch_limit, Command::fetch);
  }

  void on(const ImagesReady&) {
    if (phase() != Phase::fetching) return;
    enter(Phase::transferring, Reason::none, rules_.transfer_stall, Command::transfer);
  }

  void on(const ImagesFailed& e) {
    if (phase() == Phase::fetching) attempt_failed(e.reason, e.may_retry, true, e.text);
  }

  void on(const Transferred&) {
    if (phase() != Phase::transferring) return;
    enter(Phase::installing, Reason::none, rules_.install_limit, Command::install);
  }

  void on(const Installing&) {
    // The device took the command: its time to come back counts from here.
    if (phase() == Phase::installing) u().next_step = now_ + rules_.install_limit;
  }

  void on(const DeliveryFailed& e) {
    if (phase() == Phase::transferring || phase() == Phase::installing) {
      attempt_failed(e.reason, e.may_retry, e.counts, e.text);
    }
  }

  void on(const Stirred&) {
    if (phase() == Phase::transferring) u().next_step = now_ + rules_.transfer_stall;
  }

  void on(const Due&) {
    if (!u().next_step || now_ < *u().next_step) return;
    switch (phase()) {
      case Phase::waiting: break;  // the updater gives it a slot
      case Phase::fetching: attempt_failed(Reason::image_not_available, true, true, "it took too long"); break;
      case Phase::transferring: attempt_failed(Reason::transfer_stalled, true, true, ""); break;
      case Phase::installing:
      case Phase::confirming: time_is_up(); break;
      case Phase::confirmed:
      case Phase::failed:
      case Phase::fell_back:
      case Phase::lost:
      case Phase::cancelled: break;
    }
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

  void on(const CancelAsked& e) {
    if (phase() == Phase::waiting || phase() == Phase::fetching || phase() == Phase::transferring) {
      finish(Phase::cancelled, Reason::cancelled_by_owner, "by " + e.by);
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
      case Phase::transferring: spoke_in_transfer(e); break;
      case Phase::installing: spoke_in_install(e); break;
      case Phase::confirming: spoke_in_soak(e); break;
      case Phase::waiting:
      case Phase::fetching:
      case Phase::confirmed:
      case Phase::failed:
      case Phase::fell_back:
      case Phase::lost:
      case Phase::cancelled: break;
    }
  }

  [[nodiscard]] bool runs_target(const DeviceSpoke& e) const {
    return e.version && !e.intermediate && *e.version == out_.next.to_version;
  }
  [[nodiscard]] bool runs_old(const DeviceSpoke& e) const {
    return e.version && !e.intermediate && *e.version == out_.next.from_version;
  }
  [[nodiscard]] static bool reports(const DeviceSpoke& e, InstallResult::Kind kind) {
    return e.result && e.result->kind == kind;
  }

  void spoke_in_transfer(const DeviceSpoke& e) {
    if (runs_target(e)) {
      proven(e);
    } else if (e.intermediate && e.version) {
      // It runs the helper and fetches the image from there: still a transfer, and it lives.
      u().next_step = now_ + rules_.transfer_stall;
    } else if (e.restarted && e.version) {
      attempt_failed(Reason::device_restarted, true, true, "");
    }
  }

  void spoke_in_install(const DeviceSpoke& e) {
    if (e.restarted && !u().restarted) {
      u().restarted = true;
      out_.save = true;
    }
    if (runs_target(e)) {
      proven(e);
    } else if (e.intermediate && e.version) {
      u().next_step = now_ + rules_.install_limit;
    } else if (reports(e, InstallResult::Kind::failure)) {
      install_failed(*e.result);
    } else if (runs_old(e) && (u().restarted || u().rechecking)) {
      came_back_old(e);
    } else if (e.version && !runs_old(e)) {
      finish(Phase::failed, Reason::unexpected_version, "it runs " + *e.version);
    }
  }

  void came_back_old(const DeviceSpoke& e) {
    if (reports(e, InstallResult::Kind::success)) {
      finish(Phase::failed, Reason::contradictory,
             "it reports a successful installation and still runs " + u().from_version);
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
    } else if (e.version && !e.intermediate && !runs_target(e)) {
      finish(Phase::failed, Reason::unexpected_version, "it runs " + *e.version);
    } else if (e.restarted || e.reachable == false) {
      unwell(e.restarted);
    } else if (u().rechecking && runs_target(e)) {
      u().detail.clear();
      finish(Phase::confirmed, Reason::proven, "");
    }
  }

  // A restart or an absence begins the soak anew; too many restarts end it.
  void unwell(bool restarted) {
    if (restarted && ++u().restarts > rules_.max_soak_restarts) {
      finish(Phase::failed, Reason::restarts_again_and_again, "");
      return;
    }
    u().rechecking = false;
    u().next_step = now_ + rules_.soak;
    out_.save = true;
  }

  const UpdateRules& rules_;
  Time now_;
  Reaction out_;
};

}  // namespace

std::string_view to_string(Phase phase) {
  const auto* found = std::ranges::find(kPhases, phase, &std::pair<Phase, std::string_view>::first);
  return found == kPhases.end() ? "waiting" : found->second;
}

std::optional<Phase> phase_from(std::string_view text) {
  const auto* found = std::ranges::find(kPhases, text, &std::pair<Phase, std::string_view>::second);
  if (found == kPhases.end()) return std::nullopt;
  return found->first;
}

bool is_terminal(Phase phase) { return phase >= Phase::confirmed; }

bool holds_slot(Phase phase) { return phase != Phase::waiting && !is_terminal(phase); }

Reaction react(const Update& update, const UpdateEvent& event, const UpdateRules& rules, Time now) {
  Step step(update, rules, now);
  step.take(event);
  return std::move(step).result();
}

}  // namespace homepatch
