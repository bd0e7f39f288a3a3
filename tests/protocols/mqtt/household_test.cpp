#include "protocols/mqtt/household.hpp"

#include <gtest/gtest.h>

#include <map>

#include "broker.hpp"
#include "tasmota_examples.hpp"

namespace homepatch::mqtt {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kMac = "E0980680FF6D";
constexpr auto kUrl = "http://127.0.0.1:8080/u/0123456789abcdef/tasmota.bin.gz";

// What the firmware answers, as little of it as the household needs.
class PretendTasmota {
 public:
  explicit PretendTasmota(const Broker& broker)
      : peer_(broker, [this](Peer&, const Message& message) { answer(message); }) {
    peer_.subscribe("cmnd/tasmota_80FF6D/#");
    peer_.publish(tasmota::config_topic(kMac), tasmota::config_text(kMac), true);
    peer_.publish("tele/tasmota_80FF6D/LWT", "Online", true);
  }
  void turn() { peer_.turn(); }
  void boot(const std::string& version) {
    version_ = version;
    peer_.publish("tele/tasmota_80FF6D/INFO1", tasmota::boot_text(version));
  }
  void say(const std::string& name, const std::string& payload) {
    peer_.publish("stat/tasmota_80FF6D/" + name, payload);
  }

  std::string url = "http://ota.example.org/tasmota.bin.gz";
  bool upgrading = false;

 private:
  void answer(const Message& asked) {
    if (asked.retained) return;
    const auto command = asked.topic.substr(asked.topic.rfind('/') + 1);
    if (command == "Status" && asked.payload == "5") say("STATUS5", tasmota::network_text("E0:98:06:80:FF:6D"));
    if (command == "Status" && asked.payload == "2") say("STATUS2", tasmota::firmware_text(version_));
    if (command == "OtaUrl") {
      if (!asked.payload.empty()) url = asked.payload;
      say("RESULT", R"({"OtaUrl":")" + url + "\"}");
    }
    if (command == "Upgrade") {
      upgrading = true;
      say("RESULT", R"({"Upgrade":"Version 13.3.0 from )" + url + "\"}");
    }
  }

  std::string version_ = "13.3.0(tasmota)";
  Peer peer_;
};

class HouseholdTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(broker.start());
    open();
  }
  void open() {
    Settings settings;
    settings.port = broker.port();
    settings.client_id = "homepatchd-test";
    settings.retry_first = milliseconds(20);
    settings.retry_longest = milliseconds(100);
    Household::Events events;
    events.announcement = [this](const Announcement& said) { take(said); };
    events.note = events.announcement;
    events.link = [](Link, const std::string&) {};
    events.remark = [this](const std::string& text) { remarks.push_back(text); };
    events.message = [this](const Message& message) { messages.push_back(message); };
    events.acquainted = [this](const DeviceId&) {
      return facts.empty() ? tasmota::Acquaintance::stranger : tasmota::Acquaintance::listed;
    };
    household = Household::open(*loop, settings, {}, std::move(events)).value();
  }
  void take(const Announcement& said) {
    ++announcements;
    if (full) return;
    for (const auto& [name, value] : said.facts) facts[name] = value;
    if (said.version) version = *said.version;
    live = live || said.live;
  }
  bool until(const std::function<bool()>& done) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(20);
    while (!done() && std::chrono::steady_clock::now() < deadline) {
      if (device) device->turn();
      loop->run_until(done, milliseconds(5));
    }
    return done();
  }
  std::unique_ptr<DeliveryHandle> begin(Command step) {
    reports.clear();
    DeliveryJob job(DeviceId::from_mac(kMac).value(), Family::tasmota);
    job.step = step;
    if (step == Command::transfer) job.url = kUrl;
    job.facts = facts;
    return household->tasmota_delivery().begin(job, [this](const DeliveryReport& r) { reports.push_back(r); });
  }

  Broker broker;
  std::unique_ptr<EventLoop> loop = EventLoop::open().value();
  std::unique_ptr<PretendTasmota> device;
  Facts facts;
  std::string version;
  bool live = false;
  bool full = false;  // nobody is taken in
  unsigned announcements = 0;
  std::vector<std::string> remarks;
  std::vector<Message> messages;
  std::vector<DeliveryReport> reports;
  std::unique_ptr<Household> household;
};

