// Bodies that arrive in blocks (Block1, RFC 7959 section 2.5), put together within limits. Pure: requests and time in,
// whole bodies or intermediate answers out. Keyed by sender, path and Request-Tag (RFC 9175 section 3).
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <variant>

#include "protocols/coap/message.hpp"

namespace homepatch::coap {

class Reassembly {
 public:
  static constexpr std::size_t kMaxBody = 64 * 1024;
  static constexpr std::size_t kMaxHeld = 1024 * 1024;  // of all unfinished bodies
  static constexpr std::size_t kMaxBodies = 128;
  static constexpr std::size_t kMaxBodiesPerAddress = 8;
  static constexpr std::chrono::seconds kMaxAge{60};  // since the last block

  // The whole payload, or what to answer now: 2.31, 4.08 (a block is missing), 4.13, 5.03, 4.00. A block that is
  // repeated gets the same answer again.
  using Outcome = std::variant<std::string, Answer>;
  Outcome take(const Incoming& request, std::chrono::milliseconds now);

  [[nodiscard]] std::size_t bodies() const { return bodies_.size(); }

 private:
  struct Body {
    std::string payload;
    std::chrono::milliseconds touched{0};
  };

  void forget_old(std::chrono::milliseconds now);
  [[nodiscard]] bool has_room_for(const Incoming& request) const;

  using Key = std::pair<Address, std::string>;
  std::map<Key, Body> bodies_;
  std::size_t held_ = 0;
};

}  // namespace homepatch::coap
