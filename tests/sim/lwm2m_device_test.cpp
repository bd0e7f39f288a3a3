// A pretend LwM2M client between a server of bare bytes and libcoap's own command-line client.
#include "sim/lwm2m/lwm2m_device.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.hpp"
#include "child.hpp"
#include "device_lines.hpp"
#include "pretend_lwm2m_server.hpp"
#include "sim/image/esp_image.hpp"
#include "sim/image/mcuboot_image.hpp"

namespace homepatch::sim {
namespace {

using std::chrono::milliseconds;

class Lwm2mDeviceTest : public ::testing::Test {
 protected:
  Lwm2mDeviceTest() {
    settings.install_delay = milliseconds(50);
    settings.boot_time = milliseconds(20);
  }
  ~Lwm2mDeviceTest() override { ::unlink(image_path.c_str()); }

  void start() {
    settings.server = server.peer();
    device = std::make_unique<Lwm2mDevice>(*loop, settings, identity, lines.sink());
    device->start();
    ASSERT_TRUE(lines.await("registered location=\"/rd/5a3f\"")) << lines.text();
  }

  // coap-client-openssl; what it prints, without the line's end. An error code is printed as "4.05".
  std::string client(const std::vector<std::string>& options, const std::string& path) {
    std::vector<std::string> argv{"coap-client-openssl", "-B", "10"};
    argv.insert(argv.end(), options.begin(), options.end());
    argv.push_back("coap://127.2.0.1:" + lines.last("port") + path);
    Child child(*loop, argv);
    EXPECT_EQ(child.await_end(), 0) << child.output();
    auto out = child.output();
    while (!out.empty() && out.back() == '\n') out.pop_back();
    return out;
  }
  std::string get(const std::string& path) { return client({"-m", "get", "-A", "0"}, path); }
  std::string put_text(const std::string& path, const std::string& text) {
    return client({"-m", "put", "-t", "0", "-e", text}, path);
  }
  std::string push(const std::string& image, const std::string& block_size) {
    EXPECT_TRUE(write_file_atomically(image_path, image));
    return client({"-m", "put", "-t", "42", "-b", block_size, "-f", image_path}, "/5/0/0");
  }
  std::string execute() { return client({"-m", "post"}, "/5/0/2"); }

