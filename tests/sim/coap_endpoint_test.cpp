#include "sim/lwm2m/coap_endpoint.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/text.hpp"
#include "child.hpp"
#include "pretend_lwm2m_server.hpp"
#include "sim/lwm2m/object_tree.hpp"

namespace homepatch::sim {
namespace {

constexpr std::uint32_t kAddress = 0x7F020001;

// A bare socket on the other side: what goes over the wire is written in hexadecimal here.
class CoapEndpointTest : public ::testing::Test {
 protected:
  CoapEndpointTest() : fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    auto name = to_sockaddr({INADDR_LOOPBACK, 0});
    socklen_t size = sizeof name;
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&name), size), 0);
    ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&name), &size);
    me = from_sockaddr(name);
  }

  void send(std::string_view hex) {
    const auto bytes = from_hex(hex).value();
    const auto name = to_sockaddr({kAddress, endpoint->port()});
    ::sendto(fd.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&name), sizeof name);
  }

  // The next datagram, in hexadecimal; empty when none came in time.
  std::string receive(std::chrono::milliseconds limit = kDeadline) {
    std::string got;
    loop->run_until(
        [&] {
          std::array<char, 2048> buffer{};
          const auto size = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
          if (size > 0) got = to_hex({buffer.data(), static_cast<std::size_t>(size)});
          return size > 0;
        },
        std::min(limit, std::chrono::milliseconds(kDeadline)));
    return got;
  }

  std::unique_ptr<EventLoop> loop = EventLoop::open().value();
  UniqueFd fd;
  Peer me;
  int handled = 0;
  std::unique_ptr<CoapEndpoint> endpoint =
      CoapEndpoint::open(*loop, kAddress, 0, [this](const CoapMessage&, const Peer&) {
        ++handled;
        auto response = only_code(coap::kContent);
        response.payload = std::to_string(handled);
        return response;
      }).value();
  // recv() is tried whenever the loop turns; this makes it turn.
  Watch watch = loop->watch(fd.get(), 1 /* EPOLLIN */, [](std::uint32_t) {}).value();
};

TEST_F(CoapEndpointTest, AnswersInTheAcknowledgement) {
  send("4101123455b133");  // CON GET /3, token 55
  EXPECT_EQ(receive(), "6145123455ff31");
}

TEST_F(CoapEndpointTest, ADuplicateGetsTheSameAnswerAndDoesNothingAgain) {
  send("4102123455b133");
  const auto first = receive();
  send("4102123455b133");
  EXPECT_EQ(receive(), first);
  EXPECT_EQ(handled, 1);
  send("4102123555b133");
  EXPECT_EQ(receive(), "6145123555ff32");
}

TEST_F(CoapEndpointTest, AnUnknownCriticalOptionIsABadOption) {
  send("4101123455d10633");  // option 19, Q-Block1
  EXPECT_EQ(receive(), "6182123455");
  EXPECT_EQ(handled, 0);
}

TEST_F(CoapEndpointTest, APingIsAnsweredWithAReset) {
  send("40000007");
  EXPECT_EQ(receive(), "70000007");
}

TEST_F(CoapEndpointTest, NoiseIsIgnored) {
  send("ff");
  send("00000000");
  send("40000007");
  EXPECT_EQ(receive(), "70000007");
}

TEST_F(CoapEndpointTest, AsksAgainWhenNobodyAnswers) {
  PretendLwm2mServer server(*loop);
  server.lose(1);
  CoapMessage request;
  request.code = coap::kPost;
  request.add(coap::kUriPath, "rd");
  std::optional<std::uint8_t> code;
  endpoint->ask(server.peer(), request, [&](const Result<CoapMessage>& response) { code = response.value().code; });
  EXPECT_FALSE(code);
  EXPECT_TRUE(loop->run_until([&] { return code.has_value(); }, kDeadline));
  EXPECT_EQ(code, coap::kChanged);
}

TEST_F(CoapEndpointTest, ASeparateResponseIsAcknowledgedAndTaken) {
  std::string payload;
  CoapMessage request;
  request.code = coap::kGet;
  endpoint->ask(me, request, [&](const Result<CoapMessage>& response) { payload = response.value().payload; });
  const auto asked = receive();
  ASSERT_EQ(asked.size(), 16U);  // header and a token of four bytes
  send("6000" + asked.substr(4, 4));
  send("44450099" + asked.substr(8) + "ff41");
  EXPECT_EQ(receive(), "60000099");
  EXPECT_EQ(payload, "A");
}

TEST_F(CoapEndpointTest, ARejectedNotificationIsTold) {
  bool lost = false;
  auto message = only_code(coap::kContent);
  message.token = "\x55";
  endpoint->notify(me, message, false, [&] { lost = true; });
  const auto notified = receive();
  send("7000" + notified.substr(4, 4));
  EXPECT_TRUE(loop->run_until([&] { return lost; }, kDeadline));
}

TEST_F(CoapEndpointTest, ComesBackOnAnotherPort) {
  const auto before = endpoint->port();
  endpoint.reset();
  for (int i = 0; i < 50; ++i) {
    const auto again = CoapEndpoint::open(*loop, kAddress, before, nullptr).value();
    EXPECT_NE(again->port(), before);
  }
}

}  // namespace
}  // namespace homepatch::sim
