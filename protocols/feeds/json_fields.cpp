#include "protocols/feeds/json_fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/text.hpp"
#include "core/catalog_names.hpp"

namespace homepatch::feeds {

namespace {

constexpr std::size_t kMaxLanguageTag = 35;  // RFC 5646 section 4.4.1

const nlohmann::json kNull;

bool is_language_tag(std::string_view tag) {
  return tag.size() >= 2 && tag.size() <= kMaxLanguageTag && std::all_of(tag.begin(), tag.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
         });
}

bool in_range(const nlohmann::json& value, std::int64_t min, std::int64_t max) {
  if (!value.is_number_integer()) return false;
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return false;
  }
  const auto number = value.get<std::int64_t>();
  return number >= min && number <= max;
}

}  // namespace

Result<JsonFields> JsonFields::of(const nlohmann::json& value, std::string place) {
  if (value.is_object()) return JsonFields(value, std::move(place));
  return fail(Errc::malformed, place.empty() ? std::string("must be a JSON object") : place + ": must be an object");
}

std::string JsonFields::place(std::string_view key) const {
  return place_.empty() ? std::string(key) : fmt::format("{}.{}", place_, key);
}

Unexpected JsonFields::refuse(std::string_view key, std::string_view what) const {
  return fail(Errc::malformed, fmt::format("{}: {}", place(key), what));
}

const nlohmann::json& JsonFields::raw(std::string_view key) const {
  const auto found = value_->find(key);
  return found == value_->end() ? kNull : *found;
}

bool JsonFields::has(std::string_view key) const { return !raw(key).is_null(); }

Result<std::string> JsonFields::text(std::string_view key, std::size_t max_bytes) const {
  const auto& value = raw(key);
  if (!value_->contains(key)) return refuse(key, "is missing");
  if (!value.is_string() || !is_plain_text(value.get_ref<const std::string&>(), max_bytes)) {
    return refuse(key, fmt::format("must be a text of 1 to {} bytes without control characters", max_bytes));
  }
  return value.get<std::string>();
}

Result<std::int64_t> JsonFields::number(std::string_view key, std::int64_t min, std::int64_t max) const {
  if (!value_->contains(key)) return refuse(key, "is missing");
  const auto& value = raw(key);
  if (!in_range(value, min, max)) return refuse(key, fmt::format("must be a whole number from {} to {}", min, max));
  return value.get<std::int64_t>();
}

Result<bool> JsonFields::boolean(std::string_view key) const {
  if (!value_->contains(key)) return refuse(key, "is missing");
  const auto& value = raw(key);
  if (!value.is_boolean()) return refuse(key, "must be true or false");
  return value.get<bool>();
}

Result<JsonFields> JsonFields::object(std::string_view key) const {
  if (!value_->contains(key)) return refuse(key, "is missing");
  return of(raw(key), place(key));
}

Result<std::vector<JsonFields>> JsonFields::objects(std::string_view key, std::size_t min, std::size_t max) const {
  if (!value_->contains(key)) return refuse(key, "is missing");
  const auto& value = raw(key);
  if (!value.is_array() || value.size() < min || value.size() > max) {
    return refuse(key, fmt::format("must be an array of {} to {} objects", min, max));
  }
  std::vector<JsonFields> out;
  out.reserve(value.size());
  for (std::size_t i = 0; i < value.size(); ++i) out.push_back(TRY(of(value[i], fmt::format("{}[{}]", place(key), i))));
  return out;
}

Result<std::vector<std::string>> JsonFields::texts(std::string_view key, std::size_t max_count,
                                                   std::size_t max_bytes) const {
  if (!value_->contains(key)) return refuse(key, "is missing");
  const auto& value = raw(key);
  const auto is_text = [&](const nlohmann::json& entry) {
    return entry.is_string() && is_plain_text(entry.get_ref<const std::string&>(), max_bytes);
  };
  if (!value.is_array() || value.empty() || value.size() > max_count ||
      !std::all_of(value.begin(), value.end(), is_text)) {
    return refuse(key, fmt::format("must be an array of 1 to {} texts of 1 to {} bytes without control characters",
                                   max_count, max_bytes));
  }
  return value.get<std::vector<std::string>>();
}

Status JsonFields::only(std::initializer_list<std::string_view> known) const {
  for (const auto& [key, value] : value_->items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    return refuse(printable(key, kMaxShown),
                  fmt::format("is not known here; known are {}", fmt::join(known.begin(), known.end(), ", ")));
  }
  return {};
}

std::string JsonFields::shown(std::string_view key, std::size_t max_bytes) const {
  const auto& value = raw(key);
  return value.is_string() ? printable(value.get_ref<const std::string&>(), max_bytes) : std::string{};
}

Translations JsonFields::translations(std::string_view key) const {
  Translations out;
  const auto& value = raw(key);
  if (!value.is_object()) return out;
  for (const auto& [tag, text] : value.items()) {
    if (out.size() == kMaxLanguages) break;
    if (!is_language_tag(tag) || !text.is_string()) continue;
    out.emplace(tag, printable(text.get_ref<const std::string&>(), kMaxProse));
  }
  return out;
}

std::string JsonFields::shown_date(std::string_view key) const {
  auto text = shown(key);
  return is_date(text) ? text : std::string{};
}

}  // namespace homepatch::feeds
