// What is said of an update's phase without an event: its word, whether it is over, whether it may begin.
#include <algorithm>
#include <array>

#include "core/update.hpp"

namespace homepatch {

namespace {

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

bool waits_openly(const Update& update) {
  return update.phase == Phase::waiting &&
         (update.reason == Reason::waits_for_slot || update.reason == Reason::offline);
}

bool is_ready(const Update& update, Time now) {
  if (update.phase != Phase::waiting) return false;
  return waits_openly(update) || !update.next_step || now >= *update.next_step;
}

}  // namespace homepatch
