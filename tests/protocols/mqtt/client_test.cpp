#include "protocols/mqtt/client.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <thread>

#include "base/unique_fd.hpp"
#include "broker.hpp"
#include "curt_broker.hpp"

namespace homepatch::mqtt {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ClientTest : public ::testing::Test {
 protected:
  void open(std::uint16_t port, std::size_t mailbox_bytes = 4 * 1024 * 1024) {
    Settings settings;
    settings.port = port;
    settings.client_id = "homepatchd-test";
    settings.retry_first = milliseconds(20);
    settings.retry_longest = milliseconds(100);
    settings.repair_first = milliseconds(50);
    settings.mailbox_bytes = mailbox_bytes;
    client = Client::open(
                 *loop, settings,
                 [this](const Message& message) {
                   if (message.topic == kProbe) {
                     ++probes;
                     return;
                   }
                   heard.push_back(message);
                   if (on_message) on_message();
                 },
                 [this](Link link, const std::string& text) { links.emplace_back(link, text); })
                 .value();
  }

  // Turns our loop and, where there is one, the peer's client.
  bool until(const std::function<bool()>& done, milliseconds limit = seconds(10)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!done() && std::chrono::steady_clock::now() < deadline) {
      if (peer) peer->turn();
      loop->run_until(done, milliseconds(5));
    }
    return done();
  }
  bool connected() {
    return until([this] { return client->link() == Link::connected; });
  }
  // Connected, and the broker has taken in the subscription to home/#: a message sent now is heard.
  bool listening() {
    const auto before = probes;
    return until([this, before] {
      if (client->link() == Link::connected && probes == before) publish(kProbe, "");
      return probes > before;
    });
  }
  void publish(const std::string& topic, const std::string& payload, bool retain = false) {
    if (!peer) peer = std::make_unique<Peer>(broker);
    peer->publish(topic, payload, retain);
  }

  // Retained, and seen to be with the broker.
  bool leave(const std::string& topic, const std::string& payload) {
    publish(topic, payload, true);
    Peer reader(broker);
    reader.subscribe(topic);
    const auto deadline = std::chrono::steady_clock::now() + seconds(10);
    while (reader.heard.empty() && std::chrono::steady_clock::now() < deadline) {
      peer->turn();
      reader.turn();
    }
    return !reader.heard.empty();
  }

  const std::string kProbe = "home/probe";
  std::size_t probes = 0;
  Broker broker;
  std::unique_ptr<Peer> peer;
  std::unique_ptr<EventLoop> loop = EventLoop::open().value();
  std::vector<Message> heard;
  std::function<void()> on_message;
  std::vector<std::pair<Link, std::string>> links;
  std::unique_ptr<Client> client;  // first to go
};

TEST_F(ClientTest, HearsLiveAndRetainedMessagesAndKeepsThemApart) {
  ASSERT_TRUE(broker.start());
  ASSERT_TRUE(leave("home/a", "kept"));
  open(broker.port());
  client->subscribe("home/#", 0);
  ASSERT_TRUE(until([&] { return heard.size() == 1; }));
  EXPECT_TRUE(heard[0].retained);
  EXPECT_EQ(heard[0].payload, "kept");
  publish("home/b", std::string("live\0bytes", 10));
  ASSERT_TRUE(until([&] { return heard.size() == 2; }));
  EXPECT_FALSE(heard[1].retained);
  EXPECT_EQ(heard[1].payload, std::string("live\0bytes", 10));
}

TEST_F(ClientTest, PublishesWhatOthersReceiveAndNeverRetainedUnlessAsked) {
  ASSERT_TRUE(broker.start());
  open(broker.port());
  ASSERT_TRUE(connected());
  peer = std::make_unique<Peer>(broker);
  peer->subscribe("cmnd/#");
  ASSERT_TRUE(until([&] {
    (void)client->publish("cmnd/lamp/Status", "5");
    return !peer->heard.empty();
  }));
  EXPECT_EQ(peer->heard[0].topic, "cmnd/lamp/Status");
  EXPECT_EQ(peer->heard[0].payload, "5");
  Peer late(broker);
  late.subscribe("cmnd/#");
  ASSERT_TRUE(until([&] {
    (void)client->publish("cmnd/lamp/Status", "5");
    late.turn();
    return !late.heard.empty();
  }));
  EXPECT_FALSE(late.heard[0].retained);
}

