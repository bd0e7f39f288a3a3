#include "protocols/coap/registry.hpp"

#include <gtest/gtest.h>

#include <set>

namespace homepatch::coap {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = Registry::Change::Kind;

class RegistryTest : public ::testing::Test {
 protected:
  Incoming message(Code method, Segments path, Segments query, std::string payload = "") {
    Incoming out;
    out.route.remote = Address::make(ip, port).value();
    out.route.local = Address::make("192.168.1.1", 5683).value();
    out.method = method;
    out.message_id = ++message_id;
    out.token = "t";
    out.path = std::move(path);
    out.query = std::move(query);
    out.payload = std::move(payload);
    out.content_format = kLinkFormat;
    return out;
  }
  Incoming registering(const std::string& endpoint, Segments more = {"lwm2m=1.1", "lt=60"}) {
    more.insert(more.begin(), "ep=" + endpoint);
    return message(kPost, {"rd"}, std::move(more), "</3/0>,</5/0>");
  }
  Registry::Outcome handle(const Incoming& request) { return registry.handle(request, now); }
  // Registers and gives the location's last segment.
  std::string enter(const std::string& endpoint) {
    const auto outcome = handle(registering(endpoint));
    EXPECT_EQ(outcome.answer.status, kCreated);
    return outcome.answer.location.empty() ? "" : outcome.answer.location.back();
  }
  Registry::Outcome update(const std::string& id, Segments query = {}, std::string payload = "") {
    return handle(message(kPost, {"rd", id}, std::move(query), std::move(payload)));
  }
  Code status(const Incoming& request) { return handle(request).answer.status; }

  static DeviceId device(const std::string& endpoint) { return DeviceId::from_endpoint(endpoint).value(); }

