#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "protocols/feeds/catalog_reader.hpp"
#include "protocols/feeds/deny_reader.hpp"
#include "protocols/feeds/models_reader.hpp"

namespace homepatch::feeds {
namespace {

// The JSON examples of docs/catalog.md, in order.
std::vector<std::string> examples() {
  std::vector<std::string> out;
  std::ifstream in(CATALOG_DOCUMENT);
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("```")) {
      inside = line == "```json";
      if (inside) out.emplace_back();
    } else if (inside) {
      out.back() += line + "\n";
    }
  }
  return out;
}

TEST(CatalogDocument, ItsExamplesAreRead) {
  const auto written = examples();
  ASSERT_EQ(written.size(), 3U);
  std::string found;
  const auto models = read_models(written[0], [&](const Match&, std::string_view path) { found = path; });
  EXPECT_TRUE(models) << models.error().text;
  const auto catalog = read_catalog(written[1], found);
  ASSERT_TRUE(catalog) << catalog.error().text;
  EXPECT_EQ(catalog->releases.back().version, "1.1.0");
  EXPECT_EQ(catalog->releases.back().cves.size(), 1U);
  EXPECT_TRUE(catalog->support);
  const auto denied = read_deny(written[2]);
  ASSERT_TRUE(denied) << denied.error().text;
  EXPECT_EQ(denied->begin()->second, "bricks revision B");
}

}  // namespace
}  // namespace homepatch::feeds
