// One entry of a catalog's `releases`, read by catalog_reader. Knows the rules that one release must keep in itself;
// what releases must keep among each other is the catalog's.
#pragma once

#include <string>
#include <vector>

#include "core/catalog.hpp"
#include "protocols/feeds/json_fields.hpp"

namespace homepatch::feeds {

inline constexpr std::size_t kMaxCves = 64;
inline constexpr std::size_t kMaxCveId = 40;  // bytes
inline constexpr std::int64_t kMaxSeq = 1'000'000'000'000;

// A nonempty list of plain texts without repetition, in which "any" stands alone.
Result<std::vector<std::string>> read_hardware(const JsonFields& fields);

// `model_hw` are the hardware revisions that images may name; `folder` ("<vendor>/<model>/") is where they must lie.
Result<Release> read_release(const JsonFields& fields, const std::vector<std::string>& model_hw,
                             const std::string& folder);

}  // namespace homepatch::feeds
