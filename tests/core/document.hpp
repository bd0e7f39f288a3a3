// A generated document: printed by a test, compared with the file in docs/, so that it cannot drift from the code.
// HOMEPATCH_WRITE_DOCS=1 in the environment writes the file instead.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "base/file.hpp"

namespace homepatch {

inline void expect_document(const std::string& name, const std::string& text) {
  constexpr std::size_t kMaxDocument = 1U << 20U;
  const std::string path = std::string(HOMEPATCH_SOURCE_ROOT) + "/docs/" + name;
  if (std::getenv("HOMEPATCH_WRITE_DOCS") != nullptr) {
    ASSERT_TRUE(write_file_atomically(path, text));
    return;
  }
  const auto kept = read_file(path, kMaxDocument);
  ASSERT_TRUE(kept) << kept.error().text;
  EXPECT_EQ(*kept, text) << path << " is not what the code does; is the change meant? Then write it anew with "
                         << "HOMEPATCH_WRITE_DOCS=1";
}

}  // namespace homepatch
