// Shows updates while they happen. On a terminal: a line each, redrawn in place, under what was said for good. On a
// pipe: a line whenever a phase changes and at every tenth of a transfer. Fed by update --wait and watch.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/screen.hpp"
#include "cli/views.hpp"

namespace homepatch::cli {

// Tells when an update has come far enough to be spoken of: a new phase, or another tenth.
class Milestones {
 public:
  // True once for each milestone of each update.
  bool reached(const UpdateView& update);

 private:
  struct Mark {
    std::string phase;
    std::string reason;
    std::uint64_t attempts = 0;
    unsigned tenth = 0;

    friend bool operator==(const Mark&, const Mark&) = default;
  };
  std::map<std::string, Mark> marks_;
};

// One line for an update under way, at most `width` columns.
std::string progress_line(const UpdateView& update, std::size_t name_width, const Screen& screen);

class ProgressView {
 public:
  explicit ProgressView(const Screen& screen) : screen_(screen) {}

  // The updates as they are now. One that is over gets its outcome said, once, and leaves the live lines. `note`, where
  // not empty, stands below them.
  void show(const std::vector<const UpdateView*>& updates, const std::string& note);

  // A line for good, above the live ones.
  void say(const std::string& line);

 private:
  void show_in_place(const std::vector<const UpdateView*>& running, const std::string& note);
  void show_as_lines(const std::vector<const UpdateView*>& running, const std::string& note);
  // Wipes the live lines off the terminal.
  void wipe();

  const Screen& screen_;
  Milestones milestones_;
  std::map<std::string, bool> over_;  // by path: whether its outcome was said
  std::string note_;
  std::size_t drawn_ = 0;  // live lines on the terminal
};

}  // namespace homepatch::cli
