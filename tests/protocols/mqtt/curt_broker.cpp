#include "curt_broker.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <optional>

namespace homepatch::mqtt {

namespace {

// Packet types with the flags of their fixed headers: MQTT 3.1.1 section 2.2.
constexpr std::uint8_t kConnect = 0x10;
constexpr std::uint8_t kPublish = 0x30;
constexpr std::uint8_t kSubscribe = 0x82;
constexpr std::uint8_t kUnsubscribe = 0xa2;

struct Head {
  std::size_t size;
  std::size_t remaining;
};

// Section 2.2.3: seven bits a byte, the least significant first.
std::optional<Head> head_of(const std::string& bytes) {
  std::size_t remaining = 0;
  for (std::size_t at = 1; at < 5 && at < bytes.size(); ++at) {
    const auto byte = static_cast<std::uint8_t>(bytes[at]);
    remaining |= static_cast<std::size_t>(byte & 0x7fU) << (7 * (at - 1));
    if ((byte & 0x80U) == 0) return Head{at + 1, remaining};
  }
  return std::nullopt;
}

}  // namespace

CurtBroker::CurtBroker() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0 && ::listen(listener_.get(), 1) == 0 &&
      ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    port_ = ntohs(address.sin_port);
  }
}

void CurtBroker::turn() {
  if (client_.get() < 0) client_ = UniqueFd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (client_.get() < 0) return;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::recv(client_.get(), buffer, sizeof buffer, 0)) > 0;) {
    in_.append(buffer, static_cast<std::size_t>(got));
  }
  for (auto head = head_of(in_); head && in_.size() >= head->size + head->remaining; head = head_of(in_)) {
    const auto type = static_cast<std::uint8_t>(in_[0]);
    const auto body = in_.substr(head->size, head->remaining);
    in_.erase(0, head->size + head->remaining);
    on_packet(type, body);
  }
  while (answers && !unanswered_.empty()) {
    out_ += unanswered_.front();
    unanswered_.pop_front();
  }
  send("");
}

void CurtBroker::on_packet(std::uint8_t type, const std::string& body) {
  if (type == kConnect) {
    connected_ = true;
    out_.insert(0, std::string("\x20\x02\0\0", 4));
  } else if (type == kSubscribe) {  // SUBACK, granted QoS 0 for the one filter
    ++requests;
    unanswered_.push_back("\x90\x03" + body.substr(0, 2) + std::string(1, '\0'));
  } else if (type == kUnsubscribe) {
    ++requests;
    unanswered_.push_back("\xb0\x02" + body.substr(0, 2));
  }
}

void CurtBroker::say(const std::string& topic) {
  std::string packet{static_cast<char>(kPublish), static_cast<char>(topic.size() + 2), '\0',
                     static_cast<char>(topic.size())};
  send(packet + topic);
}

void CurtBroker::send(const std::string& bytes) {
  out_ += bytes;
  if (!connected_) return;
  const auto sent = ::send(client_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
  if (sent > 0) out_.erase(0, static_cast<std::size_t>(sent));
}

}  // namespace homepatch::mqtt
