#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "support/child.hpp"

namespace homepatch::test {
namespace {

// What docs/publishing.md tells its reader to do: TOML blocks become files of the name in their first line, sh blocks
// run one after the other.
struct Steps {
  std::string script = "set -eu\n";
  int blocks = 0;
};

Steps follow(const std::string& document, const TemporaryFolder& folder) {
  Steps steps;
  std::ifstream in(document);
  EXPECT_TRUE(in) << document;
  std::string line;
  std::string kind;
  std::string block;
  while (std::getline(in, line)) {
    if (!line.starts_with("```")) {
      if (!kind.empty()) block += line + "\n";
      continue;
    }
    if (kind == "sh") {
      steps.script += block;
      ++steps.blocks;
    }
    if (kind == "toml") folder.file(block.substr(2, block.find('\n') - 2), block);
    kind = kind.empty() ? line.substr(3) : "";
    block.clear();
  }
  return steps;
}

TEST(PublishingDocument, WorksAsItIsWritten) {
  const TemporaryFolder folder;
  const auto steps = follow(PUBLISHING_DOCUMENT, folder);
  EXPECT_GE(steps.blocks, 6);
  const auto tools = std::filesystem::path(HOMEPATCH_FEED).parent_path().string();
  Child shell({"sh", "-c", "cd " + folder.path() + "\nexport PATH=" + tools + ":$PATH\n" + steps.script});
  EXPECT_EQ(shell.wait(), 0) << shell.output();
  EXPECT_NE(shell.output().find("every image fetched and its hash right"), std::string::npos) << shell.output();
  EXPECT_NE(shell.output().find("end of life"), std::string::npos);
}

}  // namespace
}  // namespace homepatch::test
