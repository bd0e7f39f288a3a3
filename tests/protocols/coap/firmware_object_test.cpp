#include "protocols/coap/firmware_object.hpp"

#include <gtest/gtest.h>

#include "protocols/coap/lwm2m_announcement.hpp"

namespace homepatch::coap {
namespace {

TEST(FirmwareObject, StatesCountFromZeroOrFromOne) {
  EXPECT_EQ(firmware_state(0, Numbering::standard), FirmwareState::idle);
  EXPECT_EQ(firmware_state(2, Numbering::standard), FirmwareState::downloaded);
  EXPECT_EQ(firmware_state(1, Numbering::legacy), FirmwareState::idle);
  EXPECT_EQ(firmware_state(3, Numbering::legacy), FirmwareState::downloaded);
  EXPECT_EQ(firmware_state(0, Numbering::legacy), std::nullopt);
  EXPECT_EQ(firmware_state(4, Numbering::standard), std::nullopt);
}

TEST(FirmwareObject, ResultsSayWhetherTryingAgainCanHelp) {
  EXPECT_EQ(install_result(0), std::nullopt);
  EXPECT_EQ(install_result(1)->kind, InstallResult::Kind::success);
  for (const int number : {2, 5, 6, 7, 9}) {
    EXPECT_FALSE(install_result(number)->may_retry) << number;
    EXPECT_FALSE(transfer_failure(number)->may_retry) << number;
  }
  for (const int number : {3, 4, 8}) EXPECT_TRUE(transfer_failure(number)->may_retry) << number;
  for (const int number : {10, 11, 12, -1, 1000}) EXPECT_EQ(install_result(number), std::nullopt) << number;
  EXPECT_EQ(install_result(5)->text, "Update Result 5: integrity check failure");
  EXPECT_EQ(transfer_failure(1), std::nullopt);
}

class FindingsTest : public ::testing::Test {
 protected:
  [[nodiscard]] Announcement announced() const { return announce_findings(registration, findings, Time()); }

  Registration registration{DeviceId::from_endpoint("a").value()};
  Findings findings;
};

TEST_F(FindingsTest, ADeviceOnBatteryAloneIsSleepy) {
  findings.complete = findings.whole = true;
  findings.power_sources = {1};
  EXPECT_EQ(announced().sleepy, true);
  findings.power_sources = {6, 1};
  EXPECT_EQ(announced().sleepy, false);
  findings.power_sources = {1};
  findings.battery_status = 5;
  EXPECT_EQ(announced().sleepy, false) << "the battery is not installed";
  EXPECT_EQ(announced().facts.at("power"), "mains");
  registration.queue = true;
  EXPECT_EQ(announced().sleepy, true) << "queue mode";
}

TEST_F(FindingsTest, SayNothingOfWhatWasNotRead) {
  const auto announcement = announced();
  EXPECT_EQ(announcement.version, std::nullopt);
  EXPECT_EQ(announcement.sleepy, std::nullopt);
  EXPECT_EQ(announcement.result, std::nullopt);
  EXPECT_TRUE(announcement.facts.empty());
}

}  // namespace
}  // namespace homepatch::coap
