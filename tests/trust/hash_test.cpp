#include "trust/hash.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/unique_fd.hpp"

namespace homepatch {
namespace {

// FIPS 180-4's example "abc", and RFC 1321's.
constexpr std::string_view kAbc256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr std::string_view kAbc512 =
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
constexpr std::string_view kAbcMd5 = "900150983cd24fb0d6963f7d28e17f72";

UniqueFd file_with(std::string_view content) {
  UniqueFd fd(::memfd_create("hash-test", MFD_CLOEXEC));
  EXPECT_EQ(::write(fd.get(), content.data(), content.size()), static_cast<ssize_t>(content.size()));
  return fd;
}

TEST(Hash, AgreesWithTheStandardsExamples) {
  EXPECT_EQ(sha256("abc").hex(), kAbc256);
  EXPECT_EQ(sha512_hex("abc"), kAbc512);
  EXPECT_EQ(md5_hex("abc"), kAbcMd5);
  EXPECT_EQ(sha256("").hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Hash, IsTheSameInPieces) {
  Sha256 hash;
  hash.update("a");
  hash.update("");
  hash.update("bc");
  EXPECT_EQ(hash.finish().hex(), kAbc256);
}

TEST(Hash, OfAFileReadsFromItsBeginningWhereverItStands) {
  const auto fd = file_with("abc and more");
  EXPECT_EQ(sha256_of_fd(fd.get(), 3).value().hex(), kAbc256);
  EXPECT_EQ(sha256_of_fd(fd.get(), 0).value(), sha256(""));
  const std::string large(200'001, 'x');
  EXPECT_EQ(sha256_of_fd(file_with(large).get(), large.size()).value(), sha256(large));
}

TEST(Hash, OfAFileThatIsShorterThanSaidIsAnErrorWithBothNumbers) {
  const auto hash = sha256_of_fd(file_with("abc").get(), 4);
  ASSERT_FALSE(hash);
  EXPECT_EQ(hash.error().text, "the file ends after 3 bytes; it should have 4");
}

}  // namespace
}  // namespace homepatch
