#include "support/raw_http_server.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace homepatch::test {

namespace {

// The next head, its empty line included; what came after it stays in `buffer`.
bool read_head(int fd, std::string& buffer, std::string& head) {
  std::size_t end = 0;
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
    std::array<char, 4096> chunk{};
    const auto n = ::recv(fd, chunk.data(), chunk.size(), 0);
    if (n <= 0) return false;
    buffer.append(chunk.data(), static_cast<std::size_t>(n));
  }
  head = buffer.substr(0, end + 4);
  buffer.erase(0, end + 4);
  return true;
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

std::string RawHttpServer::Exchange::path() const {
  const auto first = head_.find(' ') + 1;
  return head_.substr(first, head_.find(' ', first) - first);
}

std::string RawHttpServer::Exchange::field(std::string_view name) const {
  std::string_view rest = head_;
  while (!rest.empty()) {
    const auto end = rest.find("\r\n");
    const auto line = rest.substr(0, end);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && same_name(line.substr(0, colon), name)) {
      return std::string(line.substr(std::min(line.size(), colon + 2)));
    }
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 2);
  }
  return {};
}

bool RawHttpServer::Exchange::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool RawHttpServer::Exchange::answer(int status, std::string_view body, std::string_view fields) {
  return send(fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(), fields, body));
}

void RawHttpServer::Exchange::stay_silent() {
  std::array<char, 256> ignored{};
  while (::recv(fd_, ignored.data(), ignored.size(), 0) > 0) {
  }
}

RawHttpServer::RawHttpServer(Handler handler, const std::string& ip)
    : handler_(std::move(handler)), ip_(ip), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, ip.c_str(), &address.sin_addr);
  socklen_t size = sizeof address;
  if (::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::listen(listener_.get(), 64) != 0 ||
      ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("the test's HTTP server cannot listen");
  }
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { accept_connections(); });
}

RawHttpServer::~RawHttpServer() {
  stopping_ = true;
  ::shutdown(listener_.get(), SHUT_RDWR);
  thread_.join();
  for (auto& connection : connections_) ::shutdown(connection.fd.get(), SHUT_RDWR);
  for (auto& connection : connections_) connection.thread.join();
}

std::string RawHttpServer::url(std::string_view path) const { return fmt::format("http://{}:{}{}", ip_, port_, path); }

std::vector<std::string> RawHttpServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::size_t RawHttpServer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

void RawHttpServer::accept_connections() {
  while (!stopping_) {
    UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd) continue;
    const std::lock_guard lock(mutex_);
    auto& connection = connections_.emplace_back();
    connection.fd = std::move(fd);
    connection.thread = std::thread([this, raw = connection.fd.get()] { serve(raw); });
  }
}

void RawHttpServer::serve(int fd) {
  std::string buffer;
  std::string head;
  while (read_head(fd, buffer, head)) {
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(head);
    }
    Exchange exchange(fd, head);
    if (!handler_(exchange)) break;
  }
  ::shutdown(fd, SHUT_RDWR);
}

RawHttpServer::Handler static_site(std::map<std::string, std::string> files) {
  return [files = std::move(files)](RawHttpServer::Exchange& exchange) {
    const auto found = files.find(exchange.path());
    return found != files.end() ? exchange.answer(200, found->second) : exchange.answer(404, "no such file\n");
  };
}

}  // namespace homepatch::test
