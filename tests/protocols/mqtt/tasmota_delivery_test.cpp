#include "protocols/mqtt/dialects/tasmota/delivery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/simulated_loop.hpp"
#include "protocols/mqtt/dialects/tasmota/ota_url.hpp"
#include "tasmota_examples.hpp"

namespace homepatch::mqtt::tasmota {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kMac = "E0980680FF6D";
constexpr auto kColons = "E0:98:06:80:FF:6D";
constexpr auto kOurs = "http://127.0.0.1:8080/u/0123456789abcdef/tasmota.bin.gz";
constexpr auto kOwners = "http://ota.example.org/tasmota.bin.gz";

constexpr auto kTopics = "cmnd/tasmota_80FF6D/+stat/tasmota_80FF6D/+tele/tasmota_80FF6D/";

const DeviceId kDevice = DeviceId::from_mac(kMac).value();

class TasmotaDeliveryTest : public ::testing::Test {
 protected:
  TasmotaDeliveryTest() {
    hear(config_topic(kMac), config_text(kMac));
    hear("stat/tasmota_80FF6D/STATUS5", network_text(kColons));
    sent.clear();
  }

  void hear(const std::string& topic, const std::string& payload) {
    for (const auto& effect : dialect.on_message({topic, payload, false}, now())) {
      if (const auto* heard = std::get_if<Heard>(&effect)) delivery.hear(*heard);
    }
  }
  // The device's answer, on the topic that it uses for answers.
  void answer(const std::string& payload) { hear("stat/tasmota_80FF6D/RESULT", payload); }
  void says_mac(const std::string& mac = kColons) { hear("stat/tasmota_80FF6D/STATUS5", network_text(mac)); }
  void says_url(const std::string& url) {
    answer(R"({"OtaUrl":")" + url + "\"}");
    loop.settle();
  }
  void says_upgrade(const std::string& text) { answer(R"({"Upgrade":")" + text + "\"}"); }

  DeliveryJob job(Command step) {
    DeliveryJob out(kDevice, Family::tasmota);
    out.step = step;
    out.from_version = "13.3.0";
    out.to_version = "14.2.0";
    if (step == Command::transfer) out.url = kOurs;
    return out;
  }
  void begin(const DeliveryJob& of) {
    handle = delivery.begin(of, [this](const DeliveryReport& report) { reports.push_back(report); });
    EXPECT_THAT(reports, IsEmpty());  // never inside begin()
    loop.settle();
  }
  // Up to the moment at which the device has accepted the upgrade.
  void begin_transfer_and_accept() {
    begin(job(Command::transfer));
    says_mac();
    says_url(kOwners);
    says_url(kOurs);
    says_upgrade(std::string("Version 13.3.0 from ") + kOurs);
    sent.clear();
  }
  template <typename T>
  const T* only_report() {
    loop.settle();
    EXPECT_EQ(reports.size(), 1U);
    return reports.empty() ? nullptr : std::get_if<T>(&reports.front());
  }
  Reason failure() {
    const auto* failed = only_report<DeliveryFailed>();
    return failed == nullptr ? Reason::none : failed->reason;
  }
  bool asked_after(Duration span) {
    const auto end = loop.monotonic() + span;
    bool any = false;
    while (loop.monotonic() < end) {
      loop.advance(seconds(1));
      for (const auto& effect : dialect.on_time(now())) any = any || std::holds_alternative<Publish>(effect);
    }
    return any;
  }
  Now now() { return {loop.now(), loop.monotonic()}; }

  Ports ports() {
    return Ports{
        loop,
        [this](const DeviceId& device) { return dialect.contact(device); },
        [this](const DeviceId& device, bool on) { dialect.quiet(device, on, now()); },
        [this](const std::string& topic, const std::string& payload) -> Status {
          if (!broker) return fail(Errc::unavailable, "no broker");
          sent.push_back(topic + " " + payload);
          return {};
        },
        [this](const Announcement& said) { announced.push_back(said); },
        [this](const std::string& text) { remarks.push_back(text); },
        [this] { return broker; },
    };
  }

  SimulatedLoop loop{Loop::WallTime(std::chrono::hours(400'000))};
  Dialect dialect;
  bool broker = true;
  std::vector<std::string> sent;
  std::vector<std::string> remarks;
  std::vector<Announcement> announced;
  std::vector<DeliveryReport> reports;
  DeliveryLimits limits;
  TasmotaDelivery delivery{ports(), limits};
  std::unique_ptr<DeliveryHandle> handle;
};

TEST_F(TasmotaDeliveryTest, TransfersInFourWordsAndThenOnlyListens) {
  begin(job(Command::transfer));
  EXPECT_THAT(sent, ElementsAre("cmnd/tasmota_80FF6D/Status 5"));
  says_mac();
  says_url(kOwners);
  says_url(kOurs);
  says_upgrade(std::string("Version 13.3.0 from ") + kOurs);
  EXPECT_THAT(sent, ElementsAre("cmnd/tasmota_80FF6D/Status 5", "cmnd/tasmota_80FF6D/OtaUrl ",
                                std::string("cmnd/tasmota_80FF6D/OtaUrl ") + kOurs, "cmnd/tasmota_80FF6D/Upgrade 1"));
  sent.clear();
  EXPECT_FALSE(asked_after(std::chrono::minutes(30)));
  EXPECT_THAT(sent, IsEmpty());
  EXPECT_THAT(reports, IsEmpty());
  hear("stat/tasmota_80FF6D/UPGRADE", R"({"Upgrade":"Successful. Restarting"})");
  EXPECT_NE(only_report<Transferred>(), nullptr);
}

TEST_F(TasmotaDeliveryTest, TheOwnersUrlIsOnRecordBeforeItIsReplaced) {
  begin(job(Command::transfer));
  says_mac();
  says_url(kOwners);
  ASSERT_EQ(announced.size(), 1U);
  EXPECT_EQ(announced[0].facts, (Facts{{"ota_url_before", kOwners}, {"ota_url_given", kOurs}}));
}

TEST_F(TasmotaDeliveryTest, AUrlOfOursIsNeverTakenForTheOwners) {
  begin(job(Command::transfer));
  says_mac();
  says_url("http://127.0.0.1:8080/u/fedcba9876543210/tasmota.bin.gz");  // of an update that could not be settled
  ASSERT_EQ(announced.size(), 1U);
  EXPECT_EQ(announced[0].facts, (Facts{{"ota_url_given", kOurs}}));
}

TEST_F(TasmotaDeliveryTest, AnotherDeviceAtTheTopicGetsNoImage) {
  begin(job(Command::transfer));
  says_mac("E0:98:06:80:FF:6E");
  EXPECT_EQ(failure(), Reason::identity_mismatch);
  EXPECT_FALSE(std::get<DeliveryFailed>(reports[0]).may_retry);
  EXPECT_THAT(sent, ElementsAre("cmnd/tasmota_80FF6D/Status 5"));
}

TEST_F(TasmotaDeliveryTest, ASilentDeviceIsAskedTwiceAndThenItIsAFailureToBeRetried) {
  begin(job(Command::transfer));
  loop.advance(limits.answer * 2 + seconds(1));
  EXPECT_EQ(failure(), Reason::transfer_failed);
  const auto& failed = std::get<DeliveryFailed>(reports[0]);
  EXPECT_TRUE(failed.may_retry);
  EXPECT_TRUE(failed.counts);
  EXPECT_EQ(failed.text, "the device did not answer Status 5");
  EXPECT_EQ(sent.size(), 2U);
}

TEST_F(TasmotaDeliveryTest, ABrokerThatIsAwayIsNotTheDevicesFailure) {
  broker = false;
  begin(job(Command::transfer));
  loop.advance(std::chrono::minutes(1));
  EXPECT_EQ(failure(), Reason::transfer_failed);
  EXPECT_FALSE(std::get<DeliveryFailed>(reports[0]).counts);
}

// The gateway was away while the device tried to fetch: safeboot waits for somebody to start it again.
TEST_F(TasmotaDeliveryTest, AHelperImageThatCannotSayWhoItIsIsHelpedWhereTheDeviceSaidSoBefore) {
  auto transfer = job(Command::transfer);
  transfer.intermediate = true;
  transfer.facts = {{std::string(kCheckedTopics), kTopics}};
  begin(transfer);
  loop.advance(2 * limits.answer);
  EXPECT_THAT(
      sent, ElementsAre("cmnd/tasmota_80FF6D/Status 5", "cmnd/tasmota_80FF6D/Status 5", "cmnd/tasmota_80FF6D/OtaUrl "));
  says_url(kOurs);
  EXPECT_EQ(sent.back(), std::string("cmnd/tasmota_80FF6D/OtaUrl ") + kOurs);
}

TEST_F(TasmotaDeliveryTest, OnOtherTopicsOrOnItsOwnImageASilentDeviceIsSentNothing) {
  for (const bool helper : {true, false}) {
    sent.clear();
    reports.clear();
    auto transfer = job(Command::transfer);
    transfer.intermediate = helper;
    transfer.facts = {{std::string(kCheckedTopics), helper ? "cmnd/another/+stat/another/+tele/another/" : kTopics}};
    begin(transfer);
    loop.advance(std::chrono::minutes(5));
    EXPECT_EQ(failure(), Reason::transfer_failed);
    EXPECT_THAT(sent, ElementsAre("cmnd/tasmota_80FF6D/Status 5", "cmnd/tasmota_80FF6D/Status 5"));
  }
}

TEST_F(TasmotaDeliveryTest, AnUpgradeIsNeverStartedTwice) {
  begin(job(Command::transfer));
  says_mac();
  says_url(kOwners);
  says_url(kOurs);
  loop.advance(std::chrono::minutes(5));  // no answer: it may be flashing
  EXPECT_EQ(std::ranges::count(sent, "cmnd/tasmota_80FF6D/Upgrade 1"), 1);
  EXPECT_THAT(reports, IsEmpty());
  hear("stat/tasmota_80FF6D/UPGRADE", "Failed HTTP error: connection lost");
  EXPECT_EQ(failure(), Reason::transfer_failed);
}

TEST_F(TasmotaDeliveryTest, ALostEchoIsAskedForOnceMoreAndALateSecondAnswerDoesNoHarm) {
  begin(job(Command::transfer));
  says_mac();
  loop.advance(limits.answer);
  says_url(kOwners);
  says_url(kOwners);  // to the repeated question
  loop.advance(limits.answer);
  says_url(kOurs);
  EXPECT_EQ(std::ranges::count(sent, std::string("cmnd/tasmota_80FF6D/OtaUrl ") + kOurs), 2);
  EXPECT_EQ(sent.back(), "cmnd/tasmota_80FF6D/Upgrade 1");
}

TEST_F(TasmotaDeliveryTest, ADeviceThatKeepsAnotherUrlRefuses) {
  begin(job(Command::transfer));
  says_mac();
  says_url(kOwners);
  says_url("http://127.0.0.1:8080/u/0123");
  EXPECT_EQ(failure(), Reason::transfer_refused);
  EXPECT_THAT(sent, ::testing::Not(::testing::Contains("cmnd/tasmota_80FF6D/Upgrade 1")));
}

TEST_F(TasmotaDeliveryTest, ADeviceThatFetchesFromElsewhereRefuses) {
  begin(job(Command::transfer));
  says_mac();
  says_url(kOwners);
  says_url(kOurs);
  says_upgrade("Version 13.3.0 from http://evil.example/x.bin");
  EXPECT_EQ(failure(), Reason::transfer_refused);
}

TEST_F(TasmotaDeliveryTest, ARefusalIsReportedInTheDevicesWords) {
  begin(job(Command::transfer));
  says_mac();
  says_url(kOwners);
  says_url(kOurs);
  says_upgrade("1 or >13.3.0 to upgrade");
  EXPECT_EQ(failure(), Reason::transfer_refused);
  EXPECT_THAT(std::get<DeliveryFailed>(reports[0]).text, HasSubstr("1 or >13.3.0 to upgrade"));
}

TEST_F(TasmotaDeliveryTest, AFailureSaysWhetherTryingAgainCanHelp) {
  begin_transfer_and_accept();
  hear("stat/tasmota_80FF6D/UPGRADE", R"({"Upgrade":"Failed Verify bin header failed"})");
  EXPECT_EQ(failure(), Reason::transfer_failed);
  EXPECT_FALSE(std::get<DeliveryFailed>(reports[0]).may_retry);
  EXPECT_TRUE(asked_after(seconds(60)));  // the device may be spoken to again
}

TEST_F(TasmotaDeliveryTest, AUrlThatTheDeviceCannotKeepIsNeverSent) {
  for (const std::string& url : {std::string(), std::string("https://127.0.0.1/x"), std::string("http://127.0.0.1"),
                                 "http://127.0.0.1/" + std::string(100, 'x'), std::string("http://127.0.0.1/%d"),
                                 std::string("http://127.0.0.1/a b")}) {
    reports.clear();
    auto bad = job(Command::transfer);
    bad.url = url;
    begin(bad);
    EXPECT_EQ(failure(), Reason::transfer_refused) << url;
    EXPECT_FALSE(std::get<DeliveryFailed>(reports[0]).may_retry);
  }
  EXPECT_THAT(sent, IsEmpty());
}

TEST_F(TasmotaDeliveryTest, AfterTheDaemonsRestartTheDevicesOwnNewsComeFirst) {
  auto again = job(Command::transfer);
  again.resumed = true;
  begin(again);
  loop.advance(limits.quiet_after_restart / 2);
  EXPECT_THAT(sent, IsEmpty());
  hear("stat/tasmota_80FF6D/UPGRADE", R"({"Upgrade":"Successful. Restarting"})");
  EXPECT_NE(only_report<Transferred>(), nullptr);
}

TEST_F(TasmotaDeliveryTest, AfterTheDaemonsRestartASilentDeviceIsStartedAnew) {
  auto again = job(Command::transfer);
  again.resumed = true;
  begin(again);
  loop.advance(limits.quiet_after_restart);
  EXPECT_THAT(sent, ElementsAre("cmnd/tasmota_80FF6D/Status 5"));
}

TEST_F(TasmotaDeliveryTest, WaitsForTheAnnouncementThatTheBrokerIsYetToRepeat) {
  const auto other = DeviceId::from_mac("E0980680AAAA").value();
  auto early = job(Command::transfer);
  early.device = other;
  begin(early);
  loop.advance(seconds(20));
  EXPECT_THAT(sent, IsEmpty());
  hear(config_topic("E0980680AAAA"), config_text("E0980680AAAA"));
  EXPECT_THAT(sent, ElementsAre("cmnd/tasmota_80AAAA/Status 5"));
}

TEST_F(TasmotaDeliveryTest, ADeviceThatIsNeverAnnouncedIsARetryThatDoesNotCount) {
  auto lost = job(Command::transfer);
  lost.device = DeviceId::from_mac("E0980680AAAA").value();
  begin(lost);
  loop.advance(limits.introduction);
  EXPECT_EQ(failure(), Reason::transfer_failed);
  EXPECT_FALSE(std::get<DeliveryFailed>(reports[0]).counts);
}

TEST_F(TasmotaDeliveryTest, DroppingTheHandleEndsEverything) {
  begin(job(Command::transfer));
  handle.reset();
  sent.clear();
  says_mac();
  loop.advance(std::chrono::hours(1));
  EXPECT_THAT(sent, IsEmpty());
  EXPECT_THAT(reports, IsEmpty());
}

TEST_F(TasmotaDeliveryTest, TheHandleMayBeDroppedByTheReport) {
  handle = delivery.begin(job(Command::install), [this](const DeliveryReport& report) {
    handle.reset();
    reports.push_back(report);
  });
  EXPECT_NE(only_report<Installing>(), nullptr);
}

TEST_F(TasmotaDeliveryTest, InstallingIsTheDevicesOwnWorkInQuiet) {
  begin(job(Command::install));
  EXPECT_NE(only_report<Installing>(), nullptr);
  EXPECT_THAT(sent, IsEmpty());
  EXPECT_FALSE(asked_after(std::chrono::minutes(10)));
}

TEST_F(TasmotaDeliveryTest, AnInquiryAsksForTheVersionUntilItIsAnswered) {
  begin(job(Command::inquire));
  EXPECT_THAT(sent, ElementsAre("cmnd/tasmota_80FF6D/Status 2"));
  loop.advance(limits.answer);
  EXPECT_EQ(sent.size(), 2U);
  hear("stat/tasmota_80FF6D/STATUS2", firmware_text("14.2.0(tasmota)"));
  loop.advance(std::chrono::hours(1));
  EXPECT_EQ(sent.size(), 2U);
  EXPECT_THAT(reports, IsEmpty());
}

TEST_F(TasmotaDeliveryTest, AnInquiryGoesOnUntilItIsNoLongerWanted) {
  begin(job(Command::inquire));
  loop.advance(std::chrono::minutes(3));
  EXPECT_GE(sent.size(), 5U);
  EXPECT_LE(sent.size(), 7U) << "three in half a minute, then a minute's rest";
  handle.reset();
  const auto before = sent.size();
  loop.advance(std::chrono::hours(1));
  EXPECT_EQ(sent.size(), before);
}

TEST_F(TasmotaDeliveryTest, AnInquiryOutlivesABrokerThatIsAway) {
  broker = false;
  begin(job(Command::inquire));
  loop.advance(std::chrono::minutes(10));
  EXPECT_THAT(sent, IsEmpty());
  broker = true;
  loop.advance(std::chrono::minutes(2));
  EXPECT_FALSE(sent.empty());
}

TEST_F(TasmotaDeliveryTest, AnInquiryGoesOnWhereNobodySaysWhoItIs) {
  // It came back on other topics.
  auto elsewhere = config_text(kMac);
  elsewhere.replace(elsewhere.find("\"t\":\"tasmota_80FF6D\""), 20, "\"t\":\"tasmota_ABCDEF\"");
  hear(config_topic(kMac), elsewhere);
  begin(job(Command::inquire));
  loop.advance(std::chrono::minutes(10));
  EXPECT_GE(sent.size(), 10U);
  EXPECT_THAT(sent, ::testing::Each("cmnd/tasmota_ABCDEF/Status 5"));
}

TEST_F(TasmotaDeliveryTest, SettlingWaitsForABrokerThatIsAway) {
  auto settle = job(Command::settle);
  settle.facts = {{"ota_url_before", kOwners}, {"ota_url_given", kOurs}};
  broker = false;
  begin(settle);
  loop.advance(std::chrono::hours(3));
  EXPECT_THAT(reports, IsEmpty());
  broker = true;
  for (int i = 0; i < 120 && sent.empty(); ++i) loop.advance(seconds(1));
  says_url(kOurs);
  says_url(kOwners);
  EXPECT_NE(only_report<Settled>(), nullptr);
  EXPECT_THAT(remarks, IsEmpty());
}

TEST_F(TasmotaDeliveryTest, SettlingPutsTheOwnersUrlBack) {
  auto settle = job(Command::settle);
  settle.facts = {{"ota_url_before", kOwners}, {"ota_url_given", kOurs}};
  begin(settle);
  says_url(kOurs);
  says_url(kOwners);
  EXPECT_NE(only_report<Settled>(), nullptr);
  EXPECT_THAT(sent, ElementsAre("cmnd/tasmota_80FF6D/OtaUrl ", std::string("cmnd/tasmota_80FF6D/OtaUrl ") + kOwners));
  EXPECT_THAT(remarks, IsEmpty());
}

TEST_F(TasmotaDeliveryTest, SettlingFallsBackToTheCompiledDefault) {
  auto settle = job(Command::settle);
  settle.facts = {{"ota_url_given", kOurs}};
  begin(settle);
  says_url(kOurs);
  EXPECT_EQ(sent.back(), "cmnd/tasmota_80FF6D/OtaUrl 1");
  says_url("http://ota.tasmota.com/tasmota/release/tasmota.bin.gz");
  EXPECT_NE(only_report<Settled>(), nullptr);
}

TEST_F(TasmotaDeliveryTest, SettlingLeavesAUrlThatTheOwnerChangedMeanwhile) {
  auto settle = job(Command::settle);
  settle.facts = {{"ota_url_before", kOwners}, {"ota_url_given", kOurs}};
  begin(settle);
  says_url("http://ota.example.org/newer.bin.gz");
  EXPECT_NE(only_report<Settled>(), nullptr);
  EXPECT_THAT(sent, ElementsAre("cmnd/tasmota_80FF6D/OtaUrl "));
}

TEST_F(TasmotaDeliveryTest, SettlingADeviceThatWasGivenNothingTouchesNothing) {
  begin(job(Command::settle));
  EXPECT_NE(only_report<Settled>(), nullptr);
  EXPECT_THAT(sent, IsEmpty());
}

TEST_F(TasmotaDeliveryTest, SettlingADeviceThatIsGoneEndsWithANote) {
  auto settle = job(Command::settle);
  settle.facts = {{"ota_url_before", kOwners}, {"ota_url_given", kOurs}};
  begin(settle);
  loop.advance(limits.settle);
  EXPECT_NE(only_report<Settled>(), nullptr);
  ASSERT_EQ(remarks.size(), 1U);
  EXPECT_THAT(remarks[0], HasSubstr(std::string("OtaUrl ") + kOwners));
}

TEST_F(TasmotaDeliveryTest, SettlingEndsTheQuiet) {
  begin_transfer_and_accept();
  hear("stat/tasmota_80FF6D/UPGRADE", R"({"Upgrade":"Successful. Restarting"})");
  loop.settle();
  reports.clear();
  EXPECT_FALSE(asked_after(std::chrono::minutes(5)));
  begin(job(Command::settle));
  EXPECT_TRUE(asked_after(seconds(10)));
}

}  // namespace
}  // namespace homepatch::mqtt::tasmota
