// The same documents as tests/protocols/feeds/catalog_schema_test.py gives to docs/catalog.schema.json.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "protocols/feeds/catalog_reader.hpp"

namespace homepatch::feeds {
namespace {

TEST(CatalogCorpus, TheReaderJudgesEachDocumentAsTheCorpusSays) {
  std::ifstream in(CATALOG_CORPUS);
  const auto corpus = nlohmann::json::parse(in);
  const std::string path = corpus.at("path");
  ASSERT_GT(corpus.at("cases").size(), 100U);
  for (const auto& entry : corpus.at("cases")) {
    const auto document = corpus.at("document").patch(entry.at("patch"));
    const auto read = read_catalog(document.dump(), path);
    EXPECT_EQ(static_cast<bool>(read), entry.at("then") == "taken")
        << entry.at("is") << ": " << (read ? "is taken" : read.error().text);
  }
}

}  // namespace
}  // namespace homepatch::feeds