  Registry registry;
  milliseconds now{hours(1)};
  std::string ip = "192.168.1.7";
  std::uint16_t port = 40000;
  std::uint16_t message_id = 0;
};

TEST_F(RegistryTest, ARegistrationGetsALocation) {
  const auto outcome = handle(registering("a"));
  EXPECT_EQ(outcome.answer.status, kCreated);
  ASSERT_EQ(outcome.answer.location.size(), 2U);
  EXPECT_EQ(outcome.answer.location[0], "rd");
  EXPECT_EQ(outcome.answer.location[1].size(), 8U);
  ASSERT_TRUE(outcome.change);
  EXPECT_EQ(outcome.change->kind, Kind::registered);
  EXPECT_TRUE(outcome.change->restarted);
  const auto* known = registry.find(device("a"));
  ASSERT_NE(known, nullptr);
  EXPECT_EQ(known->lifetime, seconds(60));
  EXPECT_EQ(known->route.remote.port(), 40000);
  EXPECT_TRUE(known->has_object(5));
}

TEST_F(RegistryTest, LocationsAreNotToBeGuessed) {
  std::set<std::string> ids;
  for (int i = 0; i < 200; ++i) ids.insert(enter("ep" + std::to_string(i)));
  EXPECT_EQ(ids.size(), 200U);
}

TEST_F(RegistryTest, TheSameEndpointReplacesItsRegistration) {
  const auto first = enter("a");
  const auto second = enter("a");
  EXPECT_NE(first, second);
  EXPECT_EQ(registry.size(), 1U);
  EXPECT_EQ(update(first).answer.status, kNotFound);
  EXPECT_EQ(update(second).answer.status, kChanged);
}

TEST_F(RegistryTest, ARetransmittedRegistrationGetsTheSameAnswerOnce) {
  const auto request = registering("a");
  const auto first = handle(request);
  now += seconds(3);
  const auto second = handle(request);
  EXPECT_EQ(first.answer.location, second.answer.location);
  EXPECT_FALSE(second.change);
  EXPECT_EQ(registry.size(), 1U);
}

TEST_F(RegistryTest, WhatIsGoneIsNotAnsweredAgain) {
  const auto request = registering("a");
  std::set<std::string> locations;
  for (int boot = 0; boot < 3; ++boot) {  // each with the same message ids and tokens
    message_id = 50;
    const auto outcome = handle(request);
    ASSERT_TRUE(outcome.change);
    locations.insert(outcome.answer.location.back());
    const auto leaving = message(kDelete, {"rd", outcome.answer.location.back()}, {});
    EXPECT_EQ(status(leaving), kDeleted);
    EXPECT_EQ(status(leaving), kDeleted) << "a retransmission";
    EXPECT_EQ(registry.size(), 0U);
  }
  EXPECT_EQ(locations.size(), 3U);
}

TEST_F(RegistryTest, AReplacedRegistrationIsNotAnsweredAgain) {
  const auto first = registering("a");
  handle(first);
  enter("a");
  const auto again = handle(first);
  ASSERT_TRUE(again.change);
  EXPECT_EQ(update(again.answer.location.back()).answer.status, kChanged);
}

TEST_F(RegistryTest, AfterTheExchangeLifetimeTheSameMessageIdIsANewMessage) {
  const auto request = registering("a");
  const auto first = handle(request);
  now += seconds(248);
  const auto second = handle(request);
  EXPECT_NE(first.answer.location, second.answer.location);
  EXPECT_TRUE(second.change);
}

TEST_F(RegistryTest, ADeviceThatWasToldToRestartMayBeginWithTheSameNumbers) {
  const auto request = registering("a");
  const auto first = handle(request);
  registry.expect_restart(device("a"));
  const auto second = handle(request);
  EXPECT_NE(first.answer.location, second.answer.location);
  EXPECT_TRUE(second.change && second.change->restarted);
}

TEST_F(RegistryTest, ARetransmittedDeregistrationGetsTheSameAnswer) {
  const auto id = enter("a");
  const auto request = message(kDelete, {"rd", id}, {});
  EXPECT_EQ(handle(request).change->kind, Kind::deregistered);
  EXPECT_EQ(registry.size(), 0U);
  const auto again = handle(request);
  EXPECT_EQ(again.answer.status, kDeleted);
  EXPECT_FALSE(again.change);
  EXPECT_EQ(status(message(kDelete, {"rd", id}, {})), kNotFound);
}

TEST_F(RegistryTest, AnUpdateRenewsAndMayMove) {
  const auto id = enter("a");
  now += seconds(200);
  port = 40001;
  const auto moved = update(id, {"lt=120"});
  EXPECT_EQ(moved.answer.status, kChanged);
  EXPECT_TRUE(moved.change->moved);
  const auto* known = registry.find(device("a"));
  EXPECT_EQ(known->id, id);
  EXPECT_EQ(known->route.remote.port(), 40001);
  EXPECT_EQ(known->lifetime, seconds(120));
  EXPECT_EQ(known->expires, now + seconds(120 + 247));
  EXPECT_FALSE(update(id).change->moved);
}

TEST_F(RegistryTest, AnUpdateMayChangeTheObjects) {
  const auto id = enter("a");
  EXPECT_TRUE(update(id, {}, "</3/0>").change->new_objects);
  EXPECT_FALSE(registry.find(device("a"))->has_object(5));
  EXPECT_FALSE(update(id, {}, "</3/0>").change->new_objects);
  EXPECT_EQ(update(id, {}, "nonsense").answer.status, kBadRequest);
}

TEST_F(RegistryTest, AnUpdateMustNotNameAnEndpoint) {
  EXPECT_EQ(update(enter("a"), {"ep=b"}).answer.status, kBadRequest);
}

TEST_F(RegistryTest, AClientThatOnlyFollowsOur404HasNotRestarted) {
  EXPECT_EQ(update("unknown1").answer.status, kNotFound);
  EXPECT_FALSE(handle(registering("a")).change->restarted);
  EXPECT_TRUE(handle(registering("a")).change->restarted);
}

TEST_F(RegistryTest, ARegistrationExpiresAfterLifetimeAndGrace) {
  enter("a");
  now += seconds(60 + 246);
  EXPECT_TRUE(registry.expire(now).empty());
  now += seconds(1);
  EXPECT_EQ(registry.next_expiry(), now);
  EXPECT_EQ(registry.expire(now), std::vector{device("a")});
  EXPECT_EQ(registry.size(), 0U);
  EXPECT_EQ(registry.next_expiry(), std::nullopt);
}

TEST_F(RegistryTest, RefusesWhatIsNoRegistration) {
  EXPECT_EQ(status(message(kPost, {"rd"}, {"lwm2m=1.1"}, "</3/0>")), kBadRequest) << "no ep";
  EXPECT_EQ(status(message(kPost, {"rd"}, {"ep=a", "lwm2m=1.1"})), kBadRequest) << "no payload";
  EXPECT_EQ(status(message(kPost, {"rd"}, {"ep=a", "lwm2m=1.1"}, "</3/0")), kBadRequest) << "no link format";
  EXPECT_EQ(status(message(kPost, {"rd"}, {"ep=a", "lwm2m=9.9"}, "</3/0>")), kPreconditionFailed);
  EXPECT_EQ(status(message(kPost, {"rd"}, {"ep=a", "lt=soon"}, "</3/0>")), kBadRequest);
  EXPECT_EQ(status(message(kPost, {"rd"}, {"ep=a", "et=x"}, "</sensor>;rt=temp")), kBadRequest) << "plain directory";
  EXPECT_EQ(status(message(kGet, {"rd"}, {})), kMethodNotAllowed);
  EXPECT_EQ(status(message(kPost, {"rd", "a", "b"}, {})), kNotFound);
  auto unconfirmable = registering("a");
  unconfirmable.confirmable = false;
  EXPECT_EQ(status(unconfirmable), kBadRequest);
  auto wrong_format = registering("a");
  wrong_format.content_format = kLwm2mTlv;
  EXPECT_EQ(status(wrong_format), kUnsupportedFormat);
  EXPECT_EQ(registry.size(), 0U);
}

TEST_F(RegistryTest, TakesOldClientsThatLeaveOutVersionAndFormat) {
  auto old = registering("a", {});
  old.content_format.reset();
  EXPECT_EQ(status(old), kCreated);
  EXPECT_EQ(registry.find(device("a"))->version, "1.0");
  EXPECT_EQ(registry.find(device("a"))->lifetime, kDefaultLifetime);
}

TEST_F(RegistryTest, OneAddressCannotFillIt) {
  for (std::size_t i = 0; i < Registry::kMaxPerAddress; ++i) enter("ep" + std::to_string(i));
  const auto refused = handle(registering("one-more"));
  EXPECT_EQ(refused.answer.status, kServiceUnavailable);
  EXPECT_GT(refused.answer.max_age.value_or(0), 0U);
  EXPECT_EQ(status(registering("ep0")), kCreated) << "those inside may still come back";
  ip = "192.168.1.8";
  EXPECT_EQ(status(registering("one-more")), kCreated);
}

TEST_F(RegistryTest, TenThousandInventedEndpointsAreBounded) {
  for (int i = 0; i < 10'000; ++i) {
    ip = "10.0." + std::to_string(i / 200) + "." + std::to_string(1 + i % 200);
    handle(registering("ep" + std::to_string(i)));
  }
  EXPECT_EQ(registry.size(), Registry::kMaxRegistrations);
}

TEST_F(RegistryTest, ARestoredRegistrationIsKnown) {
  Registration old(device("a"));
  old.id = "abc";
  old.route.remote = Address::make("192.168.1.7", 40000).value();
  old.expires = now + seconds(100);
  EXPECT_TRUE(registry.restore(old).has_value());
  EXPECT_EQ(registry.restore(old).error().code, Errc::already_exists);
  EXPECT_EQ(update("abc").answer.status, kChanged);
}

TEST_F(RegistryTest, ARegistrationInBlocksIsOneRegistration) {
  std::string links = "</3/0>,</5/0>";
  for (int i = 0; i < 20; ++i) links += ",</100/" + std::to_string(i) + ">";
  Registry::Outcome last;
  std::string location;
  for (std::uint32_t number = 0; std::size_t{number} * 64 < links.size(); ++number) {
    auto block = registering("a");
    block.payload = links.substr(std::size_t{number} * 64, 64);
    const bool more = (std::size_t{number} + 1) * 64 < links.size();
    block.block1 = Block{number, more, 2};
    last = handle(block);
    EXPECT_EQ(last.answer.block1, block.block1);
    EXPECT_EQ(last.answer.status, more ? kContinue : kCreated);
    const auto repeated = handle(block);
    EXPECT_EQ(repeated.answer.status, last.answer.status);
    EXPECT_EQ(repeated.answer.location, last.answer.location);
  }
  EXPECT_EQ(registry.find(device("a"))->tree.objects.size(), 22U);
}

}  // namespace
}  // namespace homepatch::coap
