#include "cli/update_watch.hpp"

#include <algorithm>
#include <array>
#include <csignal>

#include "cli/documents.hpp"
#include "cli/words.hpp"

namespace homepatch::cli {

namespace {

// On a terminal many changes become one drawing.
constexpr std::chrono::milliseconds kRedraw{40};

}  // namespace

Result<std::unique_ptr<UpdateWatch>> UpdateWatch::open(const Program& program, Bus& bus) {
  auto loop = TRY(EventLoop::open());
  std::unique_ptr<UpdateWatch> watch(new UpdateWatch(program, bus, std::move(loop)));
  TRY(watch->take_signals());
  return watch;
}

Status UpdateWatch::take_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGWINCH}) sigaddset(&set, signal);
  if (sigprocmask(SIG_BLOCK, &set, nullptr) < 0) return fail(errno_error("blocking signals", errno));
  for (const int signal : {SIGINT, SIGTERM}) {
    signals_.push_back(TRY(loop_->on_signal(signal, [this] {
      interrupted_ = true;
      loop_->stop(0);
    })));
  }
  signals_.push_back(TRY(loop_->on_signal(SIGWINCH, [this] { on_change(); })));
  return {};
}

Status UpdateWatch::turn() {
  follower_ = TRY(UpdateFollower::start(*loop_, bus_, [this] { on_change(); }));
  loop_->run();
  redraw_.cancel();
  draw();
  if (follower_->end()) return fail(*follower_->end());
  return {};
}

Result<UpdateWatch::Outcome> UpdateWatch::until_over(const std::vector<std::string>& paths) {
  paths_.insert(paths.begin(), paths.end());
  TRY(turn());
  Outcome outcome;
  for (const auto& [path, update] : watched_) outcome.updates.push_back(update);
  outcome.interrupted = interrupted_ && !finished();
  outcome.vanished = vanished();
  return outcome;
}

Status UpdateWatch::until_interrupted() {
  endless_ = true;
  return turn();
}

// Takes over what the follower knows now.
void UpdateWatch::remember() {
  if (follower_->current() && !began_) {
    began_ = true;
    for (const auto& [path, update] : follower_->updates()) {
      if (endless_ && update.over()) paths_.insert(path);
    }
  }
  if (endless_) watched_.clear();
  if (!began_) return;
  for (const auto& [path, update] : follower_->updates()) {
    if (paths_.contains(path) != endless_) watched_.insert_or_assign(path, update);
  }
}

void UpdateWatch::on_change() {
  remember();
  if (program_.json) {
    if (endless_) say_json();
  } else if (!program_.screen.redraws()) {
    draw();
  } else if (!redraw_.armed()) {
    redraw_ = loop_->after(kRedraw, [this] {
      redraw_.cancel();
      draw();
    });
  }
  if (follower_->end() || (!endless_ && (finished() || vanished()))) loop_->stop(0);
}

void UpdateWatch::draw() {
  if (program_.json) return;
  std::vector<const UpdateView*> shown_ones;
  for (const auto& [path, update] : watched_) shown_ones.push_back(&update);
  std::ranges::sort(shown_ones, {}, [](const UpdateView* u) { return u->id; });
  view_.show(shown_ones, interrupted_ ? "" : note());
}

void UpdateWatch::say_json() {
  for (const auto& [path, update] : watched_) {
    if (milestones_.reached(update)) program_.screen.print(document({{"update", to_json(update)}}, true));
  }
}

bool UpdateWatch::finished() const {
  return began_ && watched_.size() == paths_.size() &&
         std::ranges::all_of(watched_, [](const auto& entry) { return entry.second.over(); });
}

bool UpdateWatch::vanished() const {
  if (!follower_->current()) return false;
  return std::ranges::any_of(paths_, [this](const std::string& path) {
    const auto seen = watched_.find(path);
    return !follower_->updates().contains(path) && (seen == watched_.end() || !seen->second.over());
  });
}

std::string UpdateWatch::note() const {
  if (follower_->daemon_away()) return "homepatchd is away. Waiting for it to come back; Ctrl-C ends the watching.";
  const bool idle = std::ranges::all_of(watched_, [](const auto& entry) { return entry.second.over(); });
  if (endless_ && began_ && idle) return "No update is under way. Waiting for one; Ctrl-C ends the watching.";
  return "";
}

}  // namespace homepatch::cli
