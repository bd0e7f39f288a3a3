// Whatever happens to an update, in whatever order: the promises of the machine hold. Events are random, from a fixed
// seed, half of them such that the update comes forward, so that all phases are reached often.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <random>

#include "core/update.hpp"
#include "tests/core/update_story.hpp"

namespace homepatch {
namespace {

constexpr int kEvents = 100'000;
constexpr int kLongestStory = 200;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : random_(seed) {}
  unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
  bool one_in(unsigned n) { return below(n) == 0; }
  template <typename T, std::size_t N>
  const T& one_of(const std::array<T, N>& list) {
    return list[below(N)];
  }

 private:
  std::mt19937_64 random_;
};

DeviceSpoke anything_said(Dice& dice, Time now) {
  DeviceSpoke spoke;
  spoke.at = dice.one_in(6) ? now - 2min : now;
  spoke.restarted = dice.one_in(4);
  if (!dice.one_in(4)) spoke.version = dice.one_in(2) ? kNew : dice.one_in(4) ? kOther : kOld;
  spoke.intermediate = dice.one_in(8);
  if (dice.one_in(5)) spoke.reachable = dice.one_in(2);
  if (dice.one_in(12)) spoke.result = dice.one_in(2) ? success() : failure(dice.one_in(2));
  return spoke;
}

UpdateEvent anything(Dice& dice, Time now) {
  switch (dice.below(14)) {
    case 0: return Resume{};
    case 1: return Due{dice.one_in(4)};
    case 2: return SlotFree{};
    case 3: return ImagesReady{};
    case 4:
      return ImagesFailed{Reason::image_not_available, !dice.one_in(4), "feed",
                          dice.one_in(3) ? std::optional(now + 5h) : std::nullopt};
    case 5: return Transferred{};
    case 6: return Installing{};
    case 7: return DeliveryFailed{Reason::transfer_failed, !dice.one_in(4), !dice.one_in(3), "delivery"};
    case 8: return Stirred{};
    case 9: return dice.one_in(6) ? UpdateEvent(CancelAsked{"owner"}) : Stirred{};
    case 10: return dice.one_in(8) ? UpdateEvent(TakenBack{"the feed"}) : Settled{};
    default: return anything_said(dice, now);
  }
}

// What brings the update forward.
UpdateEvent helpful(const Update& update, Time now) {
  auto proof = says(kNew);
  proof.at = now;
  switch (update.phase) {
    case Phase::waiting: return SlotFree{};
    case Phase::fetching: return ImagesReady{};
    case Phase::transferring: return Transferred{};
    case Phase::installing: return proof;
    case Phase::confirming: return update.rechecking ? UpdateEvent(proof) : Due{};
    case Phase::confirmed:
    case Phase::failed:
    case Phase::fell_back:
    case Phase::lost:
    case Phase::cancelled: return Settled{};
  }
  return Settled{};
}

class Model {
 public:
  Model(const UpdateRules& rules, Time now) : rules_(rules), now_(now), update_(Story().update) {
    update_.created = update_.phase_since = now;
    update_.next_step = now + kLookAgain;
  }

  [[nodiscard]] const Update& update() const { return update_; }
  [[nodiscard]] Time now() const { return now_; }

  void pass(Duration span) {
    now_ += span;
    real_ += span;
  }
  void pass_until_next_step() {
    if (update_.next_step && *update_.next_step > now_) pass(*update_.next_step - now_);
  }
  void set_clock_forward(Duration span) {
    now_ += span;
    asked_at_ += span;
    happens(ClockJumped{span});
  }
  void set_clock_back(Duration span) {
    now_ -= span;
    asked_at_ = std::min(asked_at_, now_);
    if (!update_.rechecking) well_since_ = real_;  // the phase begins anew
  }

  void happens(const UpdateEvent& event) {
    const Update before = update_;
    const Reaction reaction = react(before, event, rules_, now_);
    holds_for_every_reaction(before, event, reaction);
    if (reaction.next.phase == Phase::confirmed && before.phase != Phase::confirmed) holds_for_proof(before, event);
    watch_the_soak(before, event, reaction.next);
    update_ = reaction.next;
    resuming_twice_is_once();
  }

  // With nothing but time and slots every update ends; with nothing but time and no device too.
  void ends_by_time_alone() const {
    Model copy = *this;
    Model alone = *this;
    for (int i = 0; i < 2000 && !is_terminal(alone.update_.phase); ++i) {
      alone.pass_until_next_step();
      alone.happens(Due{true});
    }
    EXPECT_TRUE(is_terminal(alone.update_.phase)) << to_string(update_.phase) << " without its device";
    for (int i = 0; i < 400 && !is_terminal(copy.update_.phase); ++i) {
      copy.pass_until_next_step();
      copy.happens(Due{});
      copy.happens(SlotFree{});
    }
    EXPECT_TRUE(is_terminal(copy.update_.phase)) << to_string(update_.phase);
  }

