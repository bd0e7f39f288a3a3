// What a pretend device in this process says, kept for a test to wait on.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_loop.hpp"
#include "child.hpp"
#include "sim/voice.hpp"

namespace homepatch::sim {

class DeviceLines {
 public:
  explicit DeviceLines(EventLoop& loop) : loop_(loop) {}

  [[nodiscard]] const LineSink& sink() const { return sink_; }

  // Lines that hold `part`.
  [[nodiscard]] std::size_t count(std::string_view part) const {
    return static_cast<std::size_t>(std::count_if(
        lines_.begin(), lines_.end(), [&](const auto& line) { return line.find(part) != std::string::npos; }));
  }
  [[nodiscard]] bool await(std::string_view part, std::size_t times = 1) {
    return loop_.run_until([&] { return count(part) >= times; }, kDeadline);
  }
  // The value behind `key=` in the newest line that has one.
  [[nodiscard]] std::string last(std::string_view key) const {
    for (auto line = lines_.rbegin(); line != lines_.rend(); ++line) {
      const auto at = line->find(' ' + std::string(key) + '=');
      if (at != std::string::npos)
        return line->substr(at + key.size() + 2, line->find(' ', at + 1) - at - key.size() - 2);
    }
    return {};
  }
  [[nodiscard]] std::string text() const {
    std::string out;
    for (const auto& line : lines_) out += line + '\n';
    return out;
  }

 private:
  EventLoop& loop_;
  std::vector<std::string> lines_;
  LineSink sink_ = [this](std::string_view line) { lines_.emplace_back(line); };
};

}  // namespace homepatch::sim
