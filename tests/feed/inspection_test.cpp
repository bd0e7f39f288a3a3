// What publish and verify make of a feed that another tool signed.
#include "feed/inspection.hpp"

#include <gtest/gtest.h>

#include "core/catalog_names.hpp"
#include "tests/trust/repository.hpp"
#include "trust/hash.hpp"

namespace homepatch::feed {
namespace {

using ::testing::Test;

class Inspect : public Test {
 protected:
  void serve(std::string_view path, const std::string& bytes) {
    repository.add_target("targets", std::string(path), bytes);
    const auto cut = path.rfind('/') + 1;
    const auto name = std::string(path.substr(0, cut)) + sha256(bytes).hex() + "." + std::string(path.substr(cut));
    targets["targets/" + name] = bytes;
  }

  Result<Inspection> inspected() {
    repository.update("targets");
    auto files = targets;
    for (const auto& [name, bytes] : repository.files) files["metadata/" + name] = bytes;
    const auto root = files.at("metadata/1.root.json");
    return inspect(fetch_from(std::move(files)), {root, Time{}, true});
  }

  void SetUp() override { serve(kModelsPath, R"({"homepatch_models":1,"models":[]})"); }

  tuf::Repository repository;
  std::map<std::string, std::string> targets;
};

TEST_F(Inspect, WhatIsTakenBackIsRead) {
  const std::string digest(64, 'a');
  serve(kDenyPath, R"({"homepatch_deny":1,"images":[{"sha256":")" + digest + R"(","reason":"bricks"}]})");
  const auto seen = inspected();
  ASSERT_TRUE(seen) << seen.error().text;
  ASSERT_EQ(seen->denied.size(), 1U);
  EXPECT_EQ(seen->denied.begin()->first.hex(), digest);
  EXPECT_EQ(seen->denied.begin()->second, "bricks");
}

TEST_F(Inspect, AListOfWhatIsTakenBackThatHomesCannotReadIsRefused) {
  serve(kDenyPath, R"({"homepatch_deny":1,"images":[{"sha256":"short"}]})");
  const auto seen = inspected();
  ASSERT_FALSE(seen);
  EXPECT_NE(seen.error().text.find("_feed/deny.json"), std::string::npos) << seen.error().text;
}

}  // namespace
}  // namespace homepatch::feed
