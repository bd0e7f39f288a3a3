#include "protocols/feeds/search_words.hpp"

#include <algorithm>

namespace homepatch::feeds {

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::vector<std::string> search_words(std::string_view text) {
  std::vector<std::string> words;
  while (true) {
    const auto begin = text.find_first_not_of(" \t\n");
    if (begin == std::string_view::npos) return words;
    const auto end = text.find_first_of(" \t\n", begin);
    words.push_back(lower_case(text.substr(begin, end - begin)));
    if (end == std::string_view::npos) return words;
    text.remove_prefix(end);
  }
}

}  // namespace homepatch::feeds
