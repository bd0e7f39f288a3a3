// The life of a pretend Tasmota device as a real broker and mosquitto's own clients see it.
#include <sys/prctl.h>
#include <sys/wait.h>

#include <csignal>

#include "tasmota_house.hpp"

namespace homepatch::sim {
namespace {

class TasmotaDeviceTest : public TasmotaHouse {
 protected:
  // Another client with the device's name: the broker throws the device out.
  [[nodiscard]] Child rival() {
    return Child(*loop, {"mosquitto_sub", "-h", "127.0.0.1", "-p", std::to_string(broker.port()), "-i", "DVES_000001",
                         "-t", "none", "-W", "1"});
  }
};

// A process that holds a copy of every descriptor of the test, until the end of its scope.
class Copy {
 public:
  Copy() : pid_(::fork()) {
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) ::pause();
  }
  ~Copy() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

 private:
  pid_t pid_;
};

constexpr const char* kStat = "0 stat/tasmota_000001/";

TEST_F(TasmotaDeviceTest, IntroducesItselfAfterItsStart) {
  start();
  EXPECT_TRUE(hear("tele/tasmota_000001/LWT Online"));
  EXPECT_TRUE(hear(R"~(tele/tasmota_000001/INFO1 {"Info1":{"Module":"Pretend Plug","Version":"14.2.0(tasmota)")~"));
  EXPECT_TRUE(hear("tele/tasmota_000001/INFO2"));
  EXPECT_TRUE(hear("tele/tasmota_000001/INFO3"));
  EXPECT_TRUE(hear(R"("ip":"127.1.0.1")"));
  EXPECT_TRUE(hear("tasmota/discovery/A0B1C2000001/sensors"));
}

TEST_F(TasmotaDeviceTest, LeavesOnlyTheStatusAndTheDiscoveryRetained) {
  start();
  ASSERT_TRUE(hear("sensors"));
  ASSERT_TRUE(broker.listen());  // a newcomer
  EXPECT_TRUE(hear("1 tele/tasmota_000001/LWT Online"));
  EXPECT_TRUE(hear("1 tasmota/discovery/A0B1C2000001/config"));
  EXPECT_TRUE(hear("1 tasmota/discovery/A0B1C2000001/sensors"));
  EXPECT_FALSE(heard("1 tele/tasmota_000001/INFO1"));
}

TEST_F(TasmotaDeviceTest, AnswersQueries) {
  start();
  command("Status", "1");
  EXPECT_TRUE(hear(std::string(kStat) + R"(STATUS1 {"StatusPRM")"));
  command("status", "2");
  EXPECT_TRUE(hear(R"~(STATUS2 {"StatusFWR":{"Version":"14.2.0(tasmota)")~"));
  EXPECT_TRUE(hear(R"("Hardware":"ESP32-D0WD-V3")"));
  command("Status", "4");
  EXPECT_TRUE(hear(R"(STATUS4 {"StatusMEM":{"ProgramSize":1712,"Free":1024)"));
  command("Status", "5");
  EXPECT_TRUE(hear(R"("Mac":"A0:B1:C2:00:00:01")"));
  command("OtaUrl", "");
  EXPECT_TRUE(hear(R"(RESULT {"OtaUrl":"http://ota.tasmota.com/tasmota32/release/tasmota32.bin"})"));
  command("Banana", "");
  EXPECT_TRUE(hear(R"(RESULT {"Command":"Unknown"})"));
}

TEST_F(TasmotaDeviceTest, ListensOnTheGroupAndTheFallbackTopicToo) {
  start();
  ASSERT_TRUE(broker.publish("cmnd/tasmotas/Status", "2"));
  ASSERT_TRUE(broker.publish("cmnd/DVES_000001_fb/Status", "2"));
  EXPECT_TRUE(hear("STATUS2", 2));
}

TEST_F(TasmotaDeviceTest, WithSetOption4AnswersUnderTheCommandsName) {
  settings.so4 = true;
  start();
  EXPECT_TRUE(hear(R"("so":{"4":1,)"));
  command("OtaUrl", "");
  EXPECT_TRUE(hear("stat/tasmota_000001/OTAURL {"));
  command("Upgrade", "banana");
  EXPECT_TRUE(hear(R"(stat/tasmota_000001/UPGRADE {"Upgrade":"1 or >14.2.0 to upgrade"})"));
}

TEST_F(TasmotaDeviceTest, KeepsItsOtaUrlWhenANewOneIsTooLong) {
  start();
  command("OtaUrl", "http://127.0.0.1/" + std::string(84, 'x'));
  EXPECT_TRUE(hear(R"(RESULT {"OtaUrl":"http://ota.tasmota.com)"));
  const auto longest = "http://127.0.0.1/" + std::string(83, 'x');
  command("OtaUrl", longest);
  EXPECT_TRUE(hear("RESULT {\"OtaUrl\":\"" + longest));
  command("OtaUrl", "1");
  EXPECT_TRUE(hear(R"(RESULT {"OtaUrl":"http://ota.tasmota.com)", 2));
}

TEST_F(TasmotaDeviceTest, InstallsWhatItFetchesAndReportsTheVersionFoundInside) {
  web.serve("/f/tasmota.bin", image("15.0.1"));
  start();
  upgrade_from(web.url("/f/tasmota.bin"));
  EXPECT_TRUE(hear("RESULT {\"Upgrade\":\"Version 14.2.0 from " + web.url("/f/tasmota.bin")));
  EXPECT_TRUE(hear(R"(UPGRADE {"Upgrade":"Successful. Restarting"})"));
  EXPECT_TRUE(hear("tele/tasmota_000001/LWT Offline"));
  EXPECT_TRUE(hear(R"~("Version":"15.0.1(tasmota)")~"));
  EXPECT_TRUE(hear(R"("sw":"15.0.1")"));
  EXPECT_TRUE(hear(R"("BootCount":2)"));
}

TEST_F(TasmotaDeviceTest, KeepsItsOtaUrlAcrossTheRestart) {
  web.serve("/tasmota.bin", image("15.0.1"));
  start();
  upgrade_from(web.url("/tasmota.bin"));
  ASSERT_TRUE(hears_commands(2));
  command("OtaUrl", "");
  EXPECT_TRUE(hear("RESULT {\"OtaUrl\":\"" + web.url("/tasmota.bin"), 2));
}

TEST_F(TasmotaDeviceTest, TakesAHigherVersionInPlaceOfTheOne) {
  web.serve("/tasmota.bin", image("15.0.1"));
  start();
  command("OtaUrl", web.url("/tasmota.bin"));
  command("Upgrade", "13.4.0");
  EXPECT_TRUE(hear("1 or >14.2.0 to upgrade"));
  command("Upload", "15.0.1");
  EXPECT_TRUE(hear(R"(RESULT {"Upload":"Version 14.2.0 from)"));
  EXPECT_TRUE(lines.await("reported version=15.0.1(tasmota)"));
}

TEST_F(TasmotaDeviceTest, ABacklogIsDoneInItsOrder) {
  web.serve("/tasmota.bin", image("15.0.1"));
  start();
  command("Backlog", "OtaUrl " + web.url("/tasmota.bin") + "; Upgrade 1");
  EXPECT_TRUE(lines.await("reported version=15.0.1(tasmota)"));
}

TEST_F(TasmotaDeviceTest, ASafebootDeviceRestartsFirstAndFetchesFromThere) {
  settings.flow = TasmotaFlow::safeboot;
  web.serve("/tasmota.bin", image("15.0.1"));
  start();
  upgrade_from(web.url("/tasmota.bin"));
  ASSERT_TRUE(lines.await("reported version=14.2.0(safeboot)")) << lines.text();
  EXPECT_TRUE(web.requests().empty());
  EXPECT_TRUE(hear("Successful. Restarting")) << lines.text() << broker.heard().output();
  EXPECT_TRUE(hear(R"~("Version":"15.0.1(tasmota)")~"));
  EXPECT_EQ(lines.count("announced version=14.2.0"), 1U) << lines.text();  // safeboot announces nothing
}

TEST_F(TasmotaDeviceTest, ATwoStepDevicePassesThroughTheMinimalImage) {
  settings.flow = TasmotaFlow::two_step;
  settings.hardware = "ESP8266EX";
  settings.chip = EspChip::esp8266;
  settings.free_space = 16 * 1024;
  web.serve("/tasmota.bin", image("15.0.1", "tasmota", EspChip::esp8266));
  web.serve("/tasmota-minimal.bin", image("15.0.1", "minimal", EspChip::esp8266));
  start();
  upgrade_from(web.url("/tasmota.bin"));
  ASSERT_TRUE(lines.await("reported version=15.0.1(minimal)"));
  ASSERT_TRUE(lines.await("reported version=15.0.1(tasmota)"));
  ASSERT_EQ(web.requests().size(), 3U);
  EXPECT_EQ(web.requests()[1].path, "/tasmota-minimal.bin");
  EXPECT_EQ(web.requests()[2].path, "/tasmota.bin");
}

TEST_F(TasmotaDeviceTest, ComesBackWhenTheBrokerHasBeenAway) {
  start();
  const auto other = rival();
  EXPECT_TRUE(lines.await("lost reason="));
  EXPECT_TRUE(lines.await("online", 2));
  EXPECT_EQ(lines.count("reported"), 1U);  // no new introduction without a restart
}

// The kernel keeps an entry of the loop for as long as any process has the socket open.
TEST_F(TasmotaDeviceTest, ACopyOfItsSocketElsewhereDoesNotOutliveTheWatch) {
  start();
  const Copy copy;
  const auto other = rival();
  EXPECT_TRUE(lines.await("lost reason="));
  ASSERT_TRUE(hear("tasmota/discovery/A0B1C2000001/sensors", 2));
  command("Status", "2");
  EXPECT_TRUE(hear("STATUS2"));
}

TEST_F(TasmotaDeviceTest, WithRetainedOnlyNeverSaysAnythingAgain) {
  settings.retained_only = true;
  start();
  command("Status", "2");
  device->stop();
  ASSERT_TRUE(broker.listen());
  ASSERT_TRUE(hear("1 tele/tasmota_000001/LWT Online"));  // and that is a lie from now on
  EXPECT_FALSE(heard("STATUS2"));
  EXPECT_FALSE(heard("INFO1"));
}

TEST_F(TasmotaDeviceTest, ItsLastWordIsTheBrokers) {
  start();
  device->stop();
  EXPECT_TRUE(hear("tele/tasmota_000001/LWT Offline"));
}

}  // namespace
}  // namespace homepatch::sim