TEST_F(ClientTest, IsCalmWhileTheBrokerIsAwayAtStartAndConnectsWhenItComes) {
  open(broker.port());
  client->subscribe("home/#", 0);
  EXPECT_EQ(client->publish("a", "b").error().code, Errc::unavailable);
  ASSERT_TRUE(until([&] { return !links.empty(); }));
  EXPECT_FALSE(until([&] { return links.size() > 1; }, milliseconds(500)));  // several attempts, one line
  EXPECT_EQ(links[0].first, Link::off);
  EXPECT_NE(links[0].second.find(fmt::format("127.0.0.1:{}", broker.port())), std::string::npos);
  EXPECT_NE(links[0].second.find("trying again by itself"), std::string::npos);
  ASSERT_TRUE(broker.start());
  ASSERT_TRUE(listening());
  EXPECT_EQ(links.size(), 2U);
  publish("home/a", "1");
  EXPECT_TRUE(until([&] { return heard.size() == 1; }));
}

TEST_F(ClientTest, SubscribesAgainWhenTheBrokerIsRestarted) {
  ASSERT_TRUE(broker.start());
  open(broker.port());
  client->subscribe("home/#", 0);
  ASSERT_TRUE(listening());
  broker.stop();
  ASSERT_TRUE(until([&] { return client->link() == Link::off; }));
  EXPECT_EQ(client->publish("a", "b").error().code, Errc::unavailable);
  ASSERT_TRUE(broker.start());
  peer.reset();
  ASSERT_TRUE(listening());
  publish("home/a", "again");
  ASSERT_TRUE(until([&] { return heard.size() == 1; }));
  EXPECT_EQ(heard[0].payload, "again");
}

TEST_F(ClientTest, SaysWhenTheBrokerRefusesThePassword) {
  Broker strict(false);
  ASSERT_TRUE(strict.start());
  open(strict.port());
  ASSERT_TRUE(until([&] { return !links.empty(); }));
  EXPECT_NE(links[0].second.find("refuses the user name or password"), std::string::npos);
}

