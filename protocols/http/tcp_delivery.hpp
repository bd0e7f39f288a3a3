// How far a TCP connection's bytes have come: what its peer has acknowledged, not what a send buffer has swallowed.
// A slow device may need a minute for what the kernel took at once.
#pragma once

#include <cstdint>

namespace homepatch {

// Counted from the beginning of the connection, from the same point for both.
struct TcpDelivery {
  bool alive = false;  // more can still be acknowledged
  std::uint64_t acknowledged = 0;
  std::uint64_t written = 0;
};

// From TCP_INFO and SIOCOUTQ (tcp(7)); all zero for what is not a TCP socket.
TcpDelivery tcp_delivery(int fd);

// The connection is cut: what waits in the kernel is not sent any more, the peer sees a reset.
void cut_connection(int fd);

}  // namespace homepatch
