#include <gtest/gtest.h>

#include "feed_tool.hpp"

namespace homepatch::test {
namespace {

TEST(ForeignClient, PythonTufReadsAFeedThroughARotation) {
  FeedTool tool;
  tool.set_now("");  // this client asks the real clock
  ASSERT_EQ(tool.init().status, 0);
  ASSERT_EQ(tool.add(release_toml("1.1.0", 1100)).status, 0);
  ASSERT_EQ(tool.publish().status, 0);
  ASSERT_EQ(
      tool.run({"rotate", "timestamp", "--feed", tool.path("work"), "--passphrase-file", tool.path("pass")}).status, 0);
  ASSERT_EQ(tool.publish().status, 0);
  const auto seen = tool.ask_foreign_client(
      {"acme.example/plug/1.1.0/fw.bin", "acme.example/plug/catalog.json", "_feed/models.json"});
  if (seen.status == 77) GTEST_SKIP() << "python tuf is not installed: no foreign client to ask";
  EXPECT_EQ(seen.status, 0) << seen.output;
  EXPECT_TRUE(says(seen, "the first firmware")) << seen.output;
}

}  // namespace
}  // namespace homepatch::test
