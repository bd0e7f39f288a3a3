// Watches updates until all of them are over, or until Ctrl-C: the engine of `update --wait` and `watch`. Ctrl-C ends
// the watching, never an update. Survives the daemon's restart: it waits for the daemon's name and reads again.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "cli/bus.hpp"
#include "cli/program.hpp"
#include "cli/progress_view.hpp"
#include "cli/update_follower.hpp"

namespace homepatch::cli {

class UpdateWatch {
 public:
  struct Outcome {
    std::vector<UpdateView> updates;  // those that were watched, as they were last seen
    bool interrupted = false;         // by Ctrl-C, before all were over
    bool vanished = false;            // the daemon no longer knows one of them
  };

  // Opens the loop and takes over SIGINT, SIGTERM and SIGWINCH.
  static Result<std::unique_ptr<UpdateWatch>> open(const Program& program, Bus& bus);

  // Until the updates at these object paths are over.
  Result<Outcome> until_over(const std::vector<std::string>& paths);

  // All that are under way now or later, until Ctrl-C.
  Status until_interrupted();

 private:
  UpdateWatch(const Program& program, Bus& bus, std::unique_ptr<EventLoop> loop)
      : program_(program), bus_(bus), loop_(std::move(loop)), view_(program.screen) {}

  Status take_signals();
  // Turns the loop until something ends it; the error that did, or nothing.
  Status turn();
  void on_change();
  void remember();
  void draw();
  void say_json();
  [[nodiscard]] bool finished() const;
  [[nodiscard]] bool vanished() const;
  [[nodiscard]] std::string note() const;

  const Program& program_;
  Bus& bus_;
  std::unique_ptr<EventLoop> loop_;
  ProgressView view_;
  Milestones milestones_;  // of the JSON lines
  bool endless_ = false;
  bool interrupted_ = false;
  bool began_ = false;                         // something was read
  std::set<std::string> paths_;                // endless: those not to be shown; else: those to be
  std::map<std::string, UpdateView> watched_;  // as last seen: one that is over may be tidied away by the daemon
  std::unique_ptr<UpdateFollower> follower_;
  std::vector<Watch> signals_;
  Timer redraw_;
};

}  // namespace homepatch::cli
