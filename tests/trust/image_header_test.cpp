#include "trust/image_header.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "tests/trust/image_vectors.hpp"

namespace homepatch {
namespace {

using ::testing::HasSubstr;

std::string raw(std::string_view hex) {
  const auto bytes = from_hex(hex).value();
  return {bytes.begin(), bytes.end()};
}

Result<std::optional<ImageHeader>> read(std::string_view bytes) {
  return read_image_header(ImageSource::of_bytes(bytes));
}

std::string error_of(std::string_view bytes) {
  const auto header = read(bytes);
  return header ? "accepted" : header.error().text;
}

TEST(ImageHeader, ReadsAnMcubootImageMadeByImgtool) {
  const auto header = read(raw(vectors::kMcuboot));
  ASSERT_TRUE(header) << header.error().text;
  ASSERT_TRUE(header->has_value());
  EXPECT_EQ(to_string((*header)->format), "mcuboot");
  EXPECT_EQ((*header)->version, "1.2.3+45");
  EXPECT_EQ((*header)->security_counter, 7U);
  EXPECT_EQ((*header)->hash, ImageHash::agrees);

  const auto plain = read(raw(vectors::kMcubootPlain)).value();
  EXPECT_EQ(plain->version, "2.0.0");
  EXPECT_EQ(plain->security_counter, std::nullopt);
  EXPECT_EQ(plain->hash, ImageHash::agrees);
}

TEST(ImageHeader, ReadsAnEspImageMadeByEsptool) {
  const auto header = read(raw(vectors::kEspApp));
  ASSERT_TRUE(header) << header.error().text;
  ASSERT_TRUE(header->has_value());
  EXPECT_EQ(to_string((*header)->format), "esp-app");
  EXPECT_EQ((*header)->version, "2.1.0-rc1");
  EXPECT_EQ((*header)->project, "lamp");
  EXPECT_EQ((*header)->chip, "esp32-s3");
  EXPECT_EQ((*header)->security_counter, 3U);
  EXPECT_EQ((*header)->hash, ImageHash::agrees);
}

TEST(ImageHeader, ReadsFromAnOpenFileAsFromMemory) {
  for (const auto vector : {vectors::kMcuboot, vectors::kEspApp}) {
    const auto bytes = raw(vector);
    const UniqueFd fd(::memfd_create("image-test", MFD_CLOEXEC));
    ASSERT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    const auto from_file = read_image_header(ImageSource::of_file(fd.get()).value());
    ASSERT_TRUE(from_file) << from_file.error().text;
    EXPECT_EQ((*from_file)->version, read(bytes).value()->version);
    EXPECT_EQ((*from_file)->hash, ImageHash::agrees);
  }
}

TEST(ImageHeader, TakesNoticeOfEveryChangedByte) {
  for (const auto vector : {vectors::kMcuboot, vectors::kMcubootPlain, vectors::kEspApp}) {
    const auto good = raw(vector);
    for (std::size_t i = 0; i < good.size(); ++i) {
      auto bad = good;
      bad[i] = static_cast<char>(bad[i] ^ 1);
      const auto header = read(bad);
      const bool believed = header && *header && (*header)->hash == ImageHash::agrees;
      EXPECT_FALSE(believed) << "byte " << i;
    }
  }
}

TEST(ImageHeader, SaysThatADamagedImageIsDamaged) {
  auto mcuboot = raw(vectors::kMcuboot);
  mcuboot[40] = static_cast<char>(mcuboot[40] ^ 1);
  EXPECT_EQ(error_of(mcuboot), "MCUboot image: the SHA-256 that it carries is not that of its bytes; it is damaged");
  auto esp = raw(vectors::kEspApp);
  esp[300] = static_cast<char>(esp[300] ^ 1);
  EXPECT_EQ(error_of(esp), "ESP image: the SHA-256 at its end is not that of its bytes; it is damaged");
}

TEST(ImageHeader, RefusesATruncatedImageWhereverItEnds) {
  for (const auto vector : {vectors::kMcuboot, vectors::kEspApp}) {
    const auto good = raw(vector);
    for (std::size_t size = 112; size < good.size(); ++size) {
      EXPECT_FALSE(read(std::string_view(good).substr(0, size))) << size;
    }
  }
  EXPECT_THAT(error_of(raw(vectors::kEspApp).substr(0, 200)),
              HasSubstr("the image has 200 bytes; by its own header it has more"));
}

TEST(ImageHeader, TakesWhatAFlashSlotOrASigningToolPutsBehind) {
  EXPECT_TRUE(read(raw(vectors::kMcuboot) + std::string(64, '\xFF')));
  EXPECT_TRUE(read(raw(vectors::kEspApp) + std::string(4096, '\xE7')));
}

TEST(ImageHeader, KnowsNothingOfOtherBytes) {
  for (const auto& other : {std::string(), std::string("\xE9"), std::string("\x1F\x8B\x08"), std::string(500, '\0'),
                            "\xE9\x01\x02\x40" + std::string(500, 'x') /* ESP8266 */}) {
    const auto header = read(other);
    ASSERT_TRUE(header) << header.error().text;
    EXPECT_FALSE(header->has_value());
  }
}

TEST(ImageHeader, RefusesMcubootHeadersThatLieAboutSizes) {
  const auto good = raw(vectors::kMcuboot);
  const auto bent = [&](std::size_t at, std::string_view bytes) {
    auto bad = good;
    bad.replace(at, bytes.size(), bytes);
    return error_of(bad);
  };
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(bent(8, "\x10\x00"sv), "MCUboot image: its header is shorter than one can be");
  EXPECT_THAT(bent(12, "\xFF\xFF\xFF\xFF"sv), HasSubstr("by its own header it has more"));
  EXPECT_THAT(bent(10, "\x0B\x00"sv), HasSubstr("header and trailer disagree"));
  EXPECT_THAT(bent(132, "\x09\x69"sv), HasSubstr("its trailer does not begin as one does"));
  EXPECT_THAT(bent(138, "\xFF\x00"sv), HasSubstr("an entry of its trailer is cut off"));
  EXPECT_THAT(bent(146, "\x02\x00"sv), HasSubstr("its trailer does not begin as one does"));  // a size below its own
}

TEST(ImageHeader, DoesNotCheckTheHashOfAnEncryptedImage) {
  auto encrypted = raw(vectors::kMcuboot);
  encrypted[16] = 0x04;
  EXPECT_EQ(read(encrypted).value()->hash, ImageHash::not_checkable);
}

TEST(ImageHeader, RefusesEspTextThatIsNone) {
  auto esp = raw(vectors::kEspApp);
  esp[48] = '\x1b';
  EXPECT_EQ(error_of(esp), "ESP image: its version is not text");
  esp = raw(vectors::kEspApp);
  esp[1] = 17;
  EXPECT_EQ(error_of(esp), "ESP image: it cannot have 17 segments");
}

TEST(ImageHeader, AgreesWithAReleasesVersionHoweverToolsSpellIt) {
  const ImageHeader mcuboot{.version = "1.2.3+45"};
  for (const auto* version : {"1.2.3+45", "1.2.3.45", "v1.2.3+45"}) EXPECT_TRUE(states_version(mcuboot, version));
  for (const auto* version : {"1.2.3", "1.2.4+45", "1.2.3+4", ""}) EXPECT_FALSE(states_version(mcuboot, version));
  const ImageHeader without_build{.version = "2.0.0"};
  for (const auto* version : {"2.0.0", "2.0.0+0", "v2.0.0"}) EXPECT_TRUE(states_version(without_build, version));
  EXPECT_FALSE(states_version(without_build, "2.0.0+1"));
  const ImageHeader esp{.format = ImageFormat::esp_app, .version = "v2.1"};
  EXPECT_TRUE(states_version(esp, "2.1"));
  EXPECT_FALSE(states_version(esp, "2.1+0"));
}

}  // namespace
}  // namespace homepatch
