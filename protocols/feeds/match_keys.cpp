#include "protocols/feeds/match_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "base/text.hpp"

namespace homepatch::feeds {

namespace {

enum class Form { text, number16, uuid };

struct Key {
  std::string_view name;
  bool required;
  Form form;
};

struct KnownFamily {
  std::string_view name;
  std::vector<Key> keys;
};

const std::array<KnownFamily, 5>& known_families() {
  static const std::array<KnownFamily, 5> families{{
      {"tasmota", {{"chip", true, Form::text}, {"image", true, Form::text}}},
      {"lwm2m", {{"manufacturer", true, Form::text}, {"model", true, Form::text}, {"hw", false, Form::text}}},
      {"shelly", {{"app", true, Form::text}}},
      {"zigbee", {{"manufacturer_code", true, Form::number16}, {"image_type", true, Form::number16}}},
      {"suit", {{"vendor_uuid", true, Form::uuid}, {"class_uuid", true, Form::uuid}}},
  }};
  return families;
}

template <typename Range>
std::string names(const Range& range) {
  std::vector<std::string_view> out;
  for (const auto& entry : range) out.push_back(entry.name);
  return fmt::format("{}", fmt::join(out, ", "));
}

bool is_number16(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text.front() == '0' && text.size() > 1)) return false;
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value <= 0xFFFF;
}

bool is_uuid(std::string_view text) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return std::equal(text.begin(), text.end(), kForm.begin(), kForm.end(), [](char c, char f) {
    return f == '-' ? c == '-' : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

Status check_value(const Key& key, std::string_view value) {
  switch (key.form) {
    case Form::text:
      if (is_plain_text(value, kMaxMatchValue)) return {};
      return fail(Errc::malformed, fmt::format("{}: must be a text of 1 to {} bytes without control characters",
                                               key.name, kMaxMatchValue));
    case Form::number16:
      if (is_number16(value)) return {};
      return fail(Errc::malformed, fmt::format("{}: must be a decimal number from 0 to 65535, as text", key.name));
    case Form::uuid:
      if (is_uuid(value)) return {};
      return fail(Errc::malformed, fmt::format("{}: must be a UUID in lower case, 8-4-4-4-12 digits", key.name));
  }
  return {};
}

Status check_keys(std::span<const Key> known, const MatchKeys& keys) {
  for (const auto& [name, value] : keys) {
    const auto key = std::find_if(known.begin(), known.end(),
                                  [wanted = std::string_view(name)](const Key& entry) { return entry.name == wanted; });
    if (key == known.end()) {
      return fail(Errc::malformed,
                  fmt::format("{}: is not known here; known are {}", printable(name, 40), names(known)));
    }
    TRY(check_value(*key, value));
  }
  for (const auto& key : known) {
    if (key.required && !keys.contains(key.name)) return fail(Errc::malformed, fmt::format("{}: is missing", key.name));
  }
  return {};
}

const KnownFamily* find_family(std::string_view name) {
  const auto& families = known_families();
  const auto* found = std::ranges::find(families, name, &KnownFamily::name);
  return found == families.end() ? nullptr : found;
}

}  // namespace

Status check_family(std::string_view family) {
  if (find_family(family) != nullptr) return {};
  return fail(Errc::unsupported, fmt::format("the device family '{}' is not known here; known are {}",
                                             printable(family, 40), names(known_families())));
}

Result<std::optional<Match>> read_match(std::string_view family, MatchKeys keys) {
  const auto* known = find_family(family);
  if (known == nullptr) return std::optional<Match>{};
  TRY(check_keys(known->keys, keys));
  const auto spoken = family_from(family);
  if (!spoken) return std::optional<Match>{};
  return std::optional<Match>(Match{*spoken, std::move(keys)});
}

}  // namespace homepatch::feeds