TEST_F(HouseholdTest, ADeviceIsFoundAskedUpdatedAndSettled) {
  device = std::make_unique<PretendTasmota>(broker);
  ASSERT_TRUE(until([&] { return facts.contains("chip"); }));
  EXPECT_TRUE(live);
  EXPECT_EQ(facts.at("mac_checked"), "yes");
  EXPECT_EQ(facts.at("image"), "tasmota");

  auto handle = begin(Command::transfer);
  ASSERT_TRUE(until([&] { return device->upgrading; }));
  EXPECT_EQ(device->url, kUrl);
  device->say("UPGRADE", R"({"Upgrade":"Successful. Restarting"})");
  ASSERT_TRUE(until([&] { return !reports.empty(); }));
  EXPECT_TRUE(std::holds_alternative<Transferred>(reports[0]));
  device->boot("14.2.0(release-tasmota)");
  ASSERT_TRUE(until([&] { return version == "14.2.0"; }));

  handle = begin(Command::settle);
  ASSERT_TRUE(until([&] { return !reports.empty(); }));
  EXPECT_TRUE(std::holds_alternative<Settled>(reports[0]));
  EXPECT_EQ(device->url, "http://ota.example.org/tasmota.bin.gz");
  EXPECT_TRUE(remarks.empty());
}

TEST_F(HouseholdTest, ADeviceThatWasThereBeforeIsFoundByItsRetainedWords) {
  household.reset();
  device = std::make_unique<PretendTasmota>(broker);
  ASSERT_TRUE(until([&, turns = 0]() mutable { return ++turns > 20; }));
  open();
  EXPECT_TRUE(until([&] { return live && facts.contains("chip"); }));
}

TEST_F(HouseholdTest, WhoIsNotTakenInIsLetGo) {
  full = true;
  device = std::make_unique<PretendTasmota>(broker);
  ASSERT_TRUE(until([&] { return announcements > 0; }));
  EXPECT_EQ(household->tasmota_dialect().devices(), 0U);
  EXPECT_EQ(household->tasmota_dialect().counters().dismissed, 1U);
  full = false;
  device = std::make_unique<PretendTasmota>(broker);  // announces itself anew
  EXPECT_TRUE(until([&] { return facts.contains("chip"); }));
}

TEST_F(HouseholdTest, AfterTheBrokersRestartTheDeviceIsHeardAgain) {
  device = std::make_unique<PretendTasmota>(broker);
  ASSERT_TRUE(until([&] { return facts.contains("chip"); }));
  device.reset();
  broker.stop();
  ASSERT_TRUE(until([&] { return household->client().link() == Link::off; }));
  ASSERT_TRUE(broker.start());
  ASSERT_TRUE(until([&] { return household->client().link() == Link::connected; }));
  device = std::make_unique<PretendTasmota>(broker);
  EXPECT_TRUE(until([&] {
    device->boot("14.2.0(tasmota)");
    return version == "14.2.0";
  }));
}

TEST_F(HouseholdTest, WhatIsSaidUnderOurOwnTopicsGoesToWhomeverItConcerns) {
  household->client().subscribe("homepatch/+/install", 0);
  Peer other(broker);
  ASSERT_TRUE(until([&] {
    other.publish("homepatch/x/install", "install");
    other.turn();
    return !messages.empty();
  }));
  EXPECT_EQ(messages[0].topic, "homepatch/x/install");
}

}  // namespace
}  // namespace homepatch::mqtt
