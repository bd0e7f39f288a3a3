// What a pretend device says of itself to whoever started it: one line an event, `device event key=value ...`,
// complete when it is written, so that tests and scripts can wait for it.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace homepatch::sim {

// Gets each line without its end.
using LineSink = std::function<void(std::string_view)>;

// Writes to standard output, which it makes line-buffered.
LineSink standard_output();

// A value that may hold spaces or anything foreign: in double quotes, controls and quotes replaced.
std::string in_quotes(std::string_view text);

class Voice {
 public:
  // `sink` outlives the voice.
  Voice(std::string device, const LineSink& sink) : device_(std::move(device)), sink_(&sink) {}

  template <typename... Args>
  void say(fmt::format_string<Args...> format, Args&&... args) const {
    (*sink_)(device_ + ' ' + fmt::format(format, std::forward<Args>(args)...));
  }

  [[nodiscard]] const std::string& device() const { return device_; }

 private:
  std::string device_;
  const LineSink* sink_;
};

}  // namespace homepatch::sim
