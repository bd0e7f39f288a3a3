// How a pretend Tasmota device disappoints when it is told to, as a real broker sees it.
#include "tasmota_house.hpp"

namespace homepatch::sim {
namespace {

class TasmotaFaultTest : public TasmotaHouse {};

TEST_F(TasmotaFaultTest, RefusingItFailsWithoutFetching) {
  identity.faults.add(Fault::refuse);
  start();
  upgrade_from(web.url("/tasmota.bin"));
  EXPECT_TRUE(hear(R"(UPGRADE {"Upgrade":"Failed)"));
  EXPECT_TRUE(web.requests().empty());
}

TEST_F(TasmotaFaultTest, HangingItAcceptsAndIsNeverHeardAgain) {
  identity.faults.add(Fault::hang);
  start();
  upgrade_from(web.url("/tasmota.bin"));
  ASSERT_TRUE(hear("Version 14.2.0 from"));
  command("Status", "2");
  ASSERT_TRUE(hear("cmnd/tasmota_000001/Status"));
  EXPECT_FALSE(loop->run_until([&] { return heard("STATUS2"); }, std::chrono::milliseconds(100)));
}

TEST_F(TasmotaFaultTest, LyingItClaimsSuccessAndRunsTheOldVersion) {
  identity.faults.add(Fault::lie);
  web.serve("/tasmota.bin", image("15.0.1"));
  start();
  upgrade_from(web.url("/tasmota.bin"));
  EXPECT_TRUE(hear("Successful. Restarting"));
  EXPECT_TRUE(lines.await("reported version=14.2.0(tasmota)", 2));
}

TEST_F(TasmotaFaultTest, ALyingSafebootDeviceComesBackFromSafebootAsItWas) {
  settings.flow = TasmotaFlow::safeboot;
  identity.faults.add(Fault::lie);
  web.serve("/tasmota.bin", image("15.0.1"));
  start();
  upgrade_from(web.url("/tasmota.bin"));
  EXPECT_TRUE(lines.await("reported version=14.2.0(safeboot)"));
  EXPECT_TRUE(hear("Successful. Restarting"));
  EXPECT_TRUE(lines.await("reported version=14.2.0(tasmota)", 2));
}

TEST_F(TasmotaFaultTest, ATwoStepDeviceFallsBackOnlyFromTheImageItWanted) {
  settings.flow = TasmotaFlow::two_step;
  settings.hardware = "ESP8266EX";
  settings.chip = EspChip::esp8266;
  settings.free_space = 16 * 1024;
  identity.faults.add(Fault::fall_back);
  web.serve("/tasmota.bin", image("15.0.1", "tasmota", EspChip::esp8266));
  web.serve("/tasmota-minimal.bin", image("15.0.1", "minimal", EspChip::esp8266));
  start();
  upgrade_from(web.url("/tasmota.bin"));
  EXPECT_TRUE(lines.await("reported version=15.0.1(minimal)"));
  EXPECT_TRUE(hear(R"("RestartReason":"Software Watchdog")"));
  EXPECT_TRUE(lines.await("reported version=14.2.0(tasmota)", 2));
}

TEST_F(TasmotaFaultTest, FallingBackItSaysWhy) {
  identity.faults.add(Fault::fall_back);
  web.serve("/tasmota.bin", image("15.0.1"));
  start();
  upgrade_from(web.url("/tasmota.bin"));
  EXPECT_TRUE(hear(R"("RestartReason":"Software Watchdog")"));
  EXPECT_TRUE(lines.await("reported version=14.2.0(tasmota)", 2));
}

TEST_F(TasmotaFaultTest, ContradictingItselfItHasTheNewVersionAndAFailure) {
  identity.faults.add(Fault::contradict);
  web.serve("/tasmota.bin", image("15.0.1"));
  start();
  upgrade_from(web.url("/tasmota.bin"));
  EXPECT_TRUE(hear(R"~("Version":"15.0.1(tasmota)")~"));
  EXPECT_TRUE(hear(R"(UPGRADE {"Upgrade":"Failed)"));
}

TEST_F(TasmotaFaultTest, VanishingItNeverComesBack) {
  identity.faults.add(Fault::vanish);
  web.serve("/tasmota.bin", image("15.0.1"));
  start();
  upgrade_from(web.url("/tasmota.bin"));
  EXPECT_TRUE(lines.await(" gone"));
  EXPECT_TRUE(hear("LWT Offline"));
  EXPECT_FALSE(loop->run_until([&] { return lines.count("online") > 1; }, std::chrono::milliseconds(100)));
}

TEST_F(TasmotaFaultTest, LosingItsPowerMidwayItComesBackOldAndManagesTheNextTime) {
  identity.faults.add(Fault::drop_midway);
  web.serve("/tasmota.bin", image("15.0.1"));
  start();
  upgrade_from(web.url("/tasmota.bin"));
  EXPECT_TRUE(lines.await("reported version=14.2.0(tasmota)", 2));
  EXPECT_FALSE(heard("Successful"));
  ASSERT_TRUE(hears_commands(2));
  command("Upgrade", "1");
  EXPECT_TRUE(lines.await("reported version=15.0.1(tasmota)"));
}

TEST_F(TasmotaFaultTest, FailingOnceItManagesTheNextTime) {
  identity.faults.add(Fault::fail_once);
  web.serve("/tasmota.bin", image("15.0.1"));
  start();
  upgrade_from(web.url("/tasmota.bin"));
  EXPECT_TRUE(hear(R"(UPGRADE {"Upgrade":"Failed)"));
  EXPECT_EQ(lines.count("restarting"), 0U);
  command("Upgrade", "1");
  EXPECT_TRUE(lines.await("reported version=15.0.1(tasmota)"));
}

TEST_F(TasmotaFaultTest, WithAWrongMacOnlyStatus5IsWrong) {
  identity.faults.add(Fault::wrong_mac);
  start();
  EXPECT_TRUE(hear(R"("mac":"A0B1C2000001")"));
  command("Status", "5");
  EXPECT_TRUE(hear(R"("Mac":"A0:B1:C2:00:00:0F")"));
}

}  // namespace
}  // namespace homepatch::sim
