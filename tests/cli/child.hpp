// homepatchctl as a child process, on pipes or on a terminal of the test's own, with what it wrote so far.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "base/unique_fd.hpp"

namespace homepatch::cli {

class Child {
 public:
  static constexpr std::chrono::seconds kLimit{30};

  struct Where {
    unsigned short columns = 0;  // of its terminal; 0: pipes
    unsigned short rows = 24;
    std::map<std::string, std::string> environment{};  // added to the little that every child gets
  };

  Child(EventLoop& loop, const std::string& bus_address, const std::vector<std::string>& arguments, const Where& where);
  Child(EventLoop& loop, const std::string& bus_address, const std::vector<std::string>& arguments)
      : Child(loop, bus_address, arguments, Where()) {}
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Turns the loop until the text was written to standard output; false when it does not come in time.
  bool says(const std::string& text);
  // Turns the loop until the program ended: its exit status, -1 when a signal ended it or it did not end in time.
  int wait();
  // Types Ctrl-C on its terminal.
  void press_ctrl_c();
  void send(int signal) const;

  [[nodiscard]] const std::string& out() const { return out_; }  // a terminal's holds standard error as well
  [[nodiscard]] const std::string& err() const { return err_; }

 private:
  void read_into(std::string& text, int fd, Watch& watch);

  EventLoop& loop_;
  pid_t pid_ = -1;
  std::string out_;
  std::string err_;
  UniqueFd out_fd_;
  UniqueFd err_fd_;
  Watch out_watch_;
  Watch err_watch_;
  int open_ends_ = 0;
};

}  // namespace homepatch::cli