  static std::string image(const std::string& version) { return make_mcuboot_image(version, 20'000).value(); }

  void push_and_execute() {
    EXPECT_EQ(push(image("1.2.0"), "512"), "");
    EXPECT_EQ(get("/5/0/3"), "2");
    EXPECT_EQ(execute(), "");
  }
  // After the restart, as an administrator would look at it.
  void expect_after_restart(const std::string& version, const std::string& result) {
    ASSERT_TRUE(lines.await("registered location", 2)) << lines.text();
    EXPECT_EQ(get("/3/0/3"), version);
    EXPECT_EQ(get("/5/0/5"), result);
  }

  const std::string image_path = "/tmp/homepatch-test-" + std::to_string(::getpid()) + ".img";
  std::unique_ptr<EventLoop> loop = EventLoop::open().value();
  DeviceLines lines{*loop};
  PretendLwm2mServer server{*loop};
  Lwm2mSettings settings;
  Lwm2mIdentity identity{0, 0x7F020001, {}};
  std::unique_ptr<Lwm2mDevice> device;
};

TEST_F(Lwm2mDeviceTest, RegistersFromItsOwnAddress) {
  start();
  ASSERT_EQ(server.seen().size(), 1U);
  EXPECT_EQ(address_text(server.seen()[0].from.address), "127.2.0.1");
  for (const auto* const part : {"ep=lamp-0000", "lt=60", "lwm2m=1.1", "b=U", "</1/0>,</3/0>,</5/0>"}) {
    EXPECT_EQ(server.count(2, part), 1U) << part;
  }
}

TEST_F(Lwm2mDeviceTest, UpdatesItsRegistrationAndMakesANewOneWhenItIsForgotten) {
  settings.lifetime = 2;
  start();
  EXPECT_TRUE(lines.await("updated"));
  server.forget();
  EXPECT_TRUE(lines.await("forgotten"));
  EXPECT_TRUE(lines.await("registered location", 2));
}

TEST_F(Lwm2mDeviceTest, TakesItsRegistrationBackAtTheEnd) {
  start();
  bool done = false;
  device->stop([&] { done = true; });
  EXPECT_FALSE(done);
  EXPECT_TRUE(loop->run_until([&] { return done; }, kDeadline));
  EXPECT_EQ(server.count(4), 1U);
}

TEST_F(Lwm2mDeviceTest, IsReadByAForeignClient) {
  start();
  EXPECT_EQ(get("/3/0/0"), "Acme");
  EXPECT_EQ(get("/3/0/3"), "1.0.0");
  EXPECT_EQ(get("/5/0/3"), "0");
  EXPECT_EQ(get("/5/0/9"), "1");
  EXPECT_EQ(get("/3/0/99"), "4.04");
  EXPECT_EQ(client({"-m", "get", "-A", "112"}, "/3/0/3"), "4.06");
  EXPECT_EQ(get("/5/0/0"), "4.05");
  EXPECT_NE(client({"-m", "get", "-A", "40"}, "/5").find("</5/0/3>"), std::string::npos);
  EXPECT_EQ(execute(), "4.05");
}

TEST_F(Lwm2mDeviceTest, InstallsWhatWasPushedAndComesBackOnANewPortWithTheVersionFoundInside) {
  start();
  const auto port = lines.last("port");
  push_and_execute();
  expect_after_restart("1.2.0", "1");
  EXPECT_EQ(get("/5/0/3"), "0");
  EXPECT_NE(lines.last("port"), port);
  EXPECT_EQ(server.count(2, "ep="), 2U);
}

TEST_F(Lwm2mDeviceTest, NotifiesWhoObserves) {
  start();
  Child observer(*loop, {"coap-client-openssl", "-s", "10", "-A", "0", "-m", "get",
                         "coap://127.2.0.1:" + lines.last("port") + "/5/0/3"});
  ASSERT_TRUE(loop->run_until([&] { return observer.output() == "0"; }, kDeadline)) << observer.output();
  EXPECT_EQ(push(image("1.2.0"), "512"), "");
  EXPECT_TRUE(loop->run_until([&] { return observer.output().find('2') != std::string::npos; }, kDeadline));
  EXPECT_EQ(execute(), "");
  EXPECT_TRUE(loop->run_until([&] { return observer.output().find('3') != std::string::npos; }, kDeadline));
}

TEST_F(Lwm2mDeviceTest, ZephyrForgetsItsResultAndConfirmsItsNotifications) {
  settings.kind = Lwm2mKind::zephyr;
  settings.szx = 4;
  start();
  EXPECT_EQ(push(image("1.2.0"), "1024"), "4.13");
  Child observer(*loop, {"coap-client-openssl", "-v", "7", "-s", "10", "-A", "0", "-m", "get",
                         "coap://127.2.0.1:" + lines.last("port") + "/5/0/3"});
  ASSERT_TRUE(observer.await("2.05"));
  EXPECT_EQ(put_text("/5/0/1", ""), "");
  EXPECT_EQ(get("/5/0/3"), "0");
}

TEST_F(Lwm2mDeviceTest, WakaamaCountsItsStatesFromOne) {
  settings.kind = Lwm2mKind::wakaama;
  start();
  EXPECT_EQ(get("/5/0/3"), "1");
  EXPECT_EQ(get("/5/0/1"), "4.05");
  EXPECT_EQ(client({"-m", "get", "-A", "40"}, "/5"), "5.01");
  EXPECT_EQ(push(image("1.2.0"), "512"), "");
  EXPECT_EQ(get("/5/0/3"), "3");
}

TEST_F(Lwm2mDeviceTest, AnEmptyUriOrASingleNulResetsIt) {
  start();
  EXPECT_EQ(push(image("1.2.0"), "512"), "");
  EXPECT_EQ(get("/5/0/7"), "1.2.0");
  EXPECT_EQ(put_text("/5/0/1", ""), "");
  EXPECT_EQ(get("/5/0/3"), "0");
  EXPECT_EQ(push(image("1.2.0"), "512"), "");
  EXPECT_EQ(push(std::string(1, '\0'), "512"), "");
  EXPECT_EQ(get("/5/0/3"), "0");
}

TEST_F(Lwm2mDeviceTest, ASecondPackageIsRefusedUntilAReset) {
  start();
  EXPECT_EQ(push(image("1.2.0"), "512"), "");
  EXPECT_EQ(push(image("1.3.0"), "512"), "4.00");
  EXPECT_EQ(get("/5/0/7"), "1.2.0");
}

TEST_F(Lwm2mDeviceTest, ADamagedImageIsAnIntegrityFailureAndAForeignOneUnsupported) {
  start();
  auto damaged = image("1.2.0");
  damaged[5000] = static_cast<char>(damaged[5000] ^ 1);
  EXPECT_EQ(push(damaged, "512"), "");
  EXPECT_EQ(get("/5/0/3"), "0");
  EXPECT_EQ(get("/5/0/5"), "5");
  EXPECT_EQ(push(make_esp_image({"1.2.0", "", EspChip::esp32, 20'000}).value(), "512"), "");
  EXPECT_EQ(get("/5/0/5"), "6");
  EXPECT_EQ(push(image("1.2.0").substr(0, 15'000), "512"), "");
  EXPECT_EQ(get("/5/0/5"), "5");
}

TEST_F(Lwm2mDeviceTest, APackageUriIsAnUnsupportedProtocolBecauseItTakesPushesOnly) {
  start();
  EXPECT_EQ(put_text("/5/0/1", "coap://127.0.0.1/f"), "4.00");
  EXPECT_EQ(get("/5/0/5"), "9");
}

TEST_F(Lwm2mDeviceTest, CancelEndsADownloadedUpdateWithItsOwnResult) {
  start();
  EXPECT_EQ(client({"-m", "post"}, "/5/0/10"), "4.05");
  EXPECT_EQ(push(image("1.2.0"), "512"), "");
  EXPECT_EQ(client({"-m", "post"}, "/5/0/10"), "");
  EXPECT_EQ(get("/5/0/5"), "10");
}

TEST_F(Lwm2mDeviceTest, TheUpdateTriggerMakesItUpdateItsRegistration) {
  start();
  EXPECT_EQ(client({"-m", "post"}, "/1/0/8"), "");
  EXPECT_TRUE(lines.await("updated"));
}

TEST_F(Lwm2mDeviceTest, AnExecutedRebootBringsItBackWithoutANewVersion) {
  start();
  EXPECT_EQ(client({"-m", "post"}, "/3/0/4"), "");
  expect_after_restart("1.0.0", "0");
}

// Faults.

TEST_F(Lwm2mDeviceTest, RefusingItTakesNoPackage) {
  identity.faults.add(Fault::refuse);
  start();
  EXPECT_EQ(push(image("1.2.0"), "512"), "4.05");
}

TEST_F(Lwm2mDeviceTest, HangingItStaysInUpdating) {
  identity.faults.add(Fault::hang);
  start();
  push_and_execute();
  EXPECT_EQ(get("/5/0/3"), "3");
  EXPECT_FALSE(loop->run_until([&] { return lines.count("restarting") > 0; }, milliseconds(200)));
  EXPECT_EQ(put_text("/5/0/1", ""), "4.05");
}

TEST_F(Lwm2mDeviceTest, LyingItClaimsSuccessAndRunsTheOldVersion) {
  identity.faults.add(Fault::lie);
  start();
  push_and_execute();
  expect_after_restart("1.0.0", "1");
}

TEST_F(Lwm2mDeviceTest, FallingBackItSaysThatTheUpdateFailed) {
  identity.faults.add(Fault::fall_back);
  start();
  push_and_execute();
  expect_after_restart("1.0.0", "8");
}

TEST_F(Lwm2mDeviceTest, ContradictingItselfItHasTheNewVersionAndAFailure) {
  identity.faults.add(Fault::contradict);
  start();
  push_and_execute();
  expect_after_restart("1.2.0", "8");
}

TEST_F(Lwm2mDeviceTest, VanishingItNeverComesBack) {
  identity.faults.add(Fault::vanish);
  start();
  push_and_execute();
  EXPECT_TRUE(lines.await(" gone"));
  EXPECT_FALSE(loop->run_until([&] { return lines.count("registered") > 1; }, milliseconds(200)));
}

TEST_F(Lwm2mDeviceTest, LosingItsPowerMidwayItComesBackOldAndManagesTheNextTime) {
  identity.faults.add(Fault::drop_midway);
  start();
  EXPECT_TRUE(write_file_atomically(image_path, image("1.2.0")));
  Child sender(*loop, {"coap-client-openssl", "-m", "put", "-t", "42", "-b", "512", "-f", image_path,
                       "coap://127.2.0.1:" + lines.last("port") + "/5/0/0"});
  ASSERT_TRUE(lines.await("dropped done="));
  ASSERT_TRUE(lines.await("registered location", 2));
  push_and_execute();
  ASSERT_TRUE(lines.await("registered location", 3));
  EXPECT_EQ(get("/3/0/3"), "1.2.0");
}

TEST_F(Lwm2mDeviceTest, FailingOnceItManagesTheNextTime) {
  identity.faults.add(Fault::fail_once);
  start();
  push_and_execute();
  ASSERT_TRUE(lines.await("state=0 result=8"));
  EXPECT_EQ(lines.count("restarting"), 0U);
  push_and_execute();
  expect_after_restart("1.2.0", "1");
}

}  // namespace
}  // namespace homepatch::sim
