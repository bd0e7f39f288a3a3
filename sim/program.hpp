// What every subcommand of homepatch-sim shares: how it is declared, and how pretend devices are run until somebody
// stops them.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "base/event_loop.hpp"
#include "base/result.hpp"

namespace homepatch::sim {

inline constexpr std::size_t kMaxDevices = 5000;

// The chosen subcommand's work; set by CLI11 when it has read the command line.
using Work = std::function<Status()>;

// Each declares its subcommand; the options live as long as `app`.
void add_make_image(CLI::App& app, Work& chosen);
void add_tasmota(CLI::App& app, Work& chosen);
void add_lwm2m(CLI::App& app, Work& chosen);

// One descriptor for each device's socket, download and library needs the whole hard limit.
void raise_descriptor_limit();

// Turns the loop until SIGTERM, SIGINT or the end of `run_for` (zero: no end); then calls `stop`, which ends with
// calling its argument, at once or a little later.
Status run_until_stopped(EventLoop& loop, std::chrono::seconds run_for,
                         std::function<void(std::function<void()>)> stop);

// Starts devices one after the other, a few a turn, so that a thousand of them do not fall over the broker at once.
template <typename Device>
class Fleet {
 public:
  explicit Fleet(EventLoop& loop) : loop_(loop) {}

  void add(std::unique_ptr<Device> device) { devices_.push_back(std::move(device)); }
  [[nodiscard]] const std::vector<std::unique_ptr<Device>>& devices() const { return devices_; }

  void start() {
    constexpr std::size_t kBurst = 5;
    constexpr std::chrono::milliseconds kPause{10};
    for (std::size_t i = 0; i < kBurst && started_ < devices_.size(); ++i) devices_[started_++]->start();
    if (started_ < devices_.size()) next_ = loop_.after(kPause, [this] { start(); });
  }
  void stop_starting() { next_.cancel(); }

 private:
  EventLoop& loop_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::size_t started_ = 0;
  Timer next_;
};

}  // namespace homepatch::sim
