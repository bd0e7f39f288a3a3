// Entries of a Zigbee index, written as the community's index writes them.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "protocols/feeds/zigbee_index.hpp"

namespace homepatch::feeds {

inline const std::string kHash(128, 'a');

// One complete entry for manufacturer 4476 and image type 10243; `more` are further members, each with its comma first.
inline std::string entry_text(std::string_view more = "", std::uint32_t version = 20) {
  return fmt::format(
      R"({{"fileName":"bulb.ota","fileVersion":{},"fileSize":1000,"url":"https://images.example/IKEA/bulb.ota",)"
      R"("imageType":10243,"manufacturerCode":4476,"sha512":"{}","otaHeaderString":"EBL bulb"{}}})",
      version, kHash, more);
}

inline ZigbeeIndex index_of(std::initializer_list<std::string> entries) {
  auto index = read_zigbee_index(fmt::format("[{}]", fmt::join(entries, ",")));
  return index ? *std::move(index) : ZigbeeIndex{};
}

}  // namespace homepatch::feeds
