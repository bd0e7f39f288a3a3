#include "protocols/coap/context.hpp"

#include <gtest/gtest.h>

#include "coap_house.hpp"

namespace homepatch::coap::test {
namespace {

class ContextTest : public CoapHouse {};

TEST_F(ContextTest, APortInUseIsAnErrorThatNamesIt) {
  auto second = Context::open(*loop).value();
  const auto taken = second->listen(home);
  ASSERT_FALSE(taken.has_value());
  EXPECT_EQ(taken.error().code, Errc::already_exists);
  EXPECT_NE(taken.error().text.find(std::to_string(home.port())), std::string::npos) << taken.error().text;
  EXPECT_TRUE(second->listen(home.with_port(0)).has_value());
}

TEST_F(ContextTest, AnAddressThatIsNotOursIsAnError) {
  const auto foreign = context->listen(Address::make("203.0.113.1", 0).value());
  ASSERT_FALSE(foreign.has_value());
  EXPECT_NE(foreign.error().text.find("203.0.113.1"), std::string::npos) << foreign.error().text;
}

TEST_F(ContextTest, ListensOnSeveralAddresses) {
  const auto other = context->listen(Address::make("127.0.0.9", 0).value()).value();
  EXPECT_EQ(context->addresses().size(), 2U);
  PretendDevice client(*loop, "127.0.0.2", other.port(), "127.0.0.9");
  client.register_as("lamp");
  EXPECT_TRUE(until([&] { return told_version("1.0.0"); })) << "it is asked from the address that it spoke to";
}

TEST_F(ContextTest, AnswersUnknownPathsAndMethods) {
  const auto client = device();
  const auto unknown = client->request(1, "/nothing", {}, "");
  const auto wrong = client->request(3, "/rd", {}, "x");
  ASSERT_TRUE(until([&] { return client->answers.size() == 2; }));
  EXPECT_EQ(client->answers[unknown].code, 404U);
  EXPECT_EQ(client->answers[wrong].code, 405U);
}

TEST_F(ContextTest, ListsItsResourcesWithFilterAndBlocks) {
  const auto client = device();
  const auto all = client->request(1, "/.well-known/core", {}, "");
  const auto none = client->request(1, "/.well-known/core", {"rt=core.rd*"}, "");
  const auto one = client->request(1, "/.well-known/core", {"href=/r*"}, "");
  ASSERT_TRUE(until([&] { return client->answers.size() == 3; }));
  EXPECT_EQ(client->answers[all].code, 205U);
  EXPECT_EQ(client->answers[all].number(kContentFormat), 40U);
  EXPECT_EQ(client->answers[all].payload, R"(</rd>;ct="40";title="LwM2M registration")");
  EXPECT_EQ(client->answers[none].payload, "");
  EXPECT_EQ(client->answers[one].payload, client->answers[all].payload);

  Datagram blocks;
  blocks.token = "b";
  blocks.code = 1;
  std::string whole;
  for (unsigned number = 0;; ++number) {
    blocks.id = static_cast<std::uint16_t>(9000 + number);
    blocks.options = {{kUriPath, ".well-known"}, {kUriPath, "core"}, {kBlock2, uint_bytes(number << 4U)}};
    client->answers.clear();
    client->send(blocks);
    ASSERT_TRUE(until([&] { return client->answers.contains("b"); }));
    whole += client->answers["b"].payload;
    if ((client->answers["b"].number(kBlock2).value() & 8U) == 0) break;
  }
  EXPECT_EQ(whole, R"(</rd>;ct="40";title="LwM2M registration")");
}

// Two datagrams that end a libcoap server in its SINGLE_BODY mode (CVE-2024-46304): blocks without a payload.
TEST_F(ContextTest, SurvivesBlocksWithoutPayload) {
  const auto client = device();
  for (const auto method : {2U, 3U}) {
    for (const auto* path : {"rd", "x"}) {
      Datagram first;
      first.code = method;
      first.id = static_cast<std::uint16_t>(1 + method * 10);
      first.token = "a";
      first.options = {{kUriPath, path}, {kBlock1, uint_bytes(0x0E)}};
      client->send(first);
      Datagram second = first;
      ++second.id;
      second.options[1].second = uint_bytes(0x16);
      client->send(second);
    }
  }
  ASSERT_TRUE(until([&] { return client->answers_count >= 8; }));
  client->register_as("lamp");
  EXPECT_TRUE(until([&] { return told_version("1.0.0"); })) << "and still serves";
}

TEST_F(ContextTest, SurvivesNoise) {
  const auto client = device();
  std::uint32_t seed = 12345;
  const auto random = [&seed] { return (seed = seed * 1664525U + 1013904223U) >> 16U; };
  for (int i = 0; i < 3000; ++i) {
    Datagram noise;
    noise.type = static_cast<Type>(random() % 4);
    noise.code = (random() % 6) * 100 + random() % 32;
    noise.id = static_cast<std::uint16_t>(random());
    noise.token = std::string(random() % 9, 'x');
    unsigned number = 0;
    for (unsigned k = random() % 6; k > 0; --k) {
      number += random() % 20;
      noise.options.emplace_back(number, std::string(random() % 12, static_cast<char>(random() % 256)));
    }
    noise.payload = std::string(random() % 40, static_cast<char>(random() % 256));
    client->send(noise);
    if (i % 50 == 0) loop->run_until([] { return false; }, milliseconds(1));
  }
  // The noise fills the socket's buffer, so the quiet device's datagram is sent again until it is heard.
  const auto calm = device("127.0.0.3");
  bool heard = false;
  for (int attempt = 0; attempt < 10 && !heard; ++attempt) {
    calm->register_as("lamp");
    heard = loop->run_until([&] { return told_version("1.0.0"); }, milliseconds(2000));
  }
  EXPECT_TRUE(heard);
}

}  // namespace
}  // namespace homepatch::coap::test
