#include "protocols/coap/delivery.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <atomic>
#include <iostream>
#include <optional>
#include <thread>

#include "base/unique_fd.hpp"
#include "coap_house.hpp"

namespace homepatch::coap::test {
namespace {

double cpu_of_this_thread() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  const auto seconds_of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

class DeliveryTest : public CoapHouse {
 protected:
  static DeliveryTimes quick() {
    DeliveryTimes out;
    out.ordinary = {seconds(1), 1};
    out.first_block = {seconds(1), 1};
    out.poll = milliseconds(50);
    out.verify = milliseconds(500);
    out.progress_each = milliseconds(0);
    return out;
  }

  void SetUp() override { make_image(5000); }

  void make_image(std::size_t size) {
    image.clear();
    for (std::size_t i = 0; i < size; ++i) image += static_cast<char>(i * 7 + i / 256);
    file = UniqueFd(::memfd_create("image", MFD_CLOEXEC));
    ASSERT_EQ(::write(file.get(), image.data(), image.size()), static_cast<ssize_t>(image.size()));
  }
  DeliveryJob job(Command step, bool resumed = false) {
    DeliveryJob out(id(), Family::lwm2m);
    out.step = step;
    out.resumed = resumed;
    out.from_version = "1.0.0";
    out.to_version = "2.0.0";
    OpenImage open;
    open.fd = file.get();
    open.length = image.size();
    out.images = {open};
    return out;
  }
  void begin(Command step, bool resumed = false) {
    progress = 0;
    final_report.reset();
    handle = delivery->begin(job(step, resumed), [this](const DeliveryReport& report) {
      if (std::holds_alternative<Progress>(report)) {
        ++progress;
      } else {
        ASSERT_FALSE(final_report) << "one final report only";
        final_report = report;
        announced_at_end = announced.size();
      }
    });
    EXPECT_FALSE(final_report) << "nothing is reported within begin()";
  }
  void finish(Command step, bool resumed = false) {
    begin(step, resumed);
    ASSERT_TRUE(until([this] { return final_report.has_value(); }));
    handle.reset();
  }
  template <typename Report>
  [[nodiscard]] bool ended_as() const {
    return final_report && std::holds_alternative<Report>(*final_report);
  }
  [[nodiscard]] DeliveryFailed failure() const {
    if (!ended_as<DeliveryFailed>()) {
      ADD_FAILURE() << "it did not fail";
      return {};
    }
    return std::get<DeliveryFailed>(*final_report);
  }

