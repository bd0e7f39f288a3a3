#include "sim/image/image.hpp"

#include <gtest/gtest.h>

#include "sim/hash.hpp"
#include "sim/image/esp_image.hpp"
#include "sim/image/mcuboot_image.hpp"

namespace homepatch::sim {
namespace {

constexpr std::size_t kSize = 20'000;

Result<ImageFacts> read(std::unique_ptr<ImageReader> reader, std::string_view image, std::size_t piece = 1000) {
  for (; !image.empty(); image.remove_prefix(std::min(piece, image.size()))) reader->add(image.substr(0, piece));
  return reader->finish();
}

std::string esp(EspChip chip = EspChip::esp32) { return make_esp_image({"15.0.1", "tasmota", chip, kSize}).value(); }
std::string mcuboot() { return make_mcuboot_image("1.2.3+45", kSize).value(); }

TEST(EspImage, HoldsItsFactsWhereEspIdfPutsThem) {
  const auto image = esp(EspChip::esp32_c3);
  EXPECT_EQ(image.size(), kSize);
  EXPECT_EQ(image[0], '\xE9');
  EXPECT_EQ(image[12], 5);  // ESP32-C3
  EXPECT_EQ(image[23], 1);
  EXPECT_EQ(image.substr(32, 4), "\x32\x54\xCD\xAB");
  EXPECT_STREQ(image.substr(48, 32).c_str(), "15.0.1");
  EXPECT_STREQ(image.substr(80, 32).c_str(), "tasmota");
  EXPECT_EQ(image.substr(kSize - 32), sha256(image.substr(0, kSize - 32)));
}

TEST(EspImage, GivesItsVersionToAReaderOfItsChipInPiecesOfAnySize) {
  for (const std::size_t piece : {1U, 7U, 31U, 32U, 33U, 1460U, 100'000U}) {
    const auto facts = read(make_esp_reader(EspChip::esp32), esp(), piece);
    ASSERT_TRUE(facts) << piece << ' ' << facts.error().text;
    EXPECT_EQ(facts->version, "15.0.1");
    EXPECT_EQ(facts->name, "tasmota");
  }
}

TEST(EspImage, OfAnotherChipIsRefused) {
  EXPECT_EQ(read(make_esp_reader(EspChip::esp32), esp(EspChip::esp32_s3)).error().code, Errc::unsupported);
  EXPECT_FALSE(read(make_esp_reader(EspChip::esp8266), esp(EspChip::esp32)));
  EXPECT_FALSE(read(make_esp_reader(EspChip::esp32), esp(EspChip::esp8266)));
}

TEST(EspImage, DamagedOrCutIsRefused) {
  for (const auto chip : {EspChip::esp32, EspChip::esp8266}) {
    const auto image = esp(chip);
    for (const std::size_t size : {0U, 10U, 300U, 1000U, 19'999U}) {
      EXPECT_FALSE(read(make_esp_reader(chip), image.substr(0, size))) << size;
    }
    auto damaged = image;
    damaged[5000] = static_cast<char>(damaged[5000] ^ 1);
    EXPECT_EQ(read(make_esp_reader(chip), damaged).error().code, Errc::not_trusted);
  }
}

TEST(EspImage, OfAnEsp8266IsReadToo) {
  const auto facts = read(make_esp_reader(EspChip::esp8266), esp(EspChip::esp8266));
  ASSERT_TRUE(facts) << facts.error().text;
  EXPECT_EQ(facts->version, "15.0.1");
}

TEST(EspImage, KnowsChipsByTheirNames) {
  EXPECT_EQ(esp_chip_from("ESP32-D0WD-V3 rev3.1"), EspChip::esp32);
  EXPECT_EQ(esp_chip_from("ESP32-C3 rev0.4"), EspChip::esp32_c3);
  EXPECT_EQ(esp_chip_from("ESP8285N08"), EspChip::esp8266);
  EXPECT_EQ(esp_chip_from("BK7231T"), std::nullopt);
}

TEST(EspImage, IsNotMadeOfWhatDoesNotFit) {
  EXPECT_FALSE(make_esp_image({std::string(32, '1'), "", EspChip::esp32, kSize}));
  EXPECT_FALSE(make_esp_image({"", "", EspChip::esp32, kSize}));
  EXPECT_FALSE(make_esp_image({"1", "", EspChip::esp32, 100}));
  EXPECT_TRUE(make_esp_image({"1", "", EspChip::esp32, kMinEspImage}));
  EXPECT_TRUE(make_esp_image({"1", "", EspChip::esp8266, kMinEspImage}));
}

TEST(McubootImage, HoldsItsFactsWhereMcubootPutsThem) {
  const auto image = mcuboot();
  EXPECT_EQ(image.size(), kSize);
  EXPECT_EQ(image.substr(0, 4), "\x3d\xb8\xf3\x96");
  EXPECT_EQ(image.substr(20, 8), std::string("\x01\x02\x03\x00\x2d\x00\x00\x00", 8));
  const auto trailer = image.substr(kSize - 40);
  EXPECT_EQ(trailer.substr(0, 8), std::string("\x07\x69\x28\x00\x10\x00\x20\x00", 8));
  EXPECT_EQ(trailer.substr(8), sha256(image.substr(0, kSize - 40)));
}

TEST(McubootImage, GivesItsVersionInPiecesOfAnySize) {
  for (const std::size_t piece : {1U, 16U, 31U, 33U, 1024U, 100'000U}) {
    const auto facts = read(make_mcuboot_reader(), mcuboot(), piece);
    ASSERT_TRUE(facts) << piece << ' ' << facts.error().text;
    EXPECT_EQ(facts->version, "1.2.3+45");
  }
  EXPECT_EQ(read(make_mcuboot_reader(), make_mcuboot_image("2.0.0", kSize).value())->version, "2.0.0");
}

TEST(McubootImage, DamagedCutOrForeignIsRefused) {
  const auto image = mcuboot();
  for (const std::size_t size : {0U, 31U, 32U, 600U, 19'960U, 19'999U}) {
    EXPECT_FALSE(read(make_mcuboot_reader(), image.substr(0, size))) << size;
  }
  auto damaged = image;
  damaged[700] = static_cast<char>(damaged[700] ^ 1);
  EXPECT_EQ(read(make_mcuboot_reader(), damaged).error().code, Errc::not_trusted);
  EXPECT_EQ(read(make_mcuboot_reader(), esp()).error().code, Errc::unsupported);
}

TEST(McubootImage, IsNotMadeOfAVersionItCannotHold) {
  for (const auto* const version : {"", "1", "1.2", "1.2.", "1.2.3.4", "256.0.0", "1.2.65536", "1.2.3+", "a.b.c"}) {
    EXPECT_FALSE(make_mcuboot_image(version, kSize)) << version;
  }
}

TEST(Image, IsTheSameForOneVersionAndDiffersForAnother) {
  EXPECT_EQ(esp(), esp());
  EXPECT_NE(mcuboot().substr(1000, 100), make_mcuboot_image("1.2.4", kSize)->substr(1000, 100));
}

}  // namespace
}  // namespace homepatch::sim
