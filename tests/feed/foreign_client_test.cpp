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
  Child client({"python3", FOREIGN_CLIENT, tool.path("out"), tool.path("work/metadata/1.root.json"),
                "acme.example/plug/1.1.0/fw.bin", "acme.example/plug/catalog.json", "_feed/models.json"});
  const auto status = client.wait();
  if (status == 77) GTEST_SKIP() << "python tuf is not installed: no foreign client to ask";
  EXPECT_EQ(status, 0) << client.output();
  EXPECT_NE(client.output().find("the first firmware"), std::string::npos) << client.output();
}

}  // namespace
}  // namespace homepatch::test
