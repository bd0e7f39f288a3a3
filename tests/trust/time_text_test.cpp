#include "trust/tuf/time_text.hpp"

#include <gtest/gtest.h>

namespace homepatch::tuf {
namespace {

TEST(TimeText, ReadsAndWritesTheOneForm) {
  // date -u -d 2024-02-29T23:59:58Z +%s
  EXPECT_EQ(to_millis(parse_time("2024-02-29T23:59:58Z").value()), 1709251198000);
  EXPECT_EQ(to_millis(parse_time("1970-01-01T00:00:00Z").value()), 0);
  for (const auto* text : {"2024-02-29T23:59:58Z", "2099-12-31T00:00:00Z", "1969-12-31T23:59:59Z"}) {
    EXPECT_EQ(time_text(parse_time(text).value()), text);
  }
}

TEST(TimeText, RefusesEveryOtherForm) {
  for (const auto* text :
       {"", "2024-02-29", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z",
        "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z", "2024-01-01T00:00:60Z", "2024-01-01T00:00:00.5Z",
        "2024-01-01T00:00:00+00:00", "2024-01-01t00:00:00z", "2024-01-01 00:00:00Z", "-024-01-01T00:00:00Z",
        " 2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z ", "20240-01-1T00:00:00Z"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
}

}  // namespace
}  // namespace homepatch::tuf
