#include "core/catalog.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/catalog_names.hpp"

namespace homepatch {
namespace {

TEST(Catalog, WordsOfAReleaseAreReadAsTheyAreWritten) {
  for (const auto kind : {ReleaseKind::security, ReleaseKind::feature, ReleaseKind::mixed}) {
    EXPECT_EQ(release_kind_from(to_string(kind)), kind);
  }
  for (const auto severity : {Severity::none, Severity::low, Severity::medium, Severity::high, Severity::critical}) {
    EXPECT_EQ(severity_from(to_string(severity)), severity);
  }
  EXPECT_FALSE(release_kind_from("Security"));
  EXPECT_FALSE(severity_from(""));
}

TEST(Catalog, FindsAReleaseOnlyByItsExactText) {
  Catalog catalog;
  catalog.releases.resize(2);
  catalog.releases[0].id = "r1";
  catalog.releases[0].version = "1.2";
  catalog.releases[1].id = "r2";
  catalog.releases[1].version = "1.20";
  EXPECT_EQ(catalog.by_version("1.2"), &catalog.releases[0]);
  EXPECT_EQ(catalog.by_version("1.20"), &catalog.releases[1]);
  EXPECT_EQ(catalog.by_version("1.2.0"), nullptr);
  EXPECT_EQ(catalog.by_id("r2"), &catalog.releases[1]);
  EXPECT_EQ(catalog.by_id("R2"), nullptr);
}

TEST(CatalogNames, AVendorIsADomainInLowerCase) {
  EXPECT_TRUE(is_vendor_id("acme.example"));
  EXPECT_TRUE(is_vendor_id("xn--bcher-kva.example"));
  for (const auto* wrong : {"", "Acme.example", "acme..example", ".acme", "acme.", "-acme.example", "acme-.example",
                            "_feed", "acme/example", "acme example", "a\nb"}) {
    EXPECT_FALSE(is_vendor_id(wrong)) << wrong;
  }
  EXPECT_FALSE(is_vendor_id(std::string(64, 'a') + ".example"));
  EXPECT_FALSE(is_vendor_id(std::string(50, 'a') + "." + std::string(50, 'b')));
}

TEST(CatalogNames, NoTargetPathLeavesItsFolder) {
  EXPECT_TRUE(is_target_path("acme.example/lamp/1.2.0-4/fw-a.bin"));
  for (const auto* wrong : {"", "/etc/passwd", "a/../b", "a/./b", "a//b", "a/b/", "a/.hidden", "a/b\\c", "a/b%2fc",
                            "a/b c", "a/b+c", "a/b?c", "a/\xc3\xa9"}) {
    EXPECT_FALSE(is_target_path(wrong)) << wrong;
  }
  EXPECT_FALSE(is_target_path(std::string(kMaxFileName + 1, 'a')));
  EXPECT_FALSE(is_target_path(std::string(100, 'a') + "/" + std::string(100, 'a') + "/" + std::string(100, 'a')));
}

TEST(CatalogNames, ACatalogLiesInItsModelsFolder) {
  EXPECT_EQ(catalog_path("acme.example", "lamp"), "acme.example/lamp/catalog.json");
  EXPECT_TRUE(is_catalog_path("acme.example/lamp/catalog.json"));
  for (const auto* wrong : {"lamp/catalog.json", "acme.example/lamp/x/catalog.json", "acme.example/lamp/Catalog.json",
                            "_feed/models/catalog.json", "acme.example/../catalog.json", "catalog.json", ""}) {
    EXPECT_FALSE(is_catalog_path(wrong)) << wrong;
  }
}

TEST(CatalogNames, ADateIsADayThatExists) {
  EXPECT_TRUE(is_date("2028-02-29"));
  EXPECT_TRUE(is_timestamp("2026-11-23T00:00:59Z"));
  for (const auto* wrong : {"2027-02-29", "2026-13-01", "2026-1-1", "26-01-01", "2026-01-01 ", "", "2026/01/01"}) {
    EXPECT_FALSE(is_date(wrong)) << wrong;
  }
  for (const auto* wrong : {"2026-11-23", "2026-11-23T24:00:00Z", "2026-11-23T23:60:00Z", "2026-11-23T23:00:60Z",
                            "2026-11-23T23:00:00+00:00", "2026-11-23T23:00:00.5Z", "2026-11-23t23:00:00Z"}) {
    EXPECT_FALSE(is_timestamp(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace homepatch
