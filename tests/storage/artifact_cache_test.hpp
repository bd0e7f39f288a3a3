// A cache in a folder of its own, with images made from words.
#pragma once

#include <limits>

#include "storage/artifact_cache.hpp"
#include "storage/artifact_opening.hpp"
#include "tests/storage/storage_test.hpp"

namespace homepatch::test {

class ArtifactCacheTest : public StorageTest {
 protected:
  ArtifactCacheTest() { open_cache({}); }

  // The daemon starts (again) on what is on the disk.
  void open_cache(ArtifactCache::Limits with) {
    limits = with;
    cache.reset();
    reopen();
    cache = ArtifactCache::open(*database, folder / "cache", limits, [this] { return now; }).value();
  }
  void restart() { open_cache(limits); }

  static std::string image(std::size_t size, char letter = 'i') { return std::string(size, letter); }
  static std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
  }
  [[nodiscard]] std::filesystem::path object(const std::string& content) const {
    return folder / "cache/objects" / sha256(content).hex();
  }
  [[nodiscard]] std::filesystem::path partial(const std::string& content) const {
    return folder / "cache/partial" / sha256(content).hex();
  }

  // Brings a whole image in.
  Status take_in(const std::string& content, Time when = at(1)) {
    const auto writer = TRY(cache->begin(sha256(content), content.size()));
    TRY(writer->write(bytes_of(content)));
    return writer->commit(when);
  }
  // Goes on with what is there.
  std::unique_ptr<ArtifactCache::Writer> go_on(const std::string& content) {
    auto writer = cache->begin(sha256(content), content.size()).value();
    EXPECT_TRUE(writer->take_up(content.size()).value());
    return writer;
  }
  // Leaves the first `size` bytes of it in partial/.
  void take_in_part(const std::string& content, std::size_t size) {
    const auto writer = cache->begin(sha256(content), content.size()).value();
    ASSERT_TRUE(writer->write(bytes_of(content).first(size)));
  }
  // What a delivery does before it serves.
  Result<UniqueFd> open(const std::string& content, std::uint64_t piece = std::numeric_limits<std::uint64_t>::max()) {
    auto opening = TRY(ArtifactOpening::begin(*cache, sha256(content)));
    for (;;) {
      const bool whole = TRY(opening.step(piece));
      if (whole) return opening.take(at(2));
    }
  }
  [[nodiscard]] bool has(const std::string& content) const { return cache->contains(sha256(content)); }

  Time now = at(1'000'000'000);
  ArtifactCache::Limits limits;
  std::unique_ptr<ArtifactCache> cache;
};

}  // namespace homepatch::test
