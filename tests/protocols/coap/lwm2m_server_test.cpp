#include "protocols/coap/lwm2m_server.hpp"

#include <gtest/gtest.h>

#include "coap_house.hpp"
#include "protocols/coap/registration_facts.hpp"
#include "support/child.hpp"

namespace homepatch::coap::test {
namespace {

class Lwm2mServerTest : public CoapHouse {};

TEST_F(Lwm2mServerTest, ARegistrationIsAnnouncedThenTheDeviceIsAsked) {
  const auto client = device();
  client->resources["/3/0/6"] = {std::string("\x86\x06\x41\x00\x06\x41\x01\x01", 8), 11542};
  client->register_as("urn:dev:7", "lwm2m=1.1&lt=300&b=U");
  ASSERT_TRUE(until([&] { return told_version("1.0.0"); }));

  const auto& first = announced.front();
  EXPECT_EQ(first.device.to_string(), "lwm2m:urn:dev:7");
  EXPECT_EQ(first.family, Family::lwm2m);
  EXPECT_TRUE(first.live);
  EXPECT_TRUE(first.restarted);
  EXPECT_EQ(first.address, "127.0.0.2");
  EXPECT_EQ(first.reachable, true);
  EXPECT_EQ(first.facts.at("endpoint"), "urn:dev:7");
  EXPECT_EQ(first.facts.at("remote"), "127.0.0.2:" + std::to_string(client->port()));
  EXPECT_EQ(first.facts.at("lifetime"), "300");
  EXPECT_EQ(first.facts.at("objects"), "1/0 3/0 5/0");

  const auto& said = announced.back();
  EXPECT_EQ(said.manufacturer, "Acme");
  EXPECT_EQ(said.model, "Lamp");
  EXPECT_EQ(said.hardware, "rev-b");
  EXPECT_EQ(said.sleepy, false);
  EXPECT_FALSE(said.restarted);
  EXPECT_EQ(said.facts.at("method"), "both");
  EXPECT_EQ(said.result, std::nullopt);
}

TEST_F(Lwm2mServerTest, AsksBelowTheAlternateRoot) {
  const auto client = device();
  for (const auto* path : {"/3/0/3", "/3/0/0"}) client->resources["/lwm2m" + std::string(path)] = {"2.0.0"};
  client->register_as("lamp", "lwm2m=1.1", R"(</lwm2m>;rt="oma.lwm2m",</lwm2m/3/0>)");
  ASSERT_TRUE(until([&] { return told_version("2.0.0"); }));
  EXPECT_EQ(std::ranges::count(client->asked, "GET /lwm2m/5/0/3"), 0) << "it has no object 5";
}

TEST_F(Lwm2mServerTest, ADeviceThatRefusesAcceptIsAskedWithoutIt) {
  const auto client = device();
  client->refuses_accept = true;
  client->resources["/3/0/3"] = {std::string("\xc5\x03", 2) + "1.0.0", 11542};
  client->register_as("lamp");
  ASSERT_TRUE(until([&] { return told_version("1.0.0"); }));
  EXPECT_EQ(announced.back().manufacturer, "Acme");
}

TEST_F(Lwm2mServerTest, ADeviceThatAnswersInItsOwnCborIsAskedForAnotherFormat) {
  const auto client = device();
  const std::string tlv("\x86\x08\x41\x00\x00\x41\x01\x01", 8);
  client->resources["/5/0/8"] = {"\xa1\x01", 11544, {{11542, tlv}}};
  client->resources["/3/0/3"] = {"{}", 11543, {{112, std::string("\x81\xa2\x00\x66/3/0/3\x03\x65", 12) + "1.0.0"}}};
  client->register_as("lamp");
  ASSERT_TRUE(until([&] { return told_version("1.0.0"); }));
  EXPECT_EQ(announced.back().facts.at("protocols"), "0 1");
  EXPECT_EQ(announced.back().model, "Lamp") << "and what it says in text is understood as before";
}

TEST_F(Lwm2mServerTest, TextThatCouldSteerATerminalIsDropped) {
  const auto client = device();
  client->resources["/3/0/1"].value = "La\x1b[2Jmp";
  client->register_as("lamp");
  ASSERT_TRUE(until([&] { return told_version("1.0.0"); }));
  EXPECT_EQ(announced.back().model, std::nullopt);
}

TEST_F(Lwm2mServerTest, QueueModeIsSleepy) {
  const auto client = device();
  client->register_as("lamp", "lwm2m=1.1&b=U&Q");
  ASSERT_TRUE(until([&] { return told_version("1.0.0"); }));
  EXPECT_EQ(announced.front().sleepy, true);
  EXPECT_EQ(announced.back().sleepy, true);
}

TEST_F(Lwm2mServerTest, AnUpdateIsASignOfLifeAndAsksNothing) {
  const auto client = device();
  settle_in(*client);
  a_while();
  const auto asked = client->asked.size();
  announced.clear();
  client->update();
  ASSERT_TRUE(until([&] { return announced.size() == 1; }));
  EXPECT_TRUE(announced[0].live);
  EXPECT_EQ(announced[0].reachable, true);
  EXPECT_TRUE(announced[0].facts.empty());
  a_while();
  EXPECT_EQ(client->asked.size(), asked);
}

TEST_F(Lwm2mServerTest, AMovedDeviceIsAskedAtItsNewAddress) {
  const auto client = device();
  settle_in(*client);
  announced.clear();
  client->reboot();  // the socket only: it keeps its registration
  client->asked.clear();
  client->update();
  ASSERT_TRUE(until([&] { return told_version("1.0.0"); }));
  EXPECT_EQ(announced.front().facts.at("remote"), "127.0.0.2:" + std::to_string(client->port()));
  EXPECT_FALSE(announced.front().restarted);
  ASSERT_TRUE(until([&] { return std::ranges::count(client->asked, "GET /5/0/5") == 2; })) << "and watched anew";
  EXPECT_EQ(client->asked,
            (std::vector<std::string>{"GET /3/0/3", "GET /5/0/3", "GET /5/0/5", "GET /5/0/3", "GET /5/0/5"}));
}

TEST_F(Lwm2mServerTest, ResultsAreAnnouncedWhenTheyAreNotified) {
  const auto client = device();
  settle_in(*client);
  announced.clear();
  client->notify("/5/0/5", "8");
  ASSERT_TRUE(until([&] { return !announced.empty(); }));
  ASSERT_TRUE(announced.back().result);
  EXPECT_EQ(announced.back().result->kind, InstallResult::Kind::failure);
  EXPECT_TRUE(announced.back().result->may_retry);
  EXPECT_EQ(announced.back().result->text, "Update Result 8: firmware update failed");
}

TEST_F(Lwm2mServerTest, ADeviceThatInstalledWithoutRegisteringAnewIsAskedAtOnce) {
  const auto client = device();
  settle_in(*client);
  client->resources["/3/0/3"].value = "2.0.0";
  client->notify("/5/0/5", "1");
  EXPECT_TRUE(until([&] { return told_version("2.0.0"); }));
  client->resources["/3/0/3"].value = "3.0.0";
  client->notify("/5/0/3", "0");
  EXPECT_TRUE(until([&] { return told_version("3.0.0"); }));
}

TEST_F(Lwm2mServerTest, EachRegistrationIsWatchedAnew) {
  const auto client = device();
  settle_in(*client);
  client->reboot();
  client->asked.clear();
  settle_in(*client);
  announced.clear();
  client->notify("/5/0/5", "1");
  ASSERT_TRUE(until([&] { return !announced.empty(); }));
  EXPECT_EQ(announced.back().result->kind, InstallResult::Kind::success);
}

TEST_F(Lwm2mServerTest, ADeviceThatDeregistersIsGone) {
  const auto client = device();
  settle_in(*client);
  announced.clear();
  const auto token = client->request(4, client->location, {}, "");
  ASSERT_TRUE(until([&] { return client->answers.contains(token); }));
  EXPECT_EQ(client->answers[token].code, 202U);
  ASSERT_EQ(announced.size(), 1U);
  EXPECT_EQ(announced[0].reachable, false);
  EXPECT_EQ(server->registrations(), 0U);
}

TEST_F(Lwm2mServerTest, AnInquiryReadsVersionStateAndResult) {
  const auto client = device();
  settle_in(*client);
  announced.clear();
  client->asked.clear();
  client->resources["/3/0/3"].value = "2.0.0";
  client->set_result("1");
  server->inquire(id());
  ASSERT_TRUE(until([&] { return told_version("2.0.0"); }));
  EXPECT_EQ(announced.back().result->kind, InstallResult::Kind::success);
  EXPECT_EQ(client->asked, (std::vector<std::string>{"GET /3/0/3", "GET /5/0/3", "GET /5/0/5"}));
}

TEST_F(Lwm2mServerTest, AskingForTheVersionDoesNotTakeTheBatteryAway) {
  const auto client = device();
  client->resources["/3/0/6"] = {std::string("\x83\x06\x41\x00\x01", 5), 11542};  // an internal battery
  settle_in(*client);
  EXPECT_EQ(last([](const auto& a) { return a.sleepy.has_value(); })->sleepy, true);
  announced.clear();
  server->inquire(id());
  ASSERT_TRUE(until([&] { return told_version("1.0.0"); }));
  EXPECT_EQ(announced.back().sleepy, std::nullopt);
}

TEST_F(Lwm2mServerTest, ARestoredRegistrationGoesOn) {
  const auto client = device();
  settle_in(*client);
  const auto facts = announced.front().facts;
  // The daemon restarts on the same port.
  server.reset();
  exchanges.reset();
  context.reset();
  context = Context::open(*loop).value();
  ASSERT_TRUE(context->listen(home).has_value());
  exchanges = std::make_unique<Exchanges>(*loop, *context);
  server = std::make_unique<Lwm2mServer>(*loop, *context, *exchanges, quick_times(),
                                         [this](const Announcement& a) { announced.push_back(a); });
  announced.clear();
  client->asked.clear();
  client->notify("/5/0/3", "0");
  ASSERT_TRUE(until([&] { return client->rejected["reset"] == 1; })) << "an observation of before is rejected";
  ASSERT_TRUE(server->restore(id(), facts, loop->now() + seconds(100)).has_value());
  ASSERT_TRUE(until([&] { return told_version("1.0.0"); })) << "asked without a word of its own";
  const auto token = client->update();
  ASSERT_TRUE(until([&] { return client->answers.contains(token); }));
  EXPECT_EQ(client->answers[token].code, 204U);
  for (const auto& announcement : announced) EXPECT_FALSE(announcement.restarted);
  ASSERT_TRUE(until([&] { return std::ranges::count(client->asked, "GET /5/0/3") == 2; }));
}

TEST_F(Lwm2mServerTest, ARestoredSleeperIsLeftInPeace) {
  const auto client = device();
  settle_in(*client, "lamp", "lwm2m=1.1&b=U&Q");
  const auto facts = announced.front().facts;
  server->forget(id());
  client->asked.clear();
  announced.clear();
  ASSERT_TRUE(server->restore(id(), facts, loop->now() + seconds(100)).has_value());
  a_while();
  EXPECT_TRUE(client->asked.empty());
  client->update();
  EXPECT_TRUE(until([&] { return told_version("1.0.0"); }));
}

TEST_F(Lwm2mServerTest, WhatWasNotRestoredRegistersAnewWithoutCountingAsRestarted) {
  const auto client = device();
  client->location = "/rd/forgotten";
  const auto token = client->update();
  ASSERT_TRUE(until([&] { return client->answers.contains(token); }));
  EXPECT_EQ(client->answers[token].code, 404U);
  client->register_as("lamp");
  ASSERT_TRUE(until([&] { return told_version("1.0.0"); }));
  EXPECT_FALSE(announced.front().restarted);
}

TEST_F(Lwm2mServerTest, AnExpiredRegistrationIsNotRestored) {
  const auto client = device();
  settle_in(*client);
  const auto facts = announced.front().facts;
  server->forget(id());
  EXPECT_EQ(server->restore(id(), facts, loop->now() - seconds(1)).error().code, Errc::unavailable);
  EXPECT_TRUE(server->restore(id(), facts, loop->now() + seconds(1)).has_value());
}

TEST_F(Lwm2mServerTest, ARetransmittedDatagramGetsTheSameAnswerAndOneRegistration) {
  const auto client = device();
  Datagram request;
  request.code = 2;
  request.id = 777;
  request.token = "same";
  request.options = {
      {kUriPath, "rd"}, {kContentFormat, uint_bytes(40)}, {kUriQuery, "ep=lamp"}, {kUriQuery, "lwm2m=1.0"}};
  request.payload = "</3/0>";
  client->send(request);
  ASSERT_TRUE(until([&] { return client->answers_count == 1; }));
  const auto first = client->answers["same"];
  client->send(request);
  ASSERT_TRUE(until([&] { return client->answers_count == 2; }));
  EXPECT_EQ(client->answers["same"].encode(), first.encode());
  EXPECT_EQ(server->registrations(), 1U);
  EXPECT_EQ(std::ranges::count_if(announced, [](const auto& a) { return a.restarted; }), 1);
}

TEST_F(Lwm2mServerTest, TenThousandInventedEndpointsAreBounded) {
  const auto stranger = device();
  stranger->deaf = true;
  unsigned sent = 0;
  for (; sent < 10'000; ++sent) {
    stranger->register_as("ep" + std::to_string(sent));
    const bool pause = sent % 20 == 19;
    ASSERT_TRUE(!pause || until([&] { return stranger->answers_count == sent + 1; }));
  }
  EXPECT_EQ(server->registrations(), Registry::kMaxPerAddress);
  EXPECT_LE(exchanges->open_peers(), Exchanges::kMaxPeers);
  const auto honest = device("127.0.0.3");
  honest->register_as("lamp");
  EXPECT_TRUE(until([&] { return told_version("1.0.0"); }));
}

TEST_F(Lwm2mServerTest, SilentDevicesOfManyAddressesDoNotKeepAnHonestOneWaiting) {
  std::vector<decltype(device())> strangers;
  for (int host = 10; host < 17; ++host) {
    strangers.push_back(device("127.0.0." + std::to_string(host)));
    auto& stranger = *strangers.back();
    stranger.deaf = true;
    for (unsigned sent = 1; sent <= 60; ++sent) {
      stranger.register_as("ghost" + std::to_string(host) + "-" + std::to_string(sent));
      ASSERT_TRUE(sent % 20 != 0 || until([&] { return stranger.answers_count == sent; }));
    }
  }
  ASSERT_GT(server->registrations(), 3 * Lwm2mServer::kMaxInterviews);
  const auto honest = device("127.0.0.3");
  honest->register_as("lamp");
  EXPECT_TRUE(until([&] { return told_version("1.0.0"); }));
}

// libcoap's own client, which nobody here wrote.
class CoapClientTest : public CoapHouse {
 protected:
  // Its standard output and error; turns the loop meanwhile.
  std::string run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"coap-client-openssl", "-B", "5", "-v", "6"});
    homepatch::test::Child client(arguments);
    EXPECT_TRUE(client.wait(*loop, kLimit)) << "it did not end";
    return client.output();
  }
  [[nodiscard]] std::string url(const std::string& rest) const { return "coap://" + home.to_string() + rest; }
};

