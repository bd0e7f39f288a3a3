#include "core/catalog_names.hpp"

#include <algorithm>
#include <chrono>

#include "core/catalog.hpp"

namespace homepatch {

namespace {

constexpr std::size_t kMaxLabel = 63;  // RFC 1035 section 2.3.4
constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kAnyCase = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kCatalogFile = "catalog.json";

bool contains(std::string_view alphabet, char c) { return alphabet.find(c) != std::string_view::npos; }

// First byte from `alphabet`, the others from it or `marks`.
bool is_word(std::string_view text, std::size_t max, std::string_view alphabet, std::string_view marks) {
  if (text.empty() || text.size() > max || !contains(alphabet, text.front())) return false;
  return std::all_of(text.begin(), text.end(), [&](char c) { return contains(alphabet, c) || contains(marks, c); });
}

bool is_label(std::string_view text) { return is_word(text, kMaxLabel, kLower, "-") && text.back() != '-'; }

// Whether every part between separators passes.
bool each_part(std::string_view text, char separator, bool (*passes)(std::string_view)) {
  while (true) {
    const auto end = text.find(separator);
    if (!passes(text.substr(0, end))) return false;
    if (end == std::string_view::npos) return true;
    text.remove_prefix(end + 1);
  }
}

// Of digits only, as has_form() has seen to.
unsigned number(std::string_view digits) {
  unsigned value = 0;
  for (const char c : digits) value = value * 10 + static_cast<unsigned>(c - '0');
  return value;
}

// The text has digits where the form has 'd', and the form's own characters elsewhere.
bool has_form(std::string_view text, std::string_view form) {
  return std::equal(text.begin(), text.end(), form.begin(), form.end(),
                    [](char c, char f) { return f == 'd' ? c >= '0' && c <= '9' : c == f; });
}

}  // namespace

bool is_vendor_id(std::string_view text) { return text.size() <= kMaxVendorId && each_part(text, '.', is_label); }

bool is_model_id(std::string_view text) { return is_word(text, kMaxModelId, kLower, "._-"); }

bool is_release_id(std::string_view text) { return is_word(text, kMaxReleaseId, kAnyCase, "._-"); }

bool is_file_name(std::string_view text) { return is_word(text, kMaxFileName, kAnyCase, "._-"); }

bool is_target_path(std::string_view text) {
  return text.size() <= kMaxTargetPath && each_part(text, '/', is_file_name);
}

std::string model_folder(std::string_view vendor_id, std::string_view model_id) {
  return std::string(vendor_id).append("/").append(model_id).append("/");
}

std::string catalog_path(std::string_view vendor_id, std::string_view model_id) {
  return model_folder(vendor_id, model_id).append(kCatalogFile);
}

bool is_catalog_path(std::string_view text) {
  const auto first = text.find('/');
  if (first == std::string_view::npos) return false;
  const auto second = text.find('/', first + 1);
  if (second == std::string_view::npos) return false;
  return is_vendor_id(text.substr(0, first)) && is_model_id(text.substr(first + 1, second - first - 1)) &&
         text.substr(second + 1) == kCatalogFile;
}

bool is_date(std::string_view text) {
  if (!has_form(text, "dddd-dd-dd")) return false;
  const std::chrono::year_month_day day(std::chrono::year(static_cast<int>(number(text.substr(0, 4)))),
                                        std::chrono::month(number(text.substr(5, 2))),
                                        std::chrono::day(number(text.substr(8, 2))));
  return day.ok();
}

bool is_timestamp(std::string_view text) {
  if (text.size() != 20 || !is_date(text.substr(0, 10)) || !has_form(text.substr(10), "Tdd:dd:ddZ")) return false;
  return text.substr(11, 2) <= "23" && text.substr(14, 2) <= "59" && text.substr(17, 2) <= "59";
}

}  // namespace homepatch
