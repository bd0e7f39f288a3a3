#include "protocols/mqtt/dialects/tasmota/version_text.hpp"

#include <algorithm>

namespace homepatch::mqtt::tasmota {

namespace {

constexpr std::size_t kMaxImageName = 32;
constexpr std::size_t kMaxDigits = 5;
constexpr std::string_view kRelease = "release-";

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_version(std::string_view text) {
  std::size_t parts = 1;
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == '.' && digits > 0) {
      ++parts;
      digits = 0;
    } else if (!is_digit(c) || ++digits > kMaxDigits) {
      return false;
    }
  }
  return digits > 0 && (parts == 3 || parts == 4);
}

bool is_image_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxImageName && std::ranges::all_of(text, [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
  });
}

bool is_helper(std::string_view image) { return image.ends_with("minimal") || image.ends_with("safeboot"); }

}  // namespace

std::optional<VersionText> parse_version_text(std::string_view text) {
  const auto open = text.find('(');
  const auto version = text.substr(0, open);
  if (!is_version(version)) return std::nullopt;
  VersionText out{std::string(version), "", false};
  if (open == std::string_view::npos) return out;
  auto image = text.substr(open + 1);
  if (!image.ends_with(')')) return std::nullopt;
  image.remove_suffix(1);
  if (image.starts_with(kRelease)) image.remove_prefix(kRelease.size());
  if (!is_image_name(image)) return std::nullopt;
  out.image = image;
  out.intermediate = is_helper(image);
  return out;
}

}  // namespace homepatch::mqtt::tasmota
