// The [[index]] tables of the configuration (daemon/config.cpp).
#pragma once

#include <filesystem>
#include <vector>

#include "daemon/config.hpp"
#include "daemon/config_table.hpp"

namespace homepatch::config {

inline constexpr std::size_t kMaxIndexes = 16;

// Adds each to `out`; refuses two of one name.
Table::Reader indexes(const std::filesystem::path& file, std::vector<IndexConfig>& out);

}  // namespace homepatch::config
