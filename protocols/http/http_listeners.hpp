// The listening sockets of the artifact server: one for each address that the configuration's interfaces have now.
// Nothing listens on all interfaces (I14) unless that address is named.
#pragma once

#include <sys/socket.h>

#include <functional>
#include <list>
#include <string>
#include <vector>

#include "base/event_loop.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "protocols/http/ip_address.hpp"

namespace homepatch {

struct ListenAddress {
  std::string ip;          // a literal
  std::uint16_t port = 0;  // 0: a free one

  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

class HttpListeners {
 public:
  static constexpr std::size_t kMaxAddresses = 16;

  // `accepted` gets each new connection, non-blocking, and its peer.
  using Accepted = std::function<void(UniqueFd, const IpAddress&)>;

  HttpListeners(EventLoop& loop, Accepted accepted) : loop_(loop), accepted_(std::move(accepted)) {}
  HttpListeners(const HttpListeners&) = delete;
  HttpListeners& operator=(const HttpListeners&) = delete;

  // Opens what is new, closes what is no longer named, leaves the rest alone. One that cannot be opened holds up no
  // other; the error names it. not_found: no more is wrong than that addresses are not there (an IPv6 address is not
  // for a second or two after it came). Asked again, it tries those again.
  Status listen_on(const std::vector<ListenAddress>& addresses);

  // With the ports that were found for 0.
  [[nodiscard]] std::vector<ListenAddress> bound() const;

  // "ip:port" of the listener that a client at this address reaches: the one on the gateway's own address towards it.
  [[nodiscard]] Result<std::string> reachable_from(const IpAddress& client) const;

 private:
  struct Listener {
    ListenAddress asked;
    ListenAddress bound;
    UniqueFd fd;
    Watch watch;
  };

  Result<Listener> open(const ListenAddress& address);
  void accept_from(int fd);
  void pause();

  EventLoop& loop_;
  Accepted accepted_;
  std::list<Listener> listeners_;  // they never move: moved onto another, the descriptor would close before its watch
  Timer resume_;
};

}  // namespace homepatch
