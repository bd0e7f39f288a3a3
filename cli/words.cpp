#include "cli/words.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

#include "base/text.hpp"
#include "core/provenance.hpp"

namespace homepatch::cli {

namespace {

constexpr std::size_t kLongText = 2000;  // of a maker's prose, in bytes
constexpr std::int64_t kYear10000 = 253'402'300'800'000;

struct ReasonWords {
  std::string_view code;
  std::string_view words;
  Tone tone;
};

// One row for each code of core/reason.hpp (a test holds it).
constexpr std::array kReasons{
    ReasonWords{"none", "", Tone::plain},
    ReasonWords{"up_to_date", "up to date", Tone::good},
    ReasonWords{"no_catalog", "no feed knows this model", Tone::faint},
    ReasonWords{"not_updatable", "takes no updates", Tone::faint},
    ReasonWords{"no_image", "no image for its hardware", Tone::attention},
    ReasonWords{"taken_back", "newer image was taken back", Tone::attention},
    ReasonWords{"installed_is_newest_reachable", "newer ones cannot be reached", Tone::attention},
    ReasonWords{"older_than_allowed", "feed offers only older ones", Tone::attention},
    ReasonWords{"new_device", "new: accept it first", Tone::attention},
    ReasonWords{"installed_version_unknown", "version unknown: ask", Tone::attention},
    ReasonWords{"ambiguous_model", "two feeds claim it: ask", Tone::attention},
    ReasonWords{"hardware_unknown", "hardware unknown: ask", Tone::attention},
    ReasonWords{"model_unknown", "model not known yet", Tone::faint},
    ReasonWords{"not_automatic", "update available: ask", Tone::attention},
    ReasonWords{"owner_decides", "update available: ask", Tone::attention},
    ReasonWords{"by_hand_only", "update available: by hand", Tone::attention},
    ReasonWords{"last_update_failed", "last update failed: ask", Tone::bad},
    ReasonWords{"sleeps", "update available: sleeps, ask", Tone::attention},
    ReasonWords{"update_available", "update due", Tone::running},
    ReasonWords{"waits_for_slot", "its turn comes", Tone::running},
    ReasonWords{"dependency_not_met", "another one first", Tone::attention},
    ReasonWords{"power_not_known", "power unknown: ask", Tone::attention},
    ReasonWords{"offline", "offline", Tone::attention},
    ReasonWords{"update_running", "updating", Tone::running},
    ReasonWords{"clock_not_trusted", "clock not trusted", Tone::attention},
    ReasonWords{"feed_not_current", "feed not current", Tone::attention},
    ReasonWords{"feed_not_asked", "feed not asked yet", Tone::faint},
    ReasonWords{"owner_asked", "asked for", Tone::running},
    ReasonWords{"retry_later", "will be tried again", Tone::attention},
    ReasonWords{"image_not_available", "image not available", Tone::bad},
    ReasonWords{"image_not_trusted", "image not trusted", Tone::bad},
    ReasonWords{"no_space", "no room for the image", Tone::bad},
    ReasonWords{"write_budget_spent", "waits: spares the flash", Tone::attention},
    ReasonWords{"transfer_refused", "device refused the image", Tone::bad},
    ReasonWords{"transfer_failed", "image did not arrive whole", Tone::bad},
    ReasonWords{"transfer_stalled", "device stopped taking it", Tone::bad},
    ReasonWords{"device_restarted", "device restarted meanwhile", Tone::bad},
    ReasonWords{"identity_mismatch", "another device answered", Tone::bad},
    ReasonWords{"install_refused", "device refused to install", Tone::bad},
    ReasonWords{"install_failed", "installation failed", Tone::bad},
    ReasonWords{"not_installed", "did not install the image", Tone::bad},
    ReasonWords{"installed_old_version", "came back with the old version", Tone::bad},
    ReasonWords{"contradictory", "device contradicts itself", Tone::bad},
    ReasonWords{"unexpected_version", "came back with another version", Tone::bad},
    ReasonWords{"never_returned", "did not come back", Tone::bad},
    ReasonWords{"restarts_again_and_again", "restarts again and again", Tone::bad},
    ReasonWords{"cancelled_by_owner", "cancelled", Tone::faint},
    ReasonWords{"too_many_steps", "went round in circles", Tone::bad},
    ReasonWords{"proven", "proven by the device", Tone::good},
};

std::string spelled_out(std::string_view code) {
  std::string words = printable(code, 60);
  std::ranges::replace(words, '_', ' ');
  return words;
}

std::string behind(std::string_view what, std::string_view why) {
  return why.empty() ? std::string(what) : fmt::format("{}: {}", what, why);
}

bool is_date(std::int64_t millis) { return millis > 0 && millis < kYear10000; }

std::string because(const UpdateView& update) {
  std::string text = printable(update.reason_text, 400);
  if (text.empty()) text = words_for_reason(update.reason).text;
  if (!text.empty() && text.back() != '.') text += '.';
  if (!update.detail.empty()) text += fmt::format(" ({})", printable(update.detail, 400));
  return text;
}

}  // namespace

std::int64_t now_millis() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

Phrase words_for_reason(std::string_view code) {
  const auto* found = std::ranges::find(kReasons, code, &ReasonWords::code);
  if (found == kReasons.end()) return {spelled_out(code), Tone::attention};
  return {std::string(found->words), found->tone};
}

Phrase state_of(const UpdateView& update) {
  const Phrase why = words_for_reason(update.reason);
  if (update.phase == "waiting") return {behind("waits", why.text), Tone::attention};
  if (update.total > 0 && (update.phase == "fetching" || update.phase == "transferring")) {
    return {fmt::format("{} {} %", update.phase, update.percent()), Tone::running};
  }
  if (update.phase == "confirmed") return {"confirmed", Tone::good};
  if (update.phase == "cancelled") return {"cancelled", Tone::faint};
  if (update.over()) return {behind(spelled_out(update.phase), why.text), Tone::bad};
  return {spelled_out(update.phase), Tone::running};
}

Phrase state_of(const DeviceView& device, const UpdateView* update) {
  if (update != nullptr && !update->over()) {
    if (update->phase == "transferring" && update->total > 0)
      return {fmt::format("updating {} %", update->percent()), Tone::running};
    return state_of(*update);
  }
  Phrase why = words_for_reason(device.reason);
  if (device.verdict == "wait") return {behind("waits", why.text), why.tone};
  if (why.text.empty()) return {"nothing to do", Tone::faint};
  return why;
}

std::string outcome_sentence(const UpdateView& u) {
  const std::string name = shown(u.title());
  const std::string to = shown(u.to_version);
  if (u.phase == "confirmed")
    return fmt::format("{} runs {} (it had {}). {}", name, to, shown(u.from_version), because(u));
  if (u.phase == "fell_back")
    return fmt::format("{} is back on {}; {} did not stay. {}", name, shown(u.from_version), to, because(u));
  if (u.phase == "lost") return fmt::format("{} did not come back after it was given {}. {}", name, to, because(u));
  if (u.phase == "cancelled") return fmt::format("The update of {} to {} was cancelled.", name, to);
  if (u.phase == "failed") return fmt::format("{} was not updated to {}. {}", name, to, because(u));
  const bool told = u.phase == "waiting" && !u.detail.empty();
  return fmt::format("{}, on its way to {}: {}{}.", name, to, state_of(u).text,
                     told ? fmt::format(" ({})", printable(u.detail, 400)) : "");
}

std::string ago(std::int64_t millis, std::int64_t now) {
  if (!is_date(millis)) return "never";
  const std::int64_t seconds = std::max<std::int64_t>(0, now - millis) / 1000;
  if (seconds < 5) return "now";
  if (seconds < 60) return fmt::format("{} s ago", seconds);
  if (seconds < 3'600) return fmt::format("{} min ago", seconds / 60);
  if (seconds < 2 * 86'400) return fmt::format("{} h ago", seconds / 3'600);
  return fmt::format("{} d ago", seconds / 86'400);
}

std::string local_time(std::int64_t millis) {
  if (!is_date(millis)) return "unknown";
  const std::time_t seconds = millis / 1000;
  std::tm broken_down{};
  if (::localtime_r(&seconds, &broken_down) == nullptr) return "unknown";
  return fmt::format("{:%Y-%m-%d %H:%M}", broken_down);
}

std::string rfc3339(std::int64_t millis) {
  if (!is_date(millis)) return "";
  const std::time_t seconds = millis / 1000;
  std::tm broken_down{};
  if (::gmtime_r(&seconds, &broken_down) == nullptr) return "";
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", broken_down);
}

bool is_past(std::string_view date, std::int64_t now) {
  const std::string today = rfc3339(now).substr(0, 10);
  return date.size() == 10 && today.size() == 10 && date < today;
}

std::string support_sentence(const SupportView& s, std::int64_t now) {
  const std::string after = s.advice_after_end.empty() ? "" : printable(s.advice_after_end, kLongText);
  if (s.end_of_life) {
    const std::string& advice = s.end_of_life_advice.empty() ? s.advice_after_end : s.end_of_life_advice;
    return fmt::format(
        "Its maker publishes nothing more for it{}: think of replacing it, or of keeping it off the network.{}",
        s.end_of_life_since.empty() ? "" : fmt::format(" (end of life: {})", shown(s.end_of_life_since)),
        advice.empty() ? "" : " Its maker advises: " + printable(advice, kLongText));
  }
  if (s.end.empty()) return "Until when its maker patches it is not known.";
  const std::string how = s.kind.empty() ? "" : fmt::format(" ({})", shown(s.kind));
  if (is_past(s.end, now)) {
    return fmt::format(
        "Its maker stopped patching it on {}{}: think of replacing it, or of keeping it off the network.{}",
        shown(s.end), how, after.empty() ? "" : " Its maker advises: " + after);
  }
  return fmt::format("Its maker patches it until {}{}.{}", shown(s.end), how,
                     after.empty() ? "" : " For the time after, its maker advises: " + after);
}

Phrase support_words(const SupportView& s, std::int64_t now) {
  if (s.end_of_life) {
    return {s.end_of_life_since.empty() ? "end of life" : "end of life: " + shown(s.end_of_life_since), Tone::bad};
  }
  if (s.end.empty()) return {"unknown", Tone::faint};
  if (is_past(s.end, now)) return {shown(s.end) + ", over", Tone::bad};
  return {shown(s.end), Tone::plain};
}

std::string trust_sentence(const TrustView& t) {
  const auto provenance = provenance_from(t.provenance);
  std::string text = provenance ? std::string(sentence(*provenance)) : "What vouches for it is not known.";
  const bool by_hand = provenance == Provenance::local_admin || provenance == Provenance::hash_only;
  if (!t.signed_by.empty()) {
    text += fmt::format(" {} by {}.", by_hand ? "Taken in" : "Signed", printable(t.signed_by, 400));
  }
  const bool device_too = t.verified_by == "gateway and device";
  return text +
         (device_too ? " The gateway verifies the image, and so does the device." : " The gateway verifies the image.");
}

std::string action_sentence(std::string_view user_action) {
  return user_action.empty() ? "" : "Its maker asks you: " + printable(user_action, kLongText);
}

std::string shown(std::string_view text) { return text.empty() ? "unknown" : printable(text, 200); }

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace homepatch::cli
