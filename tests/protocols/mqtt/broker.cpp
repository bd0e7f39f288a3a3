#include "broker.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <mosquitto.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace homepatch::mqtt {

namespace {

std::uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (fd < 0 || ::bind(fd, generic, size) != 0 || ::getsockname(fd, generic, &size) != 0) {
    throw std::runtime_error("no free port");
  }
  ::close(fd);
  return ntohs(address.sin_port);
}

std::string temporary_folder() {
  std::string pattern = std::filesystem::temp_directory_path() / "homepatch-broker-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
  std::filesystem::permissions(pattern, std::filesystem::perms(0755));
  return pattern;
}

// Reads the broker's log until it says that it runs.
bool says_running(int fd) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  std::string log;
  while (log.find(" running") == std::string::npos) {
    pollfd p{fd, POLLIN, 0};
    if (std::chrono::steady_clock::now() > deadline || ::poll(&p, 1, 10'000) != 1) return false;
    std::array<char, 512> bytes{};
    const auto got = ::read(fd, bytes.data(), bytes.size());
    if (got <= 0) return false;
    log.append(bytes.data(), static_cast<std::size_t>(got));
  }
  return true;
}

[[noreturn]] void become_broker(const std::string& configuration, int log) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(log, STDERR_FILENO);
  ::dup2(log, STDOUT_FILENO);
  ::setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
  ::execlp("mosquitto", "mosquitto", "-c", configuration.c_str(), nullptr);
  ::_exit(127);
}

}  // namespace

Broker::Broker(bool anonymous) : anonymous_(anonymous), port_(free_port()), folder_(temporary_folder()) {
  std::ofstream(folder_ + "/mosquitto.conf") << fmt::format(
      "listener {} 127.0.0.1\nallow_anonymous {}\npersistence false\nconnection_messages false\n"
      "log_dest stderr\nlog_type information\nlog_type error\n",
      port_, anonymous_ ? "true" : "false");
}

Broker::~Broker() {
  stop();
  std::filesystem::remove_all(folder_);
}

bool Broker::start() {
  std::array<int, 2> log{};
  if (::pipe(log.data()) != 0) return false;
  const auto configuration = folder_ + "/mosquitto.conf";
  pid_ = ::fork();
  if (pid_ == 0) become_broker(configuration, log[1]);
  ::close(log[1]);
  const bool running = pid_ > 0 && says_running(log[0]);
  ::close(log[0]);
  return running;
}

void Broker::stop() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

Peer::Peer(const Broker& broker, OnMessage on_message) : on_message_(std::move(on_message)) {
  mosquitto_lib_init();
  client_ = mosquitto_new(nullptr, true, this);
  mosquitto_message_callback_set(client_, &Peer::on_message);
  if (mosquitto_connect(client_, "127.0.0.1", broker.port(), 60) != MOSQ_ERR_SUCCESS) {
    throw std::runtime_error("the test's own client cannot connect");
  }
}

Peer::~Peer() { mosquitto_destroy(client_); }

void Peer::subscribe(const std::string& filter) { mosquitto_subscribe(client_, nullptr, filter.c_str(), 0); }

void Peer::publish(const std::string& topic, const std::string& payload, bool retain) {
  mosquitto_publish(client_, nullptr, topic.c_str(), static_cast<int>(payload.size()), payload.data(), 0, retain);
}

void Peer::turn() {
  do {
    mosquitto_loop(client_, 0, 100);
  } while (mosquitto_want_write(client_));
}

void Peer::on_message(struct mosquitto*, void* self, const struct mosquitto_message* message) {
  auto* peer = static_cast<Peer*>(self);
  const Message copy{
      message->topic,
      std::string(static_cast<const char*>(message->payload), static_cast<std::size_t>(message->payloadlen)),
      message->retain};
  peer->heard.push_back(copy);
  if (peer->on_message_) peer->on_message_(*peer, copy);
}

}  // namespace homepatch::mqtt