  std::string image;
  UniqueFd file;
  std::unique_ptr<PretendDevice> client = device();
  std::unique_ptr<Lwm2mDelivery> delivery = std::make_unique<Lwm2mDelivery>(*loop, *server, quick());
  std::unique_ptr<DeliveryHandle> handle;
  unsigned progress = 0;
  std::size_t announced_at_end = 0;
  std::optional<DeliveryReport> final_report;
};

TEST_F(DeliveryTest, TransfersInstallsAndProves) {
  settle_in(*client);
  finish(Command::transfer);
  ASSERT_TRUE(ended_as<Transferred>());
  EXPECT_EQ(client->image, image);
  EXPECT_EQ(client->largest_seen, 1024U);
  EXPECT_GE(progress, 4U);

  finish(Command::install);
  ASSERT_TRUE(ended_as<Installing>());
  EXPECT_EQ(client->updates_executed, 1U);

  client->reboot();
  client->resources["/3/0/3"].value = "2.0.0";
  client->set_state("0");
  client->set_result("1");
  announced.clear();
  client->register_as("lamp");
  ASSERT_TRUE(until([&] { return told_version("2.0.0"); }));
  EXPECT_TRUE(announced.front().restarted);
  EXPECT_EQ(announced.back().result->kind, InstallResult::Kind::success);

  finish(Command::settle);
  EXPECT_TRUE(ended_as<Settled>());
  EXPECT_EQ(client->resets, 0U);
}

TEST_F(DeliveryTest, ADeviceThatIsNotRegisteredIsNotItsFailure) {
  finish(Command::transfer);
  EXPECT_EQ(failure().reason, Reason::offline);
  EXPECT_FALSE(failure().counts);
  finish(Command::settle);
  EXPECT_TRUE(ended_as<Settled>());
}

TEST_F(DeliveryTest, FollowsTheDeviceToSmallerBlocks) {
  client->preferred_exponent = 2;
  settle_in(*client);
  finish(Command::transfer);
  ASSERT_TRUE(ended_as<Transferred>());
  EXPECT_EQ(client->image, image);
  EXPECT_EQ(client->blocks, 1 + (5000U - 1024U + 63U) / 64U);
}

TEST_F(DeliveryTest, APlain413HalvesTheBlocks) {
  client->largest_block = 256;
  settle_in(*client);
  finish(Command::transfer);
  ASSERT_TRUE(ended_as<Transferred>());
  EXPECT_EQ(client->image, image);
  EXPECT_EQ(client->largest_seen, 256U);
}

TEST_F(DeliveryTest, TriesSmallerBlocksWhereTheFirstIsNeverAnsweredAndRemembersThem) {
  client->deaf_above = 256;
  settle_in(*client);
  finish(Command::transfer);
  ASSERT_TRUE(ended_as<Transferred>());
  EXPECT_EQ(client->image, image);
  EXPECT_EQ(client->largest_seen, 256U);
  const auto writes = [this] { return std::ranges::count(client->asked, "PUT /5/0/0"); };
  client->asked.clear();
  finish(Command::transfer);
  ASSERT_TRUE(ended_as<Transferred>());
  EXPECT_EQ(writes(), 20) << "5,000 bytes in blocks of 256, none of them in vain";
}

TEST_F(DeliveryTest, KeepsOneTokenForTheWholeTransfer) {
  client->token_bound = true;
  client->preferred_exponent = 2;
  settle_in(*client);
  finish(Command::transfer);
  ASSERT_TRUE(ended_as<Transferred>());
  EXPECT_EQ(client->image, image);
}

TEST_F(DeliveryTest, AfterALostLastAnswerTheStateTells) {
  client->loses_last_answer = true;
  settle_in(*client);
  finish(Command::transfer);
  ASSERT_TRUE(ended_as<Transferred>()) << "its repetition met a closed transfer: 4.04";
  EXPECT_EQ(client->image, image);
}

TEST_F(DeliveryTest, WaitsForABusyDevice) {
  client->busy_at_block = 2;
  settle_in(*client);
  finish(Command::transfer);
  ASSERT_TRUE(ended_as<Transferred>());
  EXPECT_EQ(client->image, image);
}

TEST_F(DeliveryTest, BeginsAnewAfterLostBlocks) {
  client->lose_at_block = 3;
  settle_in(*client);
  finish(Command::transfer);
  ASSERT_TRUE(ended_as<Transferred>());
  EXPECT_EQ(client->image, image);
}

TEST_F(DeliveryTest, LeavesTheFormatOut) {
  client->refuses_format = true;
  settle_in(*client);
  finish(Command::transfer);
  EXPECT_TRUE(ended_as<Transferred>());
}

TEST_F(DeliveryTest, ADeviceThatVanishesCanBeTriedAgain) {
  client->deaf_from_block = 2;
  settle_in(*client);
  finish(Command::transfer);
  EXPECT_EQ(failure().reason, Reason::transfer_failed);
  EXPECT_TRUE(failure().may_retry);
  EXPECT_NE(failure().text.find("at byte 2048 of 5000"), std::string::npos) << failure().text;
}

TEST_F(DeliveryTest, AResetInTheMiddleEndsTheTransfer) {
  client->reset_at_block = 1;
  settle_in(*client);
  finish(Command::transfer);
  EXPECT_EQ(failure().reason, Reason::transfer_failed);
  EXPECT_NE(failure().text.find("rejected"), std::string::npos) << failure().text;
}

TEST_F(DeliveryTest, ADeviceThatRegistersAnewHasLostTheTransfer) {
  settle_in(*client);
  unsigned taken = 0;
  client->on_block = [&] {
    if (++taken != 3) return;
    client->deaf = true;
    client->reboot();
    client->register_as("lamp");
  };
  finish(Command::transfer);
  EXPECT_EQ(failure().reason, Reason::device_restarted);
  EXPECT_TRUE(failure().may_retry);
}

TEST_F(DeliveryTest, ADeviceThatSpeaksFromAnotherPortHasNotFailed) {
  settle_in(*client);
  unsigned taken = 0;
  client->on_block = [&] {
    if (++taken != 3) return;
    client->reboot();  // the socket only: a router gave it another port
    client->update();
  };
  finish(Command::transfer);
  EXPECT_FALSE(failure().counts);
  finish(Command::transfer);
  EXPECT_TRUE(ended_as<Transferred>());
}

TEST_F(DeliveryTest, DroppingTheHandleStopsBeforeTheNextBlock) {
  client->preferred_exponent = 0;
  settle_in(*client);
  unsigned at_drop = 0;
  begin(Command::transfer);
  ASSERT_TRUE(until([&] { return client->blocks > 5; }));
  handle.reset();
  at_drop = client->blocks;
  a_while();
  EXPECT_LE(client->blocks, at_drop + 1) << "one block may have been on its way";
  EXPECT_FALSE(final_report);
}

TEST_F(DeliveryTest, TheHandleMayBeDroppedByAReport) {
  client->preferred_exponent = 0;
  settle_in(*client);
  handle = delivery->begin(job(Command::transfer), [this](const DeliveryReport&) { handle.reset(); });
  ASSERT_TRUE(until([&] { return handle == nullptr; }));
  const auto at_drop = client->blocks;
  a_while();
  EXPECT_LE(client->blocks, at_drop + 1);
}

TEST_F(DeliveryTest, AnotherTransferMayFollowADroppedOne) {
  client->preferred_exponent = 0;
  settle_in(*client);
  begin(Command::transfer);
  ASSERT_TRUE(until([&] { return client->blocks > 5; }));
  handle.reset();
  finish(Command::transfer);
  ASSERT_TRUE(ended_as<Transferred>());
  EXPECT_EQ(client->image, image);
}

TEST_F(DeliveryTest, WaitsForTheStateByPollingWhereNothingIsNotified) {
  client->observable = false;
  client->whole_state = "1";
  settle_in(*client);
  begin(Command::transfer);
  ASSERT_TRUE(until([&] { return client->image == image; }));
  client->set_state("2");
  ASSERT_TRUE(until([&] { return final_report.has_value(); }));
  EXPECT_TRUE(ended_as<Transferred>());
}

TEST_F(DeliveryTest, ANotificationOfTheStateIsTakenAtOnce) {
  auto slow = quick();
  slow.poll = seconds(60);
  slow.verify = seconds(120);
  delivery = std::make_unique<Lwm2mDelivery>(*loop, *server, slow);
  client->whole_state = "1";
  settle_in(*client);
  begin(Command::transfer);
  const auto reads = [&] { return std::ranges::count(client->asked, "GET /5/0/3"); };
  ASSERT_TRUE(until([&] { return client->image == image && reads() >= 4; }));
  a_while();
  client->notify("/5/0/3", "2");
  ASSERT_TRUE(until([&] { return final_report.has_value(); }));
  EXPECT_TRUE(ended_as<Transferred>());
}

TEST_F(DeliveryTest, AFailedCheckOfThePackageIsTheDevicesWord) {
  for (const auto& [result, may_retry] : {std::pair{"5", false}, std::pair{"4", true}}) {
    client->whole_state = "0";
    client->whole_result = result;
    settle_in(*client);
    finish(Command::transfer);
    EXPECT_EQ(failure().reason, Reason::transfer_failed);
    EXPECT_EQ(failure().may_retry, may_retry) << failure().text;
    EXPECT_NE(failure().text.find("Update Result " + std::string(result)), std::string::npos) << failure().text;
    client->asked.clear();
  }
}

TEST_F(DeliveryTest, ADeviceThatNeverSaysThatItHasThePackageStalls) {
  client->whole_state = "1";
  settle_in(*client);
  finish(Command::transfer);
  EXPECT_EQ(failure().reason, Reason::transfer_stalled);
}

TEST_F(DeliveryTest, APackageThatIsHeldAlreadyIsTakenOffFirst) {
  client->set_state("2");
  settle_in(*client);
  finish(Command::transfer);
  ASSERT_TRUE(ended_as<Transferred>());
  EXPECT_EQ(client->resets, 1U);
  EXPECT_EQ(client->image, image);
}

TEST_F(DeliveryTest, ClientsThatIgnoreTheEmptyUriGetTheSingleByte) {
  client->set_state("2");
  client->uri_write_resets = false;
  settle_in(*client);
  finish(Command::transfer);
  EXPECT_TRUE(ended_as<Transferred>());
  EXPECT_EQ(client->resets, 1U);
}

TEST_F(DeliveryTest, ADeviceThatDoesNotLetGoIsNotWrittenTo) {
  client->set_state("2");
  client->uri_write_resets = false;
  client->nul_write_resets = false;
  settle_in(*client);
  finish(Command::transfer);
  EXPECT_EQ(failure().reason, Reason::transfer_refused);
  EXPECT_EQ(client->blocks, 0U);
}

TEST_F(DeliveryTest, ADeviceThatInstallsIsLeftAlone) {
  client->set_state("3");
  settle_in(*client);
  finish(Command::transfer);
  EXPECT_EQ(failure().reason, Reason::transfer_refused);
  EXPECT_TRUE(failure().may_retry);
  EXPECT_EQ(client->blocks + client->resets, 0U);
}

TEST_F(DeliveryTest, AClientThatCountsItsStatesFromOneIsUnderstood) {
  client->idle_number = 1;
  client->whole_state = "3";
  client->set_state("1");
  settle_in(*client);
  finish(Command::transfer);
  ASSERT_TRUE(ended_as<Transferred>());
  EXPECT_EQ(client->image, image);
  const auto* told = last([](const auto& a) { return a.facts.contains("numbering"); });
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->facts.at("numbering"), "legacy");
  finish(Command::install);
  EXPECT_TRUE(ended_as<Installing>());
}

TEST_F(DeliveryTest, AnInstallationWithoutAnAnswerIsUnderWay) {
  client->set_state("2");
  client->heeds_update = false;
  settle_in(*client);
  finish(Command::install);
  EXPECT_TRUE(ended_as<Installing>());
}

TEST_F(DeliveryTest, ARestartInsteadOfAnAnswerIsAnInstallation) {
  client->set_state("2");
  client->heeds_update = false;
  settle_in(*client);
  begin(Command::install);
  ASSERT_TRUE(until([&] { return client->updates_executed > 0; }));
  client->reboot();
  client->register_as("lamp");
  ASSERT_TRUE(until([&] { return final_report.has_value(); }));
  EXPECT_TRUE(ended_as<Installing>());
}

TEST_F(DeliveryTest, AnInstallationThatRunsAlreadyIsRecognised) {
  client->set_state("3");
  settle_in(*client);
  finish(Command::install);
  EXPECT_TRUE(ended_as<Installing>());
}

TEST_F(DeliveryTest, AnInstallationThatIsOverIsRecognisedAndProven) {
  client->set_result("1");
  settle_in(*client);
  announced.clear();
  finish(Command::install);
  EXPECT_TRUE(ended_as<Installing>());
  EXPECT_TRUE(until([&] { return told_version("1.0.0"); })) << "its word is announced again";

  client->set_result("0");
  client->resources["/3/0/3"].value = "2.0.0";
  finish(Command::install, true);
  EXPECT_TRUE(ended_as<Installing>());
}

TEST_F(DeliveryTest, ADeviceWithoutThePackageRefusesToInstall) {
  settle_in(*client);
  finish(Command::install);
  EXPECT_EQ(failure().reason, Reason::install_refused);
  EXPECT_TRUE(failure().may_retry);
  EXPECT_NE(failure().text.find("4.05"), std::string::npos) << failure().text;
}

TEST_F(DeliveryTest, SettlingTakesAnUnusedPackageOff) {
  client->set_state("2");
  settle_in(*client);
  finish(Command::settle);
  EXPECT_TRUE(ended_as<Settled>());
  EXPECT_EQ(client->resets, 1U);
}

TEST_F(DeliveryTest, AnInquiryIsAnsweredByAnAnnouncement) {
  settle_in(*client);
  a_while();
  announced.clear();
  begin(Command::inquire);
  EXPECT_TRUE(until([&] { return told_version("1.0.0"); }));
  EXPECT_FALSE(final_report);
}

TEST_F(DeliveryTest, NothingElseIsAskedDuringATransfer) {
  client->preferred_exponent = 0;
  settle_in(*client);
  begin(Command::transfer);
  ASSERT_TRUE(until([&] { return client->blocks > 5; }));
  client->asked.clear();
  server->inquire(id());
  ASSERT_TRUE(until([&] { return client->image == image; }));
  EXPECT_EQ(std::ranges::count(client->asked, "GET /3/0/3"), 0);
  announced.clear();
  ASSERT_TRUE(until([&] { return final_report.has_value(); }));
  EXPECT_TRUE(until([&] { return told_version("1.0.0"); })) << "it is asked when the device is free";
}

// Registers for queue mode, tells who it is, and falls asleep.
class SleeperTest : public DeliveryTest {
 protected:
  static constexpr milliseconds kAwake{300};

