#include "daemon/find/addresses.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/log.hpp"

namespace homepatch {

namespace {

// Several changes come together when an interface goes up.
constexpr std::chrono::milliseconds kCollect{500};

struct Free {
  void operator()(ifaddrs* list) const { ::freeifaddrs(list); }
};

// "" for what is no IP address or a link-local one.
std::string literal(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address == nullptr) return {};
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    return ::inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size()) != nullptr ? text.data() : "";
  }
  if (address->sa_family != AF_INET6) return {};
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
  if (IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr)) return {};
  return ::inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size()) != nullptr ? text.data() : "";
}

}  // namespace

Result<std::unique_ptr<Addresses>> Addresses::open(EventLoop& loop, std::vector<std::string> interfaces) {
  std::unique_ptr<Addresses> addresses(new Addresses(loop, std::move(interfaces)));
  for (const auto& name : addresses->interfaces_) {
    if (::if_nametoindex(name.c_str()) == 0) {
      log::warning(
          "the interface {} of the configuration does not exist (yet); it is used as soon as it has an address", name);
    }
  }
  TRY(addresses->watch());
  TRY(addresses->look());
  return addresses;
}

Status Addresses::watch() {
  netlink_ = UniqueFd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_LINK;
  if (!netlink_ || ::bind(netlink_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return fail(errno_error("watching the interfaces' addresses", errno));
  }
  watch_ = TRY(loop_.watch(netlink_.get(), EPOLLIN, [this](std::uint32_t) { on_netlink(); }));
  return {};
}

// What changed is not read from the messages: the list is made anew.
void Addresses::on_netlink() {
  std::array<char, 8192> ignored{};
  while (::recv(netlink_.get(), ignored.data(), ignored.size(), 0) > 0 || errno == ENOBUFS) {
  }
  collect_ = loop_.after(kCollect, [this] {
    if (auto looked = look(); !looked) log::warning("{}, ignoring", looked.error().text);
  });
}

Status Addresses::look() {
  ifaddrs* raw = nullptr;
  if (::getifaddrs(&raw) != 0) return fail(errno_error("reading the interfaces' addresses", errno));
  const std::unique_ptr<ifaddrs, Free> list(raw);
  std::vector<std::string> found;
  for (const auto family : {AF_INET, AF_INET6}) {
    for (const ifaddrs* entry = list.get(); entry != nullptr; entry = entry->ifa_next) {
      if (entry->ifa_addr == nullptr || entry->ifa_addr->sa_family != family) continue;
      if (std::ranges::find(interfaces_, entry->ifa_name) == interfaces_.end()) continue;
      std::string text = literal(entry->ifa_addr);
      if (!text.empty() && std::ranges::find(found, text) == found.end()) found.push_back(std::move(text));
    }
  }
  if (found == now_) return {};
  now_ = std::move(found);
  if (changed_) changed_();
  return {};
}

}  // namespace homepatch
