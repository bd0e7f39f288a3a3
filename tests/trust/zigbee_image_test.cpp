#include "trust/zigbee_image.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/text.hpp"
#include "base/unique_fd.hpp"
#include "tests/trust/image_vectors.hpp"
#include "trust/image_header.hpp"

namespace homepatch {
namespace {

using ::testing::HasSubstr;
using std::string_view_literals::operator""sv;

// Innr's header in a file of the size that it names.
std::string innr() {
  const auto beginning = from_hex(vectors::kZigbeeBeginning).value();
  std::string file(beginning.begin(), beginning.end());
  file.resize(vectors::kZigbeeSize, 'x');
  return file;
}

std::string bent(std::size_t at, std::string_view bytes) {
  auto file = innr();
  file.replace(at, bytes.size(), bytes);
  return file;
}

Result<ZigbeeImageHeader> read(std::string_view bytes) {
  return read_zigbee_image_header(ImageSource::of_bytes(bytes));
}

std::string error_of(std::string_view bytes) {
  const auto header = read(bytes);
  return header ? "accepted" : header.error().text;
}

void expect_innr(const ZigbeeImageHeader& header) {
  EXPECT_EQ(header.manufacturer_code, 0x1166);
  EXPECT_EQ(header.image_type, 0x012B);
  EXPECT_EQ(header.file_version, 0x24031511U);
  EXPECT_EQ(header.stack_version, 2);
  EXPECT_EQ(header.header_string, "Light");
  EXPECT_EQ(header.total_size, vectors::kZigbeeSize);
  EXPECT_EQ(header.min_hardware, 0x0000);
  EXPECT_EQ(header.max_hardware, 0x0101);
  EXPECT_EQ(header.security_credential_version, std::nullopt);
  EXPECT_EQ(header.destination, std::nullopt);
}

TEST(ZigbeeImage, ReadsTheHeaderOfARealImage) {
  const auto header = read(innr());
  ASSERT_TRUE(header) << header.error().text;
  expect_innr(*header);
  EXPECT_EQ(header->offset, 0U);
  EXPECT_EQ(header->file_bytes, vectors::kZigbeeSize);
}

TEST(ZigbeeImage, ReadsFromAnOpenFileAsFromMemory) {
  const auto bytes = innr();
  const UniqueFd fd(::memfd_create("zigbee-test", MFD_CLOEXEC));
  ASSERT_EQ(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  const auto header = read_zigbee_image_header(ImageSource::of_file(fd.get()).value());
  ASSERT_TRUE(header) << header.error().text;
  expect_innr(*header);
}

TEST(ZigbeeImage, TakesAMakersContainerBeforeTheHeaderAndBytesBehind) {
  for (const std::size_t prefix : {std::size_t{1}, std::size_t{616}, kMaxZigbeePrefix}) {
    const auto header = read(std::string(prefix, 'N') + innr() + std::string(300, 'S'));
    ASSERT_TRUE(header) << prefix << ": " << header.error().text;
    expect_innr(*header);
    EXPECT_EQ(header->offset, prefix);
    EXPECT_EQ(header->file_bytes, prefix + vectors::kZigbeeSize + 300);
  }
  EXPECT_EQ(error_of(std::string(kMaxZigbeePrefix + 1, 'N') + innr()),
            "Zigbee image: no Zigbee header within its first 4096 bytes");
}

TEST(ZigbeeImage, ReadsEveryOptionalFieldInItsOrder) {
  auto file = bent(6, "\x45\x00\x07\x00"sv);  // 69 bytes with all three fields
  file.replace(56, 13, "\x02\x08\x07\x06\x05\x04\x03\x02\x01\x10\x00\x20\x00"sv);
  const auto header = read(file);
  ASSERT_TRUE(header) << header.error().text;
  EXPECT_EQ(header->security_credential_version, 2);
  EXPECT_EQ(header->destination, 0x0102030405060708ULL);
  EXPECT_EQ(header->min_hardware, 0x10);
  EXPECT_EQ(header->max_hardware, 0x20);
  const auto plain = read(bent(6, "\x38\x00\x00\x00"sv)).value();
  EXPECT_EQ(plain.min_hardware, std::nullopt);
  EXPECT_EQ(plain.max_hardware, std::nullopt);
}

TEST(ZigbeeImage, KeepsWhatTheMakerWroteIntoTheHeaderString) {
  EXPECT_EQ(read(bent(20, "\n\xFFgood\0x"sv)).value().header_string, "\n\xFFgoodx");
  EXPECT_EQ(read(bent(20, std::string(32, 'a'))).value().header_string, std::string(32, 'a'));
  EXPECT_EQ(read(bent(20, std::string(32, '\0'))).value().header_string, "");
}

TEST(ZigbeeImage, RefusesHeadersThatBreakTheSpecification) {
  EXPECT_THAT(error_of(bent(4, "\x00\x02"sv)), HasSubstr("its header has version 0x0200; known is 0x0100"));
  EXPECT_THAT(error_of(bent(6, "\x38\x00"sv)), HasSubstr("says that it has 56 bytes; with its fields it has 60"));
  EXPECT_THAT(error_of(bent(52, "\x3b\x00\x00\x00"sv)), HasSubstr("the whole is shorter than its header"));
  EXPECT_THAT(error_of(bent(56, "\x02\x01\x01\x01"sv)), HasSubstr("lowest hardware version is above its highest"));
  EXPECT_THAT(error_of(""), HasSubstr("no Zigbee header"));
  EXPECT_THAT(error_of("GBL"), HasSubstr("no Zigbee header"));
}

TEST(ZigbeeImage, RefusesATruncatedImageWhereverItEnds) {
  const auto good = innr();
  for (const std::size_t size : {std::size_t{4}, std::size_t{55}, std::size_t{59}, std::size_t{60}, good.size() - 1}) {
    EXPECT_FALSE(read(std::string_view(good).substr(0, size))) << size;
  }
  EXPECT_EQ(error_of(std::string(616, 'N') + good.substr(0, 1000)),
            "Zigbee image: by its header it has 268720 bytes; the file has only 1000");
}

TEST(ZigbeeImage, IsAnImageHeaderAmongTheOthers) {
  const auto header = read_image_header(ImageSource::of_bytes(innr()));
  ASSERT_TRUE(header && *header);
  EXPECT_EQ(to_string((*header)->format), "zigbee-ota");
  EXPECT_EQ((*header)->version, "604181777");
  EXPECT_EQ((*header)->project, "Light");
  EXPECT_EQ((*header)->hash, ImageHash::none);
  for (const auto* version : {"604181777", "0x24031511"}) EXPECT_TRUE(states_version(**header, version));
  for (const auto* version : {"604181778", "24031511", "", "0x"}) EXPECT_FALSE(states_version(**header, version));
}

TEST(ZigbeeImage, TheMagicNumberInsideARawFirmwareMakesItNoZigbeeImage) {
  const auto raw = std::string(100, 'r') + "\x1e\xf1\xee\x0b" + std::string(100, 'r');
  const auto header = read_image_header(ImageSource::of_bytes(raw));
  ASSERT_TRUE(header) << header.error().text;
  EXPECT_FALSE(header->has_value());
  EXPECT_FALSE(read_image_header(ImageSource::of_bytes(innr().substr(0, 1000))));
}

}  // namespace
}  // namespace homepatch