 private:
  void holds_for_every_reaction(const Update& before, const UpdateEvent& event, const Reaction& reaction) const {
    const Update& next = reaction.next;
    EXPECT_LE(next.transitions, kMaxTransitions + 2);
    if (is_terminal(before.phase)) {
      Update same = next;
      same.settled = before.settled;
      EXPECT_EQ(same, before) << "what is over stays as it is";
      return;
    }
    EXPECT_TRUE(is_terminal(next.phase) || next.next_step) << to_string(next.phase) << ": never silence (I5)";
    EXPECT_TRUE(reaction.save || next.phase == before.phase) << "a phase is saved before its work";
    const bool resumed = std::holds_alternative<Resume>(event);
    EXPECT_TRUE(reaction.save || resumed || reaction.command == Command::none) << "no deed without its record";
    EXPECT_TRUE(!is_terminal(next.phase) || reaction.command == Command::settle) << "what is over is put back";
    EXPECT_EQ(next.from_version, before.from_version);
    EXPECT_EQ(next.to_version, before.to_version);
    EXPECT_GE(next.attempts, before.attempts);
    const auto* failed = std::get_if<DeliveryFailed>(&event);
    if (std::holds_alternative<ImagesFailed>(event) || (failed != nullptr && !failed->counts)) {
      EXPECT_EQ(next.attempts, before.attempts) << "not the device's failure";
    }
  }

  void holds_for_proof(const Update& before, const UpdateEvent& event) const {
    EXPECT_EQ(before.phase, Phase::confirming);
    EXPECT_TRUE(before.rechecking);
    const auto* spoke = std::get_if<DeviceSpoke>(&event);
    ASSERT_NE(spoke, nullptr);
    EXPECT_EQ(spoke->version, kNew);
    EXPECT_FALSE(spoke->intermediate);
    EXPECT_FALSE(spoke->result && spoke->result->kind == InstallResult::Kind::failure);
    EXPECT_GE(spoke->at, asked_at_);
    EXPECT_GE(real_asked_ - well_since_, rules_.soak) << "the soak was cut short";
  }

  // The model's own book of the soak, kept in time that no clock change touches.
  void watch_the_soak(const Update& before, const UpdateEvent& event, const Update& next) {
    if (next.phase != Phase::confirming) return;
    const bool asked = next.rechecking && !before.rechecking;
    if (asked) {
      asked_at_ = now_;
      real_asked_ = real_;
    }
    const auto* spoke = std::get_if<DeviceSpoke>(&event);
    const bool heard = spoke != nullptr && spoke->at == now_ && (spoke->restarted || spoke->reachable == false);
    const bool same_boot = real_ - well_since_ <= std::min<Duration>(15s, rules_.soak / 4);
    if (before.phase != Phase::confirming || std::holds_alternative<Resume>(event) || (heard && !same_boot)) {
      well_since_ = real_;
    }
  }

  void resuming_twice_is_once() const {
    const Reaction once = react(update_, Resume{}, rules_, now_);
    const Reaction twice = react(once.next, Resume{}, rules_, now_);
    EXPECT_EQ(once.next, twice.next);
    EXPECT_EQ(once.command, twice.command);
    EXPECT_EQ(once.next.phase, update_.phase);
  }

  UpdateRules rules_;
  Time now_;
  Update update_;
  Duration real_{};
  Duration well_since_{};
  Time asked_at_{};
  Duration real_asked_{};
};

// One update, to its end or for a while; tells how many events that were.
int tell(Dice& dice, Model& model) {
  constexpr std::array<Duration, 6> kSpans{0ms, 1ms, 1s, 20s, 5min, 40min};
  int events = 0;
  while (events < kLongestStory && !model.update().settled && !testing::Test::HasFailure()) {
    model.pass(dice.one_of(kSpans));
    if (dice.one_in(3)) model.pass_until_next_step();
    if (dice.one_in(150)) model.set_clock_back(24h * 365);
    if (dice.one_in(150)) model.set_clock_forward(24h * 365);
    model.happens(dice.one_in(2) ? anything(dice, model.now()) : helpful(model.update(), model.now()));
    ++events;
  }
  return events;
}

UpdateRules any_rules(Dice& dice) {
  UpdateRules rules;
  rules.soak = dice.one_in(2) ? Duration(30min) : Duration(3s);
  rules.max_soak_restarts = dice.below(3);
  rules.max_attempts = 1 + dice.below(4);
  return rules;
}

TEST(UpdateModel, ThePromisesHoldInAHundredThousandRandomEvents) {
  Dice dice(20240229);
  std::map<Phase, int> ends;
  std::map<Reason, int> reasons;
  for (int events = 0; events < kEvents && !testing::Test::HasFailure();) {
    Model model(any_rules(dice), Story::kBegin);
    events += tell(dice, model);
    model.ends_by_time_alone();
    ++ends[model.update().phase];
    ++reasons[model.update().reason];
  }
  // Were these not reached, the promises would hold for want of trying.
  for (const auto phase : {Phase::confirmed, Phase::failed, Phase::fell_back, Phase::lost, Phase::cancelled}) {
    EXPECT_GT(ends[phase], 100) << to_string(phase);
  }
  for (const auto reason : {Reason::proven, Reason::contradictory, Reason::unexpected_version, Reason::transfer_failed,
                            Reason::image_not_available, Reason::restarts_again_and_again, Reason::install_failed}) {
    EXPECT_GT(reasons[reason], 10) << to_string(reason);
  }
}

}  // namespace
}  // namespace homepatch
