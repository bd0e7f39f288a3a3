// A program that a test runs beside itself: started, waited for on the loop, killed by its own id if it still runs.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/event_loop.hpp"
#include "base/unique_fd.hpp"

namespace homepatch::test {

class Child {
 public:
  // argv[0] is looked up in PATH. Standard output and error go into one pipe, or to `output_file` where it is given.
  // `environment` entries ("NAME=value") are added to this process's own.
  explicit Child(const std::vector<std::string>& argv, const std::vector<std::string>& environment = {},
                 const std::string& output_file = {});
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Turns the loop until the program has ended; its exit status (128 + signal if killed), nothing after `limit`.
  std::optional<int> wait(EventLoop& loop, std::chrono::milliseconds limit = std::chrono::seconds(30));
  // The same without a loop.
  std::optional<int> wait(std::chrono::milliseconds limit = std::chrono::seconds(30));

  // Turns the loop until the program has written `text`; false when it did not within `limit`.
  bool wait_for_output(EventLoop& loop, std::string_view text,
                       std::chrono::milliseconds limit = std::chrono::seconds(10));

  // What it has written so far.
  const std::string& output();
  [[nodiscard]] bool running();
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  void drain();

  pid_t pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd pipe_;
  std::string output_;
  std::optional<int> status_;
};

// A folder that is gone with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] std::string path(const std::string& name = {}) const {
    return name.empty() ? path_ : path_ + "/" + name;
  }
  // Writes a file into it and gives its path.
  std::string file(const std::string& name, const std::string& content) const;

 private:
  std::string path_;
};

}  // namespace homepatch::test
