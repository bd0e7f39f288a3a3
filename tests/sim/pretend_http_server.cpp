#include "pretend_http_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>

namespace homepatch::sim {

PretendHttpServer::PretendHttpServer(EventLoop& loop)
    : loop_(loop), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof name;
  if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&name), size) != 0 || ::listen(listener_.get(), 16) != 0) {
    std::abort();
  }
  ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&name), &size);
  port_ = ntohs(name.sin_port);
  watch_ = loop.watch(listener_.get(), EPOLLIN, [this](std::uint32_t) { on_connection(); }).value();
}

std::string PretendHttpServer::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

void PretendHttpServer::serve(const std::string& path, const std::string& body, const std::string& more_headers) {
  answer(path,
         "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + more_headers + "\r\n" + body);
}

void PretendHttpServer::on_connection() {
  sockaddr_in name{};
  socklen_t size = sizeof name;
  UniqueFd fd(::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&name), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!fd) return;
  std::array<char, INET_ADDRSTRLEN> text{};
  ::inet_ntop(AF_INET, &name.sin_addr, text.data(), text.size());
  auto& connection = connections_.emplace_back();
  connection.fd = std::move(fd);
  connection.peer = text.data();
  connection.watch =
      loop_.watch(connection.fd.get(), EPOLLIN, [this, &connection](std::uint32_t) { on_ready(connection); }).value();
}

void PretendHttpServer::on_ready(Connection& connection) {
  std::array<char, 4096> buffer{};
  const auto got = ::recv(connection.fd.get(), buffer.data(), buffer.size(), 0);
  if (got == 0) {
    connection.watch.cancel();
    connection.fd.reset();
    return;
  }
  if (got > 0) connection.in.append(buffer.data(), static_cast<std::size_t>(got));
  if (connection.in.find("\r\n\r\n") != std::string::npos) {
    reply(connection);
    connection.in.clear();
  }
  if (connection.out.empty()) return;
  const auto sent = ::send(connection.fd.get(), connection.out.data(), connection.out.size(), MSG_NOSIGNAL);
  if (sent > 0) connection.out.erase(0, static_cast<std::size_t>(sent));
  connection.watch.set_events(connection.out.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT);
  if (connection.out.empty() && !connection.stalled) ::shutdown(connection.fd.get(), SHUT_WR);
}

void PretendHttpServer::reply(Connection& connection) {
  const auto begin = connection.in.find(' ') + 1;
  const auto path = connection.in.substr(begin, connection.in.find(' ', begin) - begin);
  requests_.push_back({connection.peer, path, connection.in});
  const auto found = answers_.find(path);
  connection.out = found == answers_.end() ? "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n" : found->second;
  if (connection.out.size() > most_) {
    connection.out.resize(most_);
    connection.stalled = true;
  }
}

}  // namespace homepatch::sim
