#include "cli/progress_view.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"
#include "cli/layout.hpp"
#include "cli/words.hpp"

namespace homepatch::cli {

namespace {

constexpr std::size_t kMaxName = 24;
constexpr std::size_t kMaxBar = 30;
constexpr std::size_t kMinBar = 5;
constexpr std::size_t kRoomy = 60;  // columns from which the version is shown, too

bool moves_bytes(const UpdateView& u) { return u.total > 0 && (u.phase == "fetching" || u.phase == "transferring"); }

std::string bar(const UpdateView& u, std::size_t columns, bool utf8) {
  const std::size_t full = columns * u.percent() / 100;
  std::string text;
  for (std::size_t i = 0; i < columns; ++i) text += i < full ? (utf8 ? "█" : "#") : (utf8 ? "░" : ".");
  return text;
}

// How far the bytes are, in as much detail as there is room for; the bar comes before the figures.
std::string meter(const UpdateView& u, std::size_t room, bool utf8) {
  std::string text = fmt::format("{:3} %", u.percent());
  const std::string bytes = fmt::format("  {} of {}", human_bytes(std::min(u.done, u.total)), human_bytes(u.total));
  if (display_width(text + bytes) + 2 + 2 * kMinBar <= room) text += bytes;
  const std::size_t used = display_width(text) + 2;
  const std::size_t columns = std::min(kMaxBar, room > used ? room - used : 0);
  return columns < kMinBar ? text : fmt::format("{}  {}", bar(u, columns, utf8), text);
}

// What a phase without bytes waits for.
std::string hint(const UpdateView& u) {
  const std::string until = u.next_step > 0 ? fmt::format(" until {}", local_time(u.next_step).substr(11)) : "";
  if (u.phase == "waiting") {
    const std::string next = u.next_step > 0 ? ", next step at " + local_time(u.next_step) : "";
    return words_for_reason(u.reason).text + next;
  }
  if (u.phase == "installing") return "it installs and restarts; looked for" + until;
  if (u.phase == "confirming") return "it proved the new version; watched" + until;
  return "";
}

Tone tone_of(const UpdateView& u) { return state_of(u).tone; }

std::string milestone_line(const UpdateView& u) {
  std::string line = fmt::format("{}: {} {}", shown(u.title()), shown(u.phase), shown(u.to_version));
  if (moves_bytes(u))
    return fmt::format("{}: {} % ({} of {})", line, u.percent(), human_bytes(u.done), human_bytes(u.total));
  const std::string text = hint(u);
  return text.empty() ? line : fmt::format("{}: {}", line, text);
}

}  // namespace

bool Milestones::reached(const UpdateView& u) {
  const Mark mark{u.phase, u.reason, u.attempts, moves_bytes(u) ? u.percent() / 10 : 0};
  const auto [found, is_new] = marks_.try_emplace(u.path, mark);
  if (is_new) return true;
  if (found->second == mark) return false;
  found->second = mark;
  return true;
}

std::string progress_line(const UpdateView& u, std::size_t name_width, const Screen& screen) {
  // The last column stays free: some terminals wrap when it is written.
  const std::size_t width = screen.width() - 1;
  const std::size_t names = std::min(name_width, width / 3);
  std::string line = pad_to_width(cut_to_width(shown(u.title()), names, screen.utf8()), names);
  if (width >= kRoomy) line += "  " + shown(u.to_version);
  line += "  " + pad_to_width(shown(u.phase), 12) + "  ";
  line += moves_bytes(u) ? meter(u, width - std::min(width, display_width(line)), screen.utf8()) : hint(u);
  return cut_to_width(line, width, screen.utf8());
}

void ProgressView::show(const std::vector<const UpdateView*>& updates, const std::string& note) {
  std::vector<const UpdateView*> running;
  for (const UpdateView* update : updates) {
    if (!update->over()) {
      over_[update->path] = false;
      running.push_back(update);
    } else if (!over_[update->path]) {
      over_[update->path] = true;
      const Tone tone = state_of(*update).tone;
      const std::string mark = update->phase == "confirmed" ? "" : screen_.paint(tone, shown(update->phase) + ": ");
      say(mark + outcome_sentence(*update));
    }
  }
  if (screen_.redraws()) {
    show_in_place(running, note);
  } else {
    show_as_lines(running, note);
  }
}

void ProgressView::say(const std::string& line) {
  wipe();
  screen_.line(line);
}

void ProgressView::show_in_place(const std::vector<const UpdateView*>& running, const std::string& note) {
  std::size_t name_width = 0;
  for (const UpdateView* u : running) name_width = std::max(name_width, display_width(shown(u->title())));
  name_width = std::min(name_width, kMaxName);
  // What does not fit on the screen cannot be redrawn: the rest is counted.
  const std::size_t room = screen_.height() > 4 ? screen_.height() - 3 : 1;
  wipe();
  std::string out;
  for (std::size_t i = 0; i < std::min(room, running.size()); ++i) {
    out += screen_.paint(tone_of(*running[i]), progress_line(*running[i], name_width, screen_)) + "\n";
    ++drawn_;
  }
  if (running.size() > room) out += fmt::format("and {} more\n", running.size() - room), ++drawn_;
  if (!note.empty()) out += cut_to_width(note, screen_.width() - 1, screen_.utf8()) + "\n", ++drawn_;
  screen_.print(out);
}

void ProgressView::show_as_lines(const std::vector<const UpdateView*>& running, const std::string& note) {
  for (const UpdateView* update : running) {
    if (milestones_.reached(*update)) screen_.line(milestone_line(*update));
  }
  if (note != note_ && !note.empty()) screen_.line(note);
  note_ = note;
}

void ProgressView::wipe() {
  // Up to the first live line, and everything below it away.
  if (drawn_ > 0) screen_.print(fmt::format("\x1b[{}F\x1b[J", drawn_));
  drawn_ = 0;
}

}  // namespace homepatch::cli
