// A loop, an artifact server on a free loopback port, a file to serve, and clients that speak raw bytes or are curl.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "protocols/http/artifact_server.hpp"
#include "support/child.hpp"

namespace homepatch {

// A client from an address of its own that says exactly what it is told to.
class RawClient {
 public:
  RawClient(EventLoop& loop, std::uint16_t port, const std::string& from = "127.0.0.1", int receive_buffer = 0)
      : loop_(loop), fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_storage address{};
    socklen_t size = IpAddress::parse(from).value().fill(address, 0);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    size = IpAddress::parse("127.0.0.1").value().fill(address, port);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  }

  void say(const std::string& bytes) {
    EXPECT_EQ(::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }

  // Turns the loop until the server has closed, `enough` says so, or it takes too long; all that was received.
  const std::string& hear(const std::function<bool(const std::string&)>& enough = {},
                          std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    const auto watch = loop_.watch(fd_.get(), EPOLLIN, [this](std::uint32_t) { receive(); }).value();
    loop_.run_until([&] { return closed_ || (enough && enough(heard_)); }, limit);
    return heard_;
  }

  // What can be had at once, without the loop.
  std::size_t drain() {
    const auto before = heard_.size();
    while (receive()) {
    }
    return heard_.size() - before;
  }

  [[nodiscard]] bool closed() const { return closed_; }
  [[nodiscard]] const std::string& heard() const { return heard_; }

 private:
  bool receive() {
    std::vector<char> chunk(65'536);
    const auto n = ::recv(fd_.get(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN)) closed_ = true;
    if (n > 0) heard_.append(chunk.data(), static_cast<std::size_t>(n));
    return n > 0;
  }

  EventLoop& loop_;
  UniqueFd fd_;
  std::string heard_;
  bool closed_ = false;
};

class ServeTest : public ::testing::Test {
 protected:
  static constexpr const char* kDevice = "127.0.0.2";

  void SetUp() override { open(); }

  void open(const ServerLimits& limits = {}) {
    server.reset();
    server = ArtifactServer::open(*loop, {{"127.0.0.1", 0}}, limits).value();
    port = server->listening().at(0).port;
  }

  // A file of `content`, open for reading.
  ServedFile file(const std::string& name, const std::string& content) {
    files.emplace_back(::open(folder.file(name, content).c_str(), O_RDONLY | O_CLOEXEC));
    return {name, files.back().get(), content.size(), std::string(32, 'a')};
  }

  ArtifactServer::Folder serve(const std::vector<ServedFile>& served, const std::string& client = kDevice,
                               ServeEvents events = {}) {
    return server->serve(token, client, served, std::move(events)).value();
  }

  [[nodiscard]] std::string path(const std::string& name) const { return "/" + token + "/" + name; }

  // The whole answer to one request, the connection closed behind it.
  std::string ask(const std::string& line, const std::string& fields = {}, const std::string& from = kDevice) {
    RawClient client(*loop, port, from);
    client.say(line + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + fields + "\r\n");
    return client.hear();
  }

  static std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }
  static bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

  std::unique_ptr<EventLoop> loop = EventLoop::open().value();
  test::TemporaryFolder folder;
  std::vector<UniqueFd> files;
  std::string token = ArtifactServer::new_token();
  std::unique_ptr<ArtifactServer> server;
  std::uint16_t port = 0;
};

}  // namespace homepatch
