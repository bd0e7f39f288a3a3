#include "child.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "base/file.hpp"

extern char** environ;

namespace homepatch::sim {

Child::Child(EventLoop& loop, std::vector<std::string> argv) : loop_(loop) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
  out_ = UniqueFd(ends[0]);
  const UniqueFd in(ends[1]);
  ::fcntl(out_.get(), F_SETFL, O_NONBLOCK);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, in.get(), STDERR_FILENO);
  std::vector<char*> words;
  for (auto& word : argv) words.push_back(word.data());
  words.push_back(nullptr);
  if (::posix_spawnp(&pid_, words[0], &actions, nullptr, words.data(), environ) != 0) pid_ = -1;
  posix_spawn_file_actions_destroy(&actions);
  watch_ = loop.watch(out_.get(), EPOLLIN, [this](std::uint32_t) { on_readable(); }).value();
}

Child::~Child() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Child::on_readable() {
  std::array<char, 4096> buffer{};
  const auto got = ::read(out_.get(), buffer.data(), buffer.size());
  if (got == 0) {
    ended_ = true;
    watch_.cancel();
  }
  if (got > 0) rest_.append(buffer.data(), static_cast<std::size_t>(got));
  for (auto end = rest_.find('\n'); end != std::string::npos; end = rest_.find('\n')) {
    lines_.push_back(rest_.substr(0, end));
    rest_.erase(0, end + 1);
  }
}

std::string Child::output() const {
  std::string out;
  for (const auto& line : lines_) out += line + '\n';
  return out + rest_;
}

bool Child::await(std::string_view part_of_a_line, std::size_t times) {
  return loop_.run_until(
      [&] {
        return static_cast<std::size_t>(std::count_if(lines_.begin(), lines_.end(), [&](const std::string& line) {
                 return line.find(part_of_a_line) != std::string::npos;
               })) >= times;
      },
      kDeadline);
}

int Child::await_end() {
  if (pid_ <= 0 || !loop_.run_until([this] { return ended_; }, kDeadline)) return -1;
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void Child::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

std::uint16_t free_port() {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof name;
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&name), size) != 0) return 0;
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&name), &size);
  return ntohs(name.sin_port);
}

TestBroker::TestBroker(EventLoop& loop) : loop_(loop) {}

bool TestBroker::start() {
  constexpr int kTries = 5;  // somebody else may take the port in between
  for (int i = 0; i < kTries; ++i) {
    port_ = free_port();
    const auto path = "/tmp/homepatch-test-" + std::to_string(::getpid()) + ".conf";
    const auto text = "listener " + std::to_string(port_) + " 127.0.0.1\nallow_anonymous true\npersistence false\n";
    if (!write_file_atomically(path, text)) return false;
    broker_ = std::make_unique<Child>(loop_, std::vector<std::string>{"/usr/sbin/mosquitto", "-v", "-c", path});
    const bool running = broker_->await(" running");
    ::unlink(path.c_str());
    if (running) return true;
  }
  return false;
}

bool TestBroker::publish(const std::string& topic, const std::string& payload) {
  Child publisher(loop_, {"mosquitto_pub", "-h", "127.0.0.1", "-p", std::to_string(port_), "-t", topic, "-m", payload});
  return publisher.await_end() == 0;
}

bool TestBroker::listen() {
  const auto name = "listener-" + std::to_string(++listeners_);
  listener_ = std::make_unique<Child>(
      loop_, std::vector<std::string>{"mosquitto_sub", "-h", "127.0.0.1", "-p", std::to_string(port_), "-i", name, "-F",
                                      "%r %t %p", "-t", "#"});
  return broker_->await("Sending SUBACK to " + name);
}

}  // namespace homepatch::sim
