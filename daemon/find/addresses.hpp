// The IP addresses of the interfaces that the configuration names, now and as they change (rtnetlink). Whoever listens
// follows them, so that nothing listens elsewhere (I14).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace homepatch {

class Addresses {
 public:
  static Result<std::unique_ptr<Addresses>> open(EventLoop& loop, std::vector<std::string> interfaces);

  // IP literals, IPv4 before IPv6; link-local ones are left out, for a URL cannot carry their zone.
  [[nodiscard]] const std::vector<std::string>& now() const { return now_; }

  void listen(std::function<void()> changed) { changed_ = std::move(changed); }

 private:
  Addresses(EventLoop& loop, std::vector<std::string> interfaces) : loop_(loop), interfaces_(std::move(interfaces)) {}
  Status watch();
  void on_netlink();
  Status look();

  EventLoop& loop_;
  std::vector<std::string> interfaces_;
  std::vector<std::string> now_;
  std::function<void()> changed_;
  UniqueFd netlink_;
  Watch watch_;
  Timer collect_;
};

}  // namespace homepatch
