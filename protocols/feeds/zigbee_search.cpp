#include "protocols/feeds/zigbee_search.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "protocols/feeds/search_words.hpp"

namespace homepatch::feeds {

namespace {

std::optional<std::uint32_t> number_from(std::string_view word) {
  const bool hex = word.starts_with("0x");
  if (hex) word.remove_prefix(2);
  std::uint32_t code = 0;
  const auto read = std::from_chars(word.data(), word.data() + word.size(), code, hex ? 16 : 10);
  if (read.ec != std::errc() || read.ptr != word.data() + word.size()) return std::nullopt;
  return code;
}

bool mentions(const ZigbeeIndexEntry& entry, std::string_view word) {
  const auto in = [&](std::string_view text) { return lower_case(text).find(word) != std::string::npos; };
  if (const auto number = number_from(word);
      number == entry.manufacturer_code || number == entry.image_type || number == entry.file_version) {
    return true;
  }
  return in(entry.file_name) || in(entry.url) || (entry.model_id && in(*entry.model_id)) ||
         (entry.header_string && in(*entry.header_string)) || std::ranges::any_of(entry.manufacturer_names, in);
}

}  // namespace

std::vector<const ZigbeeIndexEntry*> find_images(const ZigbeeIndex& index, std::string_view text, std::size_t limit) {
  const auto words = search_words(text);
  std::vector<const ZigbeeIndexEntry*> out;
  if (words.empty()) return out;
  for (const auto& entry : index.entries) {
    if (out.size() == limit) break;
    if (std::ranges::all_of(words, [&](const std::string& word) { return mentions(entry, word); })) {
      out.push_back(&entry);
    }
  }
  return out;
}

}  // namespace homepatch::feeds
