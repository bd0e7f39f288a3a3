// Small values that must outlive a restart, by name: the clock's floor, feeds' floors, when feeds were last current.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "storage/database.hpp"

namespace homepatch {

class SettingsStore {
 public:
  explicit SettingsStore(Database& database) : database_(database) {}

  Result<std::optional<std::string>> load(std::string_view name);
  // Nothing when what is stored is no whole number.
  Result<std::optional<std::int64_t>> load_integer(std::string_view name);
  Status save(std::string_view name, std::string_view value);
  Status save(std::string_view name, std::int64_t value) { return save(name, std::to_string(value)); }
  // Forgets every value whose name fits one of the patterns (SQLite's GLOB), all or none; how many there were.
  Result<std::size_t> remove(std::initializer_list<std::string_view> patterns);

 private:
  Database& database_;
};

}  // namespace homepatch
