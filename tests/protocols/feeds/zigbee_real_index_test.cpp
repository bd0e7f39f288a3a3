// The community's whole index of August 2026, read and searched. It is not in the source tree: skipped where absent.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "protocols/feeds/zigbee_index.hpp"
#include "protocols/feeds/zigbee_match.hpp"
#include "protocols/feeds/zigbee_search.hpp"

namespace homepatch::feeds {
namespace {

// Beside the folder of $HOMEPATCH_RECORDED, or beside the source tree.
std::string data_file(const std::string& name) {
  const char* recorded = std::getenv("HOMEPATCH_RECORDED");
  if (recorded != nullptr) return std::string(recorded) + "/../" + name;
  const char* root = std::getenv("HOMEPATCH_SOURCE_ROOT");
  return std::string(root != nullptr ? root : ".") + "/../shared/data/" + name;
}

class ZigbeeRealIndex : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto name = data_file("zigbee-ota-index.json");
    std::ifstream file(name);
    if (!file) GTEST_SKIP() << "the recorded index is absent: " << name;
    std::ostringstream text;
    text << file.rdbuf();
    auto read = read_zigbee_index(text.str());
    ASSERT_TRUE(read) << read.error().text;
    index_ = *std::move(read);
  }

  ZigbeeIndex index_;
};

TEST_F(ZigbeeRealIndex, IsReadWhole) {
  EXPECT_EQ(index_.entries.size(), 897U);
  EXPECT_EQ(index_.left_out, 0U);
  for (const auto& complaint : index_.complaints) ADD_FAILURE() << complaint.position << ": " << complaint.text;
  for (const auto& entry : index_.entries) EXPECT_TRUE(entry.installable()) << entry.url;
}

// A device of which everything is known that an entry asks for, one version behind.
TEST_F(ZigbeeRealIndex, EveryImageIsReachedByTheDeviceThatItIsForUnlessAnotherIsNewer) {
  std::size_t exact = 0;
  for (const auto& entry : index_.entries) {
    ZigbeeDevice device{.manufacturer_code = entry.manufacturer_code, .image_type = entry.image_type};
    device.file_version = entry.max_file_version.value_or(entry.file_version - 1);
    device.hardware_version = entry.min_hardware;
    if (entry.model_id) device.model_ids = {*entry.model_id};
    if (!entry.manufacturer_names.empty()) device.manufacturer_name = entry.manufacturer_names.front();
    const auto choice = best_match(index_, device);
    if (choice.match == ZigbeeMatch::ambiguous) continue;
    ASSERT_EQ(choice.match, ZigbeeMatch::update) << entry.url << " " << to_string(choice.match) << choice.restriction;
    EXPECT_GE(choice.entry->file_version, entry.file_version) << entry.url;
    if (choice.entry->sha512 == entry.sha512) ++exact;
  }
  EXPECT_GT(exact, 800U);
}

TEST_F(ZigbeeRealIndex, IsSearched) {
  EXPECT_GT(find_images(index_, "ikea tradfri", 1000).size(), 10U);
  EXPECT_EQ(find_images(index_, "ubisys 31489 0x10f2", 1000).size(), 1U);
}

}  // namespace
}  // namespace homepatch::feeds
