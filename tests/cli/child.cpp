#include "child.hpp"

#include <fcntl.h>
#include <pty.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <stdexcept>

namespace homepatch::cli {

namespace {

[[noreturn]] void become(const std::vector<std::string>& arguments,
                         const std::map<std::string, std::string>& variables) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::vector<std::string> texts;
  for (const auto& [name, value] : variables) texts.push_back(name + "=" + value);
  std::vector<char*> environment;
  for (std::string& text : texts) environment.push_back(text.data());
  environment.push_back(nullptr);
  std::vector<std::string> words{HOMEPATCHCTL};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> list;
  for (std::string& word : words) list.push_back(word.data());
  list.push_back(nullptr);
  ::execve(HOMEPATCHCTL, list.data(), environment.data());
  ::_exit(127);
}

}  // namespace

Child::Child(EventLoop& loop, const std::string& bus_address, const std::vector<std::string>& arguments,
             const Where& where)
    : loop_(loop) {
  std::map<std::string, std::string> variables = where.environment;
  variables.emplace("DBUS_SYSTEM_BUS_ADDRESS", bus_address);
  variables.emplace("LC_ALL", "C.UTF-8");
  variables.emplace("TERM", "xterm");
  variables.emplace("TZ", "UTC");
  if (const char* options = std::getenv("ASAN_OPTIONS")) variables.emplace("ASAN_OPTIONS", options);

  if (where.columns > 0) {
    winsize size{};
    size.ws_col = where.columns;
    size.ws_row = where.rows;
    int master = -1;
    pid_ = ::forkpty(&master, nullptr, nullptr, &size);
    if (pid_ == 0) become(arguments, variables);
    out_fd_ = UniqueFd(master);
  } else {
    std::array<int, 2> out{};
    std::array<int, 2> err{};
    if (::pipe2(out.data(), O_CLOEXEC) != 0 || ::pipe2(err.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(out[1], STDOUT_FILENO);
      ::dup2(err[1], STDERR_FILENO);
      become(arguments, variables);
    }
    ::close(out[1]);
    ::close(err[1]);
    out_fd_ = UniqueFd(out[0]);
    err_fd_ = UniqueFd(err[0]);
  }
  if (pid_ < 0) throw std::runtime_error("no child process");
  const auto follow = [&](UniqueFd& fd, std::string& text, Watch& watch) {
    ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
    watch =
        loop_.watch(fd.get(), EPOLLIN, [this, &fd, &text, &watch](std::uint32_t) { read_into(text, fd.get(), watch); })
            .value();
    ++open_ends_;
  };
  follow(out_fd_, out_, out_watch_);
  if (err_fd_) follow(err_fd_, err_, err_watch_);
}

Child::~Child() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Child::read_into(std::string& text, int fd, Watch& watch) {
  std::array<char, 65536> buffer{};
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  if (got > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(got));
    return;
  }
  // A terminal whose last user left answers EIO, a pipe end of file.
  --open_ends_;
  watch.cancel();
}

bool Child::says(const std::string& text) {
  return loop_.run_until([&] { return out_.find(text) != std::string::npos || open_ends_ == 0; }, kLimit) &&
         out_.find(text) != std::string::npos;
}

int Child::wait() {
  if (!loop_.run_until([&] { return open_ends_ == 0; }, kLimit)) return -1;
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void Child::press_ctrl_c() {
  if (::write(out_fd_.get(), "\x03", 1) != 1) throw std::runtime_error("the terminal takes no key");
}

void Child::send(int signal) const { ::kill(pid_, signal); }

}  // namespace homepatch::cli
