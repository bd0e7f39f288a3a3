#include "protocols/http/tcp_delivery.hpp"

#include <linux/sockios.h>
#include <linux/tcp.h>  // the C library's own tcp_info ends before tcpi_bytes_acked
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace homepatch {

namespace {

constexpr std::uint8_t kClosed = 7;  // TCP_CLOSE of the kernel's tcp_states.h

}  // namespace

TcpDelivery tcp_delivery(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return {};
  int waiting = 0;
  ::ioctl(fd, SIOCOUTQ, &waiting);
  TcpDelivery out;
  out.alive = info.tcpi_state != kClosed;
  out.acknowledged = info.tcpi_bytes_acked;
  out.written = info.tcpi_bytes_acked + static_cast<std::uint64_t>(waiting);
  return out;
}

void cut_connection(int fd) {
  const linger at_once{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ::shutdown(fd, SHUT_RDWR);
}

}  // namespace homepatch