  void SetUp() override {
    DeliveryTest::SetUp();
    Lwm2mTimes times = quick_times();
    times.awake = kAwake;
    server.reset();
    server = std::make_unique<Lwm2mServer>(*loop, *context, *exchanges, times,
                                           [this](const Announcement& a) { announced.push_back(a); });
    delivery = std::make_unique<Lwm2mDelivery>(*loop, *server, quick());
    settle_in(*client, "lamp", "lwm2m=1.1&b=U&Q&lt=600");
  }
  void fall_asleep() {
    loop->run_until([] { return false; }, kAwake + milliseconds(50));
    client->asked.clear();
    announced.clear();
  }
  void expect_asleep() {
    EXPECT_EQ(failure().reason, Reason::asleep);
    EXPECT_FALSE(failure().counts);
    ASSERT_TRUE(failure().not_before);
    EXPECT_GT(*failure().not_before, loop->now() + seconds(600));
    EXPECT_LT(*failure().not_before, loop->now() + seconds(600) + Registry::kExchangeLifetime);
  }
};

TEST_F(SleeperTest, IsNotSpokenToUntilItsRegistrationEndsOrItSpeaks) {
  fall_asleep();
  for (const auto step : {Command::transfer, Command::install}) {
    finish(step);
    expect_asleep();
  }
  finish(Command::settle);
  EXPECT_TRUE(ended_as<Settled>());
  EXPECT_TRUE(client->asked.empty());
  client->update();
  ASSERT_TRUE(until([&] { return !announced.empty(); })) << "its word is what the update waits for";
  finish(Command::transfer);
  EXPECT_TRUE(ended_as<Transferred>());
}

TEST_F(SleeperTest, IsAwakeAsLongAsItAnswers) {
  client->busy_at_block = 2;  // for a second
  finish(Command::transfer);
  ASSERT_TRUE(ended_as<Transferred>());
  finish(Command::install);
  EXPECT_TRUE(ended_as<Installing>());
  EXPECT_EQ(client->updates_executed, 1U);
}

TEST_F(SleeperTest, ThatSleepsSoonerThanItShouldHasNotFailed) {
  client->deaf = true;
  finish(Command::transfer);
  expect_asleep();
}

TEST_F(SleeperTest, ANotificationIsItsWordToo) {
  fall_asleep();
  client->notify("/5/0/3", "0");
  ASSERT_TRUE(until([&] { return !announced.empty(); }));
  EXPECT_EQ(announced.front().reachable, true);
  finish(Command::transfer);
  EXPECT_TRUE(ended_as<Transferred>());
}

TEST_F(SleeperTest, IsAskedForItsVersionWhenItWakes) {
  fall_asleep();
  begin(Command::inquire);
  ASSERT_TRUE(until([this] { return final_report.has_value(); }));
  expect_asleep();
  EXPECT_TRUE(client->asked.empty());
  client->resources["/3/0/3"].value = "2.0.0";
  client->update();
  EXPECT_TRUE(until([&] { return told_version("2.0.0"); }));
}

// A test only of that it works; it prints what pushing costs our side. The device lives in a thread of its own.
TEST_F(DeliveryTest, PrintsWhatAMegabyteCosts) {
  make_image(1024 * 1024);
  for (const unsigned exponent : {6U, 2U}) {
    std::string received;
    std::atomic<bool> over = false;
    std::thread device_thread([&] {
      const auto own_loop = EventLoop::open().value();
      PretendDevice far(*own_loop, "127.0.0.4", home.port());
      far.preferred_exponent = exponent;
      far.register_as("lamp");
      own_loop->run_until([&over] { return over.load(); }, kLimit);
      received = far.image;
    });
    ASSERT_TRUE(until([&] { return told_version("1.0.0"); }));
    const auto before = cpu_of_this_thread();
    const auto started = loop->monotonic();
    finish(Command::transfer);
    const auto used = cpu_of_this_thread() - before;
    const auto took = loop->monotonic() - started;
    over = true;
    device_thread.join();
    ASSERT_TRUE(ended_as<Transferred>());
    EXPECT_EQ(received, image);
    std::cout << "blocks of " << (16U << exponent) << " bytes: " << used << " CPU seconds per MiB, " << took.count()
              << " ms\n";
    announced.clear();
  }
}

}  // namespace
}  // namespace homepatch::coap::test
