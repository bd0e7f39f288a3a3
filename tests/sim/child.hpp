// A foreign program under test or helping one: started, listened to, and killed by its own process id at the end.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_loop.hpp"
#include "base/unique_fd.hpp"

namespace homepatch::sim {

inline constexpr std::chrono::seconds kDeadline{20};

class Child {
 public:
  // argv[0] is looked up in PATH. Standard output and error come together, line by line.
  Child(EventLoop& loop, std::vector<std::string> argv);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }
  [[nodiscard]] std::string output() const;

  // Turn the loop until it has happened; false after kDeadline.
  bool await(std::string_view part_of_a_line, std::size_t times = 1);
  // The exit status, or -1 when it did not end by itself.
  int await_end();
  void signal(int number) const;

 private:
  void on_readable();

  EventLoop& loop_;
  UniqueFd out_;
  int pid_ = -1;
  bool ended_ = false;
  std::string rest_;
  std::vector<std::string> lines_;
  Watch watch_;
};

// A TCP port of 127.0.0.1 that was free a moment ago.
std::uint16_t free_port();

// mosquitto on a free port, and what stands for the rest of the house.
class TestBroker {
 public:
  explicit TestBroker(EventLoop& loop);

  [[nodiscard]] std::uint16_t port() const { return port_; }
  bool start();
  // By mosquitto_pub, QoS 0, not retained; true when it has been handed over.
  bool publish(const std::string& topic, const std::string& payload);
  // A mosquitto_sub to everything, each line "RETAINED TOPIC PAYLOAD"; true when it is subscribed.
  bool listen();
  [[nodiscard]] Child& heard() { return *listener_; }

 private:
  EventLoop& loop_;
  std::uint16_t port_ = 0;
  int listeners_ = 0;
  std::unique_ptr<Child> broker_;
  std::unique_ptr<Child> listener_;
};

}  // namespace homepatch::sim