// A host that takes the connection and never says a word: neither the loop nor the end of the client waits for it.
TEST_F(ClientTest, AMuteBrokerBlocksNothing) {
  const UniqueFd mute(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(mute.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::getsockname(mute.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  ASSERT_EQ(::listen(mute.get(), 1), 0);
  open(ntohs(address.sin_port));
  for (int i = 0; i < 50; ++i) {
    bool fired = false;
    const auto timer = loop->after(milliseconds(10), [&] { fired = true; });
    ASSERT_TRUE(loop->run_until([&] { return fired; }, seconds(5)));
  }
  EXPECT_EQ(client->link(), Link::connecting);
  client.reset();  // returns although the broker never answers
}

// Each message makes us subscribe, as announcements do: without a limit, Paho's queue would grow with the flood.
TEST_F(ClientTest, TakesNoMoreMessagesWhileTheBrokerOwesItManyAnswers) {
  constexpr std::size_t kFlood = 1'000;
  constexpr std::size_t kMost = kMaxUnanswered + 64;  // and the batch that was taken before the limit was seen
  CurtBroker curt;
  open(curt.port());
  on_message = [&] { (void)client->subscribe_now({fmt::format("device/{}", heard.size())}, 0); };
  const auto turning = [&](auto done) {
    return [&curt, done] {
      curt.turn();
      return done();
    };
  };
  ASSERT_TRUE(until(turning([&] { return client->link() == Link::connected; })));
  for (std::size_t i = 0; i < kFlood; ++i) curt.say(fmt::format("flood/{}", i));
  ASSERT_TRUE(until(turning([&] { return curt.requests > kMaxUnanswered; })));
  EXPECT_FALSE(until(turning([&] { return heard.size() > kMost; }), milliseconds(300)));
  curt.answers = true;
  EXPECT_TRUE(until(turning([&] { return heard.size() == kFlood && curt.requests == kFlood; })));
}

TEST_F(ClientTest, LeavesABrokerThatOwesItAnswers) {
  CurtBroker curt;
  open(curt.port());
  const auto asked = [&] {
    curt.turn();
    if (client->link() == Link::connected && curt.requests == 0) {
      for (int i = 0; i < kMaxUnanswered; ++i) (void)client->subscribe_now({fmt::format("device/{}", i)}, 0);
    }
    return curt.requests >= kMaxUnanswered;
  };
  ASSERT_TRUE(until(asked));
  client.reset();
}

TEST_F(ClientTest, DropsAndCountsPayloadsAboveTheLimit) {
  ASSERT_TRUE(broker.start());
  open(broker.port());
  client->subscribe("home/#", 0);
  ASSERT_TRUE(listening());
  publish("home/big", std::string(kMaxIncomingPayload + 1, 'x'));
  publish("home/fits", std::string(kMaxIncomingPayload, 'x'));
  ASSERT_TRUE(until([&] { return !heard.empty(); }));
  EXPECT_EQ(heard[0].topic, "home/fits");
  EXPECT_EQ(client->counters().too_large, 1U);
}

TEST_F(ClientTest, AsksTheBrokerAgainForWhatAFullMailboxDropped) {
  ASSERT_TRUE(broker.start());
  constexpr int kTopics = 200;
  for (int i = 0; i + 1 < kTopics; ++i) publish(fmt::format("home/{}", i), std::string(500, 'x'), true);
  ASSERT_TRUE(leave("home/last", std::string(500, 'x')));
  open(broker.port(), 20'000);
  // A loop that is held up at its first message: meanwhile the mailbox fills.
  on_message = [&] {
    const auto deadline = std::chrono::steady_clock::now() + seconds(10);
    while (client->counters().dropped == 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  };
  client->subscribe("home/#", 0);
  ASSERT_TRUE(until([&] { return client->counters().dropped > 0 && !heard.empty(); }));
  const auto first = heard.front().topic;
  EXPECT_TRUE(until([&] {
    return std::ranges::count_if(heard, [&](const Message& message) { return message.topic == first; }) > 1;
  }));
}

TEST_F(ClientTest, RefusesTopicsThatNobodyMayPublishToAndBrokersThatCannotBe) {
  ASSERT_TRUE(broker.start());
  open(broker.port());
  ASSERT_TRUE(connected());
  for (const std::string& topic : {std::string(), std::string("a/+"), std::string("#"), std::string("a\0b", 3)}) {
    EXPECT_EQ(client->publish(topic, "x").error().code, Errc::invalid_argument);
  }
  for (const auto* host : {"", "a/b", "user@host", "a b"}) {
    Settings settings;
    settings.host = host;
    settings.client_id = "x";
    const auto refused = Client::open(
        *loop, settings, [](const Message&) {}, [](Link, const std::string&) {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::invalid_argument);
  }
}

TEST_F(ClientTest, TakesAFloodFromAnotherThreadInBoundedMemory) {
  ASSERT_TRUE(broker.start());
  open(broker.port(), 50'000);
  client->subscribe("home/#", 0);
  ASSERT_TRUE(listening());
  // Live messages are results: each counts, and what does not fit is counted as dropped.
  constexpr int kMessages = 2'000;
  for (int i = 0; i < kMessages; ++i) {
    publish(fmt::format("home/{}", i % 7), fmt::format("{}", i));
    if (i % 20 == 0) until([] { return false; }, milliseconds(1));
  }
  EXPECT_TRUE(until([&] { return heard.size() + client->counters().dropped == kMessages; }));
  EXPECT_EQ(client->counters().received, heard.size() + probes);
}

}  // namespace
}  // namespace homepatch::mqtt
