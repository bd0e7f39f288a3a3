#include "protocols/coap/exchange.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "coap_house.hpp"
#include "protocols/coap/lwm2m_request.hpp"

namespace homepatch::coap::test {
namespace {

// A device that nobody registered: requests open a session of their own from the endpoint's address and port.
class ExchangeTest : public CoapHouse {
 protected:
  Route route() { return {Address::make(client->ip(), client->port()).value(), home, 0}; }
  Exchange get(const ResourcePath& path, std::optional<Result<Response>>& out, Timing timing = {seconds(1), 1}) {
    return exchanges->request(route(), read({}, path, kText), timing,
                              [&out](Result<Response> result) { out = std::move(result); });
  }

  std::unique_ptr<PretendDevice> client = device();
  std::optional<Result<Response>> answer;
};

TEST_F(ExchangeTest, TheAnswerComesOnALaterTurn) {
  const auto exchange = get(resource::kFirmwareVersion, answer);
  EXPECT_FALSE(answer);
  ASSERT_TRUE(until([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->value().payload, "1.0.0");
  EXPECT_TRUE(until([&] { return exchanges->open_peers() == 0; })) << "no session is held while nothing is asked";
}

TEST_F(ExchangeTest, ASeparateAnswerCountsAsWell) {
  client->separate_answers = true;
  const auto exchange = get(resource::kFirmwareVersion, answer);
  ASSERT_TRUE(until([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->value().payload, "1.0.0");
}

TEST_F(ExchangeTest, ARefusalIsAnAnswer) {
  const auto exchange = get(resource::kSerial, answer);
  ASSERT_TRUE(until([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->value().status, kNotFound);
}

TEST_F(ExchangeTest, OneRequestAtATimeInOrder) {
  std::vector<Exchange> open;
  std::vector<std::string> order;
  for (const auto& path : {resource::kManufacturer, resource::kModel, resource::kFirmwareVersion}) {
    open.push_back(exchanges->request(route(), read({}, path, kText), {}, [&order](Result<Response> response) {
      order.push_back(response.value().payload);
    }));
  }
  ASSERT_TRUE(until([&] { return order.size() == 3; }));
  EXPECT_EQ(order, (std::vector<std::string>{"Acme", "Lamp", "1.0.0"}));
}

TEST_F(ExchangeTest, SilenceIsAnError) {
  client->deaf_from_block = 0;
  Request put = write({}, resource::kPackage, kOctets, "xx");
  put.block1 = Block{0, false, 6};
  const auto exchange =
      exchanges->request(route(), put, {seconds(1), 1}, [&](Result<Response> result) { answer = std::move(result); });
  ASSERT_TRUE(until([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->error().code, Errc::unavailable);
  EXPECT_NE(answer->error().text.find("does not answer"), std::string::npos) << answer->error().text;
}

TEST_F(ExchangeTest, AClosedPortIsAnErrorAtOnce) {
  const Route gone{Address::make("127.0.0.7", 9).value(), home, 0};
  const auto exchange = exchanges->request(gone, read({}, resource::kState, kText), {},
                                           [&](Result<Response> result) { answer = std::move(result); });
  ASSERT_TRUE(loop->run_until([&] { return answer.has_value(); }, milliseconds(1500)));
  EXPECT_EQ(answer->error().code, Errc::unavailable);
}

TEST_F(ExchangeTest, AResetIsAnError) {
  client->reset_at_block = 0;
  Request put = write({}, resource::kPackage, kOctets, "xx");
  put.block1 = Block{0, false, 6};
  const auto exchange =
      exchanges->request(route(), put, {}, [&](Result<Response> result) { answer = std::move(result); });
  ASSERT_TRUE(until([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->error().code, Errc::io);
}

TEST_F(ExchangeTest, DroppingTheHandleCancels) {
  auto dropped = get(resource::kManufacturer, answer);
  std::optional<Result<Response>> other;
  dropped.cancel();
  const auto kept = get(resource::kModel, other);
  ASSERT_TRUE(until([&] { return other.has_value(); }));
  EXPECT_FALSE(answer.has_value());
}

TEST_F(ExchangeTest, WhatWasDroppedBeforeItsTurnIsNeverSent) {
  const auto first = get(resource::kManufacturer, answer);
  std::optional<Result<Response>> second;
  { const auto dropped = get(resource::kModel, second); }
  std::optional<Result<Response>> third;
  const auto last = get(resource::kFirmwareVersion, third);
  ASSERT_TRUE(until([&] { return third.has_value(); }));
  EXPECT_EQ(std::ranges::count(client->asked, "GET /3/0/1"), 0);
  EXPECT_FALSE(second.has_value());
}

TEST_F(ExchangeTest, TooManyRequestsToOneDeviceAreRefused) {
  std::vector<Exchange> open;
  unsigned busy = 0;
  unsigned answered = 0;
  for (std::size_t i = 0; i < Exchanges::kMaxWaiting + 10; ++i) {
    open.push_back(exchanges->request(route(), read({}, resource::kModel, kText), {}, [&](Result<Response> result) {
      ++answered;
      if (!result && result.error().code == Errc::busy) ++busy;
    }));
  }
  EXPECT_EQ(answered, 0U);
  ASSERT_TRUE(until([&] { return answered == open.size(); }));
  EXPECT_GT(busy, 0U);
}

TEST_F(ExchangeTest, NotificationsComeInTheirOrder) {
  std::vector<std::string> told;
  auto watch = exchanges->observe(
      route(), read({}, resource::kState, kText), {}, [&](Result<Response> result) { answer = std::move(result); },
      [&](const Response& response) { told.push_back(response.payload); });
  ASSERT_TRUE(until([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->value().payload, "0");
  client->notify("/5/0/3", "1");
  client->notify("/5/0/3", "2");
  ASSERT_TRUE(until([&] { return told.size() == 2; }));
  EXPECT_EQ(told, (std::vector<std::string>{"1", "2"}));

  watch.cancel();
  client->notify("/5/0/3", "3");
  ASSERT_TRUE(until([&] { return client->rejected["reset"] == 1; })) << "a forgotten observation is rejected";
  EXPECT_EQ(told.size(), 2U);
}

TEST_F(ExchangeTest, ADeviceMayIgnoreTheWishToObserve) {
  client->observable = false;
  const auto watch = exchanges->observe(
      route(), read({}, resource::kState, kText), {}, [&](Result<Response> result) { answer = std::move(result); },
      [](const Response&) { FAIL(); });
  ASSERT_TRUE(until([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->value().observe, std::nullopt);
}

TEST_F(ExchangeTest, AnAnswerInBlocksIsPutTogether) {
  client->resources["/3/0/0"].value = std::string(5000, 'x') + "end";
  client->block_answers_of = 64;
  const auto exchange = get(resource::kManufacturer, answer);
  ASSERT_TRUE(until([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->value().payload, client->resources["/3/0/0"].value);
}

TEST_F(ExchangeTest, AnAnswerThatChangesBetweenItsBlocksIsRefused) {
  client->resources["/3/0/0"].value = std::string(500, 'x');
  client->block_answers_of = 64;
  client->changes_etag = true;
  const auto exchange = get(resource::kManufacturer, answer);
  ASSERT_TRUE(until([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->error().code, Errc::malformed);
}

TEST_F(ExchangeTest, AnAnswerWithoutEndIsCutOff) {
  client->resources["/3/0/0"].value = std::string(200'000, 'x');
  client->block_answers_of = 1024;
  const auto exchange = get(resource::kManufacturer, answer);
  ASSERT_TRUE(until([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->error().code, Errc::too_large);
}

TEST_F(ExchangeTest, AnEchoChallengeIsMetOnce) {
  client->challenge = "fresh?";
  const auto exchange = get(resource::kFirmwareVersion, answer);
  ASSERT_TRUE(until([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->value().payload, "1.0.0");

  answer.reset();
  client->never_satisfied = true;
  const auto again = get(resource::kFirmwareVersion, answer);
  ASSERT_TRUE(until([&] { return answer.has_value(); }));
  EXPECT_EQ(answer->value().status, kUnauthorized);
}

TEST_F(ExchangeTest, AnswersFromElsewhereOrWithForeignTokensAreIgnored) {
  client->deaf = true;
  const auto exchange = get(resource::kFirmwareVersion, answer);
  ASSERT_TRUE(until([&] { return !client->seen.empty(); }));
  const auto stranger = device("127.0.0.66");
  Datagram forged;
  forged.type = Type::non_confirmable;
  forged.code = 205;
  forged.token = client->seen.back().token;
  forged.payload = "6.6.6";
  stranger->send(forged);
  forged.token = "guess1";
  client->send(forged);
  a_while();
  EXPECT_FALSE(answer.has_value());
}

}  // namespace
}  // namespace homepatch::coap::test