TEST_F(CoapClientTest, RegistersUpdatesAndDeregisters) {
  const auto registered =
      run({"-m", "post", "-t", "40", "-e", "</1/0>,</3/0>,</5/0>", url("/rd?ep=urn:dev:os:1&lt=300&lwm2m=1.1&b=U")});
  EXPECT_NE(registered.find("2.01"), std::string::npos) << registered;
  ASSERT_FALSE(announced.empty()) << registered;
  EXPECT_EQ(announced[0].device.to_string(), "lwm2m:urn:dev:os:1");
  const auto location = "/rd/" + announced[0].facts.at("registration");

  const auto updated = run({"-m", "post", url(location + "?lt=600")});
  EXPECT_NE(updated.find("2.04"), std::string::npos) << updated;
  EXPECT_EQ(server->registrations(), 1U);

  const auto deleted = run({"-m", "delete", url(location)});
  EXPECT_NE(deleted.find("2.02"), std::string::npos) << deleted;
  EXPECT_EQ(server->registrations(), 0U);
  const auto again = run({"-m", "post", url(location)});
  EXPECT_NE(again.find("4.04"), std::string::npos) << again;
}

TEST_F(CoapClientTest, RegistersInBlocks) {
  std::string links = "</3/0>";
  for (int i = 0; i < 200; ++i) links += ",</3303/" + std::to_string(i) + ">";
  const auto registered = run({"-m", "post", "-b", "64", "-t", "40", "-e", links, url("/rd?ep=big&lwm2m=1.1")});
  EXPECT_NE(registered.find("2.01"), std::string::npos) << registered.substr(registered.size() - 500);
  ASSERT_TRUE(until([&] { return !announced.empty(); }));
  EXPECT_EQ(announced[0].facts.at("objects").substr(0, 10), "3/0 3303/0");
}

TEST_F(CoapClientTest, IsToldWhatIsWrong) {
  const auto refused = run({"-m", "post", "-t", "40", "-e", "</sensor>", url("/rd?ep=x")});
  EXPECT_NE(refused.find("4.00"), std::string::npos) << refused;
  EXPECT_NE(refused.find("only LwM2M clients register here"), std::string::npos) << refused;
}

}  // namespace
}  // namespace homepatch::coap::test
