// The words that a person searches an index for, and texts as they are compared with them: in any case of ASCII
// letters.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace homepatch::feeds {

std::string lower_case(std::string_view text);

// In lower case, parted by blanks, tabs and line feeds.
std::vector<std::string> search_words(std::string_view text);

}  // namespace homepatch::feeds
