#include "pretend_lwm2m_server.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace homepatch::sim {

PretendLwm2mServer::PretendLwm2mServer(EventLoop& loop)
    : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  auto name = to_sockaddr({INADDR_LOOPBACK, 0});
  socklen_t size = sizeof name;
  if (::bind(fd_.get(), reinterpret_cast<sockaddr*>(&name), size) != 0) std::abort();
  ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&name), &size);
  peer_ = from_sockaddr(name);
  watch_ = loop.watch(fd_.get(), EPOLLIN, [this](std::uint32_t) { on_readable(); }).value();
}

std::size_t PretendLwm2mServer::count(int method, std::string_view part) const {
  return static_cast<std::size_t>(std::count_if(seen_.begin(), seen_.end(), [&](const Seen& s) {
    return s.method == method && s.rest.find(part) != std::string::npos;
  }));
}

void PretendLwm2mServer::on_readable() {
  std::array<char, 2048> buffer{};
  sockaddr_in name{};
  socklen_t size = sizeof name;
  const auto got = ::recvfrom(fd_.get(), buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&name), &size);
  if (got < 4) return;
  const std::string in(buffer.data(), static_cast<std::size_t>(got));
  const unsigned token_size = static_cast<unsigned char>(in[0]) & 0x0FU;
  const int method = in[1];
  if (((static_cast<unsigned char>(in[0]) >> 4U) & 3U) != 0) return;  // only confirmable ones are for us
  if (losing_ > 0) {
    --losing_;
    return;
  }
  seen_.push_back({from_sockaddr(name), method, in.substr(4 + token_size)});
  std::string out(1, static_cast<char>(0x60U | token_size));  // version 1, ACK
  const bool registers = method == 2 && in.find("ep=") != std::string::npos;
  out += registers ? '\x41' : method == 4 ? '\x42' : forgets_ ? static_cast<char>(0x84) : '\x44';
  out += in.substr(2, 2 + token_size);
  if (registers) {
    out +=
        "\x82rd\x04"
        "5a3f";  // Location-Path rd, 5a3f
    forgets_ = false;
  }
  ::sendto(fd_.get(), out.data(), out.size(), 0, reinterpret_cast<sockaddr*>(&name), size);
}

}  // namespace homepatch::sim
