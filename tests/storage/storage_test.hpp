// A database in a folder of its own, and what the tests of the stores share.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>

#include "core/device_id.hpp"
#include "core/time.hpp"
#include "storage/database.hpp"
#include "tests/support/scratch_folder.hpp"

namespace homepatch::test {

inline Time at(std::int64_t seconds) { return from_millis(seconds * 1000); }

inline DeviceId device_id(const std::string& text) { return DeviceId::parse(text).value(); }

inline std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline void put(const std::filesystem::path& file, std::string_view content) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
}

class StorageTest : public ::testing::Test {
 protected:
  StorageTest() { reopen(); }

  void reopen() {
    database.reset();
    database = Database::open(file).value();
  }
  // The first column of the first row.
  [[nodiscard]] std::string ask(const std::string& sql) const {
    auto statement = database->prepare(sql).value();
    return statement.step().value() ? statement.text(0) : "";
  }

  ScratchFolder folder;
  std::filesystem::path file = folder / "homepatch.db";
  std::unique_ptr<Database> database;
};

}  // namespace homepatch::test
