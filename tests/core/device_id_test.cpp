#include "core/device_id.hpp"

#include <gtest/gtest.h>

#include <string>

namespace homepatch {
namespace {

TEST(DeviceId, OneMacAddressIsOneIdentityHoweverItIsWritten) {
  for (const auto* mac : {"E0980680FF6D", "e0980680ff6d", "E0:98:06:80:FF:6D", "e0-98-06-80-ff-6d"}) {
    const auto id = DeviceId::from_mac(mac);
    ASSERT_TRUE(id) << mac;
    EXPECT_EQ(id->to_string(), "mac:e0980680ff6d");
  }
}

TEST(DeviceId, RefusesWhatIsNoMacAddress) {
  for (const auto* wrong :
       {"", "e0980680ff6", "e0980680ff6d0", "e0980680ff6g", "e0:98:06:80:ff:6", "e0:98-06:80:ff:6d",
        "e:0980680ff6d0000", ":::::e0980680ff6d", "e0 98 06 80 ff 6d", "e0980680ff6d\n", "+/#e0980680f"}) {
    EXPECT_FALSE(DeviceId::from_mac(wrong)) << wrong;
  }
  EXPECT_FALSE(DeviceId::from_mac(std::string("e0980680ff\0d", 12)));
  EXPECT_FALSE(DeviceId::from_mac(std::string(100'000, 'a')));
}

TEST(DeviceId, RefusesMacAddressesThatAreNotOneDevices) {
  EXPECT_FALSE(DeviceId::from_mac("000000000000"));
  EXPECT_FALSE(DeviceId::from_mac("ff:ff:ff:ff:ff:ff"));
  EXPECT_FALSE(DeviceId::from_mac("01:00:5e:00:00:fb"));
  EXPECT_TRUE(DeviceId::from_mac("02:42:ac:11:00:02"));  // given by an administrator, still one device
}

TEST(DeviceId, AnEndpointNameIsSafeInAnyText) {
  EXPECT_EQ(DeviceId::from_endpoint("urn:dev:mac:e098").value().to_string(), "lwm2m:urn:dev:mac:e098");
  EXPECT_EQ(DeviceId::from_endpoint("a/b c%").value().to_string(), "lwm2m:a%2Fb%20c%25");
  EXPECT_EQ(DeviceId::from_endpoint("\x1b[31m\n").value().to_string(), "lwm2m:%1B%5B31m%0A");
  EXPECT_EQ(DeviceId::from_endpoint("\xC3\xBC").value().to_string(), "lwm2m:%C3%BC");
}

TEST(DeviceId, DifferentEndpointNamesAreDifferentDevices) {
  EXPECT_NE(DeviceId::from_endpoint("a/b").value(), DeviceId::from_endpoint("a%2Fb").value());
  EXPECT_NE(DeviceId::from_endpoint("Lamp").value(), DeviceId::from_endpoint("lamp").value());
}

TEST(DeviceId, AnEndpointNameHasItsLimit) {
  EXPECT_FALSE(DeviceId::from_endpoint(""));
  const auto longest = DeviceId::from_endpoint(std::string(DeviceId::kMaxEndpointName, '\xFF'));
  ASSERT_TRUE(longest);
  EXPECT_LE(longest->to_string().size(), DeviceId::kMaxText);
  EXPECT_FALSE(DeviceId::from_endpoint(std::string(DeviceId::kMaxEndpointName + 1, 'a')));
}

TEST(DeviceId, IsReadAsItIsWritten) {
  for (const auto& id : {DeviceId::from_mac("e0980680ff6d").value(), DeviceId::from_endpoint("a/b").value(),
                         DeviceId::from_endpoint(std::string(63, ' ')).value()}) {
    EXPECT_EQ(DeviceId::parse(id.to_string()).value(), id);
  }
}

TEST(DeviceId, APersonsMistakeIsToldWithTheFormThatIsAccepted) {
  for (const auto* wrong : {"", "e0980680ff6d", "mac:", "mac:E0980680FF6D", "mac:e0980680ff6d0", "lwm2m:", "lwm2m:a/b",
                            "zigbee:1", "MAC:e0980680ff6d", "lwm2m:a\n"}) {
    const auto id = DeviceId::parse(wrong);
    ASSERT_FALSE(id) << wrong;
    EXPECT_EQ(id.error().code, Errc::invalid_argument);
    EXPECT_NE(id.error().text.find("mac:e0980680ff6d"), std::string::npos);
  }
  EXPECT_FALSE(DeviceId::parse("lwm2m:" + std::string(DeviceId::kMaxText, 'a')));
}

}  // namespace
}  // namespace homepatch
