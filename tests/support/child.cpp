#include "support/child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>

extern char** environ;

namespace homepatch::test {

namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> whole_environment(const std::vector<std::string>& added) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) out.emplace_back(*entry);
  out.insert(out.end(), added.begin(), added.end());
  return out;
}

}  // namespace

Child::Child(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
             const std::string& output_file) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  pipe_ = UniqueFd(ends[0]);
  const UniqueFd writer(ends[1]);
  ::fcntl(pipe_.get(), F_SETFL, O_NONBLOCK);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  if (output_file.empty()) {
    posix_spawn_file_actions_adddup2(&actions, writer.get(), 1);
  } else {
    posix_spawn_file_actions_addopen(&actions, 1, output_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  }
  posix_spawn_file_actions_adddup2(&actions, writer.get(), 2);
  const auto all = whole_environment(environment);
  const int failed =
      ::posix_spawnp(&pid_, argv[0].c_str(), &actions, nullptr, pointers(argv).data(), pointers(all).data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("cannot start " + argv[0]);
  pidfd_ = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
}

Child::~Child() {
  if (!running()) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool Child::running() {
  if (status_) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return false;
}

void Child::drain() {
  std::array<char, 8192> chunk{};
  for (;;) {
    const auto n = ::read(pipe_.get(), chunk.data(), chunk.size());
    if (n <= 0) return;
    output_.append(chunk.data(), static_cast<std::size_t>(n));
  }
}

const std::string& Child::output() {
  drain();
  return output_;
}

std::optional<int> Child::wait(EventLoop& loop, std::chrono::milliseconds limit) {
  const auto ended = loop.watch(pidfd_.get(), EPOLLIN, [](std::uint32_t) {}).value();
  const auto spoke = loop.watch(pipe_.get(), EPOLLIN | EPOLLET, [this](std::uint32_t) { drain(); }).value();
  loop.run_until([this] { return !running(); }, limit);
  drain();
  return status_;
}

bool Child::wait_for_output(EventLoop& loop, std::string_view text, std::chrono::milliseconds limit) {
  const auto spoke = loop.watch(pipe_.get(), EPOLLIN, [this](std::uint32_t) { drain(); }).value();
  return loop.run_until([&] { return output_.find(text) != std::string::npos; }, limit);
}

std::optional<int> Child::wait(std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (running() && std::chrono::steady_clock::now() < end) {
    std::array<pollfd, 2> fds{pollfd{pidfd_.get(), POLLIN, 0}, pollfd{pipe_.get(), POLLIN, 0}};
    ::poll(fds.data(), fds.size(), 100);
    drain();
  }
  drain();
  return status_;
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "homepatch-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::file(const std::string& name, const std::string& content) const {
  const auto where = path(name);
  std::ofstream(where, std::ios::binary) << content;
  return where;
}

}  // namespace homepatch::test
