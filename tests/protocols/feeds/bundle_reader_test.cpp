#include "protocols/feeds/bundle_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "core/catalog.hpp"
#include "tests/protocols/feeds/tar_maker.hpp"

namespace homepatch::feeds {
namespace {

using ::testing::HasSubstr;

const std::string kImage(100'000, 'i');

std::string first() { return tar_entry(kBundleManifest, R"({"homepatch_bundle":1,"feed":"acme"})"); }
std::string root() { return tar_entry("metadata/1.root.json", "{}"); }

// A whole bundle around these entries.
std::string bundle(std::string_view entries) { return first() + std::string(entries) + tar_end(); }

std::string acme() {
  return bundle(root() + tar_entry("metadata/timestamp.json", "{\"t\":1}") +
                tar_entry("targets/_feed/aa.models.json", "{\"m\":1}") +
                tar_entry("targets/acme.example/lamp/bb.catalog.json", "{\"c\":1}") +
                tar_entry("targets/acme.example/lamp/1.0/cc.fw.bin", kImage) +
                tar_entry("targets/acme.example/lamp/1.1/dd.fw.bin", "small"));
}

std::string error_of(std::string_view bytes) {
  const auto file = file_of(bytes);
  const auto read = read_bundle(file.get());
  return read ? "(read)" : read.error().text;
}

const BundleImage& image_of(const Bundle& bundle, std::string_view name) {
  return *std::ranges::find(bundle.images, name, &BundleImage::name);
}

TEST(BundleReader, GivesDocumentsWithTheirBytesAndImagesWithTheirSizes) {
  const auto file = file_of(acme());
  ASSERT_EQ(::lseek(file.get(), 77, SEEK_SET), 77);
  const auto read = read_bundle(file.get());
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(read->feed, "acme");
  ASSERT_EQ(read->documents.size(), 4U);
  EXPECT_EQ(read->documents.at("metadata/1.root.json"), "{}");
  EXPECT_EQ(read->documents.at("metadata/timestamp.json"), "{\"t\":1}");
  EXPECT_EQ(read->documents.at("targets/acme.example/lamp/bb.catalog.json"), "{\"c\":1}");
  ASSERT_EQ(read->images.size(), 2U);
  EXPECT_EQ(read->images[0].name, "targets/acme.example/lamp/1.0/cc.fw.bin");
  EXPECT_EQ(read->images[0].size, kImage.size());
  EXPECT_EQ(read->images[1].size, 5U);
  EXPECT_EQ(::lseek(file.get(), 0, SEEK_CUR), 77) << "the descriptor's position is not moved";
}

TEST(BundleReader, GivesAnImageInPieces) {
  const auto file = file_of(acme());
  const auto read = read_bundle(file.get()).value();
  const auto& large = image_of(read, "targets/acme.example/lamp/1.0/cc.fw.bin");
  std::string out;
  while (out.size() < kImage.size()) {
    const auto piece = read_bundle_image(file.get(), large, out.size(), 1000).value();
    ASSERT_LE(piece.size(), 1000U);
    ASSERT_FALSE(piece.empty());
    out += piece;
  }
  EXPECT_EQ(out, kImage);
  EXPECT_EQ(read_bundle_image(file.get(), large, kImage.size(), 1000).value(), "");
  EXPECT_EQ(read_bundle_image(file.get(), image_of(read, "targets/acme.example/lamp/1.1/dd.fw.bin"), 0, 1000).value(),
            "small");
}

TEST(BundleReader, AnImageWhoseFileBecameShorterIsNoImage) {
  const auto file = file_of(acme());
  const auto read = read_bundle(file.get()).value();
  const auto& image = image_of(read, "targets/acme.example/lamp/1.0/cc.fw.bin");
  ASSERT_EQ(::ftruncate(file.get(), static_cast<off_t>(image.at + image.size - 1)), 0);
  const auto piece = read_bundle_image(file.get(), image, 0, image.size);
  ASSERT_FALSE(piece);
  EXPECT_EQ(piece.error().code, Errc::malformed);
}

TEST(BundleReader, FoldersMayStandBetweenTheFiles) {
  EXPECT_EQ(error_of(tar_entry("metadata/", "", '5') + first() + root() + tar_end()), "(read)");
}

TEST(BundleReader, RefusesWhatIsNoOrdinaryFileWithARelativeName) {
  const std::pair<std::string, const char*> refusals[] = {
      {tar_entry("/metadata/1.root.json", "{}"), "has an absolute name"},
      {tar_entry("metadata/../1.root.json", "{}"), "empty, \".\" or \"..\" part"},
      {tar_entry("./metadata/1.root.json", "{}"), "empty, \".\" or \"..\" part"},
      {tar_entry("metadata//1.root.json", "{}"), "empty, \".\" or \"..\" part"},
      {tar_entry("../x", "", '5'), "empty, \".\" or \"..\" part"},
      {tar_entry("metadata\\1.root.json", "{}"), "other characters than ASCII"},
      {tar_entry("metadata/\x1b[2J.json", "{}"), "other characters than ASCII"},
      {tar_entry("targets/a", "", '1', "metadata/1.root.json"), "is a hard link"},
      {tar_entry("targets/a", "", '2', "/etc/passwd"), "is a symbolic link"},
      {tar_entry("targets/a", "", '3'), "is neither a file nor a folder"},
      {tar_entry("targets/a", "", '4'), "is neither a file nor a folder"},
      {tar_entry("targets/a", "", '6'), "is neither a file nor a folder"},
      {pax_attribute("path", "/etc/passwd") + tar_entry("targets/a", "x"), "has an absolute name"},
      {pax_attribute("path", "targets/../../x") + tar_entry("targets/a", "x"), "empty, \".\" or \"..\" part"},
      {pax_attribute("linkpath", "/etc/passwd") + tar_entry("targets/a", "", '2', "b"), "is a symbolic link"},
      {pax_attribute("path", "targets/" + std::string(kMaxTarName, 'a')) + tar_entry("targets/a", "x"),
       "must have a name of 1 to 512 bytes"},
      {tar_entry("readme.txt", "x"), "has no place in a bundle"},
      {tar_entry("metadata/root.key", "x"), "has no place in a bundle"},
      {tar_entry("metadata", "x"), "has no place in a bundle"},
      {root() + root(), "\"metadata/1.root.json\" occurs twice"},
      {tar_entry("targets/a", "x") + tar_entry("targets/a", "y"), "\"targets/a\" occurs twice"},
      {first(), "\"homepatch-bundle.json\" occurs twice"},
  };
  for (const auto& [entries, reason] : refusals) {
    EXPECT_THAT(error_of(bundle(entries)), HasSubstr(reason));
    EXPECT_THAT(error_of(bundle(entries)), HasSubstr("the bundle: "));
  }
}

TEST(BundleReader, RefusesSparseFiles) {
  // GNU tar's own type, with a map of one piece of one byte at 4096 of 8192.
  auto gnu = tar_header("targets/a", 512, 'S');
  const auto put = [&](std::size_t at, std::string_view text) { gnu.replace(at, text.size(), text); };
  put(257, std::string_view("ustar  \0", 8));
  put(386, "00000010000");
  put(398, "00000001000");
  put(483, "00000020000");
  put(148, "        ");
  unsigned sum = 0;
  for (const char c : gnu) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  EXPECT_THAT(error_of(bundle(gnu + std::string(512, 'x'))), HasSubstr("is a sparse file"));

  const auto map = std::string("24 GNU.sparse.size=8192\n27 GNU.sparse.map=4096,512\n");
  const auto pax = tar_entry("pax", map, 'x') + tar_entry("targets/a", std::string(512, 'x'));
  EXPECT_THAT(error_of(bundle(pax)), HasSubstr("is a sparse file"));
}

TEST(BundleReader, RefusesCompressedArchivesByName) {
  using std::string_literals::operator""s;
  const std::pair<std::string, const char*> compressed[] = {{"\x1f\x8b\x08"s, "compressed (gzip)"},
                                                            {"\xfd"
                                                             "7zXZ\0"s,
                                                             "compressed (xz)"},
                                                            {"\x28\xb5\x2f\xfd"s, "compressed (zstd)"},
                                                            {"BZh9"s, "compressed (bzip2)"},
                                                            {"PK\x03\x04"s, "compressed (zip)"}};
  for (const auto& [magic, reason] : compressed) {
    const auto error = error_of(magic + std::string(2000, 'x'));
    EXPECT_THAT(error, HasSubstr(reason));
    EXPECT_THAT(error, HasSubstr("it must be a plain tar archive"));
  }
  EXPECT_THAT(error_of("#!/bin/sh"), HasSubstr("not a whole tar archive"));
  EXPECT_THAT(error_of(""), HasSubstr("the bundle: "));
}

TEST(BundleReader, RefusesABundleThatIsCutOffWhereverItEnds) {
  const auto whole = bundle(root() + tar_entry("targets/a", std::string(1500, '\0')) + tar_entry("targets/b", "x"));
  ASSERT_EQ(error_of(whole), "(read)");
  for (std::size_t size = 0; size < whole.size(); size += 64) {
    EXPECT_NE(error_of(whole.substr(0, size)), "(read)") << size;
  }
  EXPECT_EQ(error_of(whole + std::string(10'240, '\0')), "(read)");
}

TEST(BundleReader, TheOrderLetsABundleBeReadOnce) {
  EXPECT_THAT(error_of(root() + first() + tar_end()), HasSubstr("homepatch-bundle.json must be the first file"));
  EXPECT_THAT(error_of(tar_end()), HasSubstr("it is empty"));
  EXPECT_THAT(error_of(bundle(tar_entry("targets/a.json", "{}") + root())), HasSubstr("stands too late"));
  EXPECT_THAT(error_of(bundle(tar_entry("targets/a", "x") + tar_entry("targets/a.json", "{}"))),
              HasSubstr("stands too late"));
}

TEST(BundleReader, ReadsOnlyItsOwnVersionOfTheManifest) {
  const auto with = [](std::string_view text) { return error_of(tar_entry(kBundleManifest, text) + tar_end()); };
  EXPECT_THAT(with(R"({"feed":"acme"})"), HasSubstr("homepatch_bundle: is missing"));
  EXPECT_THAT(with(R"({"homepatch_bundle":2,"feed":"acme"})"), HasSubstr("homepatch_bundle: must be 1"));
  EXPECT_THAT(with(R"({"homepatch_bundle":1})"), HasSubstr("feed: is missing"));
  EXPECT_THAT(with(R"({"homepatch_bundle":1,"feed":""})"), HasSubstr("feed: must be a text"));
  EXPECT_THAT(with(R"({"homepatch_bundle":1,"feed":"a","only_for":"b"})"), HasSubstr("only_for: is not known here"));
  EXPECT_THAT(with(std::string(kMaxBundleManifest + 1, ' ')), HasSubstr("the limit is 4096"));
}

TEST(BundleReader, KeepsItsLimits) {
  const auto large = tar_entry("metadata/1.root.json", std::string(kMaxBundleDocument + 1, ' '));
  EXPECT_THAT(error_of(bundle(large)), HasSubstr("the limit is 8388608"));
  EXPECT_THAT(error_of(bundle(tar_header("targets/a", kMaxImageLength + 1))), HasSubstr("the limit is 268435456"));
  std::string documents;
  for (int i = 0; i < 5; ++i) {
    documents += tar_entry(fmt::format("metadata/{}.root.json", i), std::string(kMaxBundleDocument, ' '));
  }
  EXPECT_THAT(error_of(bundle(documents)), HasSubstr("more than 33554432 bytes together"));
  std::string many;
  for (std::size_t i = 0; i < kMaxBundleEntries; ++i) many += tar_header(fmt::format("targets/{}", i), 0);
  EXPECT_THAT(error_of(bundle(many)), HasSubstr("more than 20000 entries"));
}

TEST(BundleReader, AHeaderWithoutEndDoesNotGrow) {
  // A sparse map of a million pieces, which libarchive would hold in memory.
  std::string map;
  for (int i = 0; i < 250'000; ++i) map += "1\n1\n";
  const auto entry = tar_entry("pax", "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n25 GNU.sparse.realsize=9\n", 'x') +
                     tar_entry("targets/a", "999999\n" + map);
  EXPECT_THAT(error_of(bundle(entry)), HasSubstr("a header is longer than 262144 bytes"));
}

}  // namespace
}  // namespace homepatch::feeds
