// As much of an LwM2M server as a client needs to feel at home, written with bare bytes so that it cannot share a
// mistake with the client's CoAP codec.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "base/unique_fd.hpp"
#include "sim/address.hpp"

namespace homepatch::sim {

class PretendLwm2mServer {
 public:
  explicit PretendLwm2mServer(EventLoop& loop);

  [[nodiscard]] Peer peer() const { return peer_; }

  struct Seen {
    Peer from;
    int method = 0;
    std::string rest;  // options and payload as they came
  };
  [[nodiscard]] const std::vector<Seen>& seen() const { return seen_; }
  // Requests whose bytes hold `part`.
  [[nodiscard]] std::size_t count(int method, std::string_view part = {}) const;

  // Answers updates with 4.04 from now on, as after a restart with an empty memory.
  void forget() { forgets_ = true; }
  // Swallows the next `n` requests.
  void lose(int n) { losing_ = n; }

 private:
  void on_readable();

  UniqueFd fd_;
  Peer peer_;
  bool forgets_ = false;
  int losing_ = 0;
  std::vector<Seen> seen_;
  Watch watch_;
};

}  // namespace homepatch::sim
