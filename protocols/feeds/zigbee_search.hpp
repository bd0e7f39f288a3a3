// What a person finds in an index of Zigbee images.
#pragma once

#include <string_view>
#include <vector>

#include "protocols/feeds/zigbee_index.hpp"

namespace homepatch::feeds {

// The entries in which every word of `text` occurs: in the file's name or address (which holds the maker's folder), the
// model, a manufacturer's name or the header string, in any case of letters; or as the manufacturer code, image
// type or version, in decimal or as 0x and hexadecimal. At most `limit`, in the order of the index (which must outlive
// them); none for a text without words.
std::vector<const ZigbeeIndexEntry*> find_images(const ZigbeeIndex& index, std::string_view text, std::size_t limit);

}  // namespace homepatch::feeds
