#include "core/reason.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "tests/core/document.hpp"

namespace homepatch {
namespace {

TEST(Reason, TheTableIsCompleteAndInOrder) {
  // The last enumerator: a new one behind it has to be added here, and to the table.
  ASSERT_EQ(all_reasons().size(), static_cast<std::size_t>(Reason::proven) + 1);
  for (std::size_t i = 0; i < all_reasons().size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(all_reasons()[i]), i) << to_string(all_reasons()[i]);
  }
}

TEST(Reason, EachCodeIsOneWordOfItsOwnAndReadAsItIsWritten) {
  std::set<std::string_view> codes;
  for (const auto reason : all_reasons()) {
    const auto code = to_string(reason);
    EXPECT_TRUE(codes.insert(code).second) << code;
    EXPECT_TRUE(std::ranges::all_of(code, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; })) << code;
    EXPECT_EQ(reason_from(code), reason);
  }
  EXPECT_FALSE(reason_from(""));
  EXPECT_FALSE(reason_from("Proven"));
}

TEST(Reason, EachSentenceIsOneForPeople) {
  for (const auto reason : all_reasons()) {
    if (reason == Reason::none) continue;
    const auto text = sentence(reason);
    ASSERT_FALSE(text.empty()) << to_string(reason);
    EXPECT_TRUE(text.ends_with('.')) << text;
    EXPECT_TRUE(text.front() >= 'A' && text.front() <= 'Z') << text;
    EXPECT_EQ(text.find("  "), std::string_view::npos) << text;
    EXPECT_EQ(text.find('_'), std::string_view::npos) << text;
  }
  EXPECT_EQ(sentence(Reason::none), "");
}

TEST(Reason, TheDocumentListsThemAll) {
  std::string text =
      "<!-- Printed by tests/core/reason_test.cpp; HOMEPATCH_WRITE_DOCS=1 writes it. -->\n\n# Reasons\n\n"
      "Why a decision or an update is as it is: the same code in database, log, D-Bus and on the command line.\n\n"
      "| code | what it means, and what can be done |\n|---|---|\n";
  for (const auto reason : all_reasons()) {
    if (reason == Reason::none) continue;
    text += "| `" + std::string(to_string(reason)) + "` | " + std::string(sentence(reason)) + " |\n";
  }
  expect_document("reasons.md", text);
}

}  // namespace
}  // namespace homepatch
