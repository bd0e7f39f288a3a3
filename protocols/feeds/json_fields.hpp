// One JSON object of a feed's file, with its place in the file: typed, bounded access whose refusals name the field
// ("releases[2].images[0].length: must be a whole number from 1 to 268435456"). The object must outlive the view.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/catalog.hpp"

namespace homepatch::feeds {

// Lengths of display texts in bytes; a longer one is cut, never refused.
inline constexpr std::size_t kMaxShown = 200;
inline constexpr std::size_t kMaxProse = 2000;
inline constexpr std::size_t kMaxLanguages = 16;

class JsonFields {
 public:
  // Refuses what is not an object. `place` is "" for the whole file.
  static Result<JsonFields> of(const nlohmann::json& value, std::string place);

  [[nodiscard]] const std::string& place() const { return place_; }
  [[nodiscard]] std::string place(std::string_view key) const;
  [[nodiscard]] Unexpected refuse(std::string_view key, std::string_view what) const;

  // Gating members: absent, of another type or out of range is a refusal. Texts are plain (base/text.hpp).
  [[nodiscard]] Result<std::string> text(std::string_view key, std::size_t max_bytes) const;
  [[nodiscard]] Result<std::int64_t> number(std::string_view key, std::int64_t min, std::int64_t max) const;
  [[nodiscard]] Result<bool> boolean(std::string_view key) const;
  [[nodiscard]] Result<JsonFields> object(std::string_view key) const;
  [[nodiscard]] Result<std::vector<JsonFields>> objects(std::string_view key, std::size_t min, std::size_t max) const;
  [[nodiscard]] Result<std::vector<std::string>> texts(std::string_view key, std::size_t max_count,
                                                       std::size_t max_bytes) const;
  // Refuses any member but these.
  [[nodiscard]] Status only(std::initializer_list<std::string_view> known) const;

  // True when the member is there and not null.
  [[nodiscard]] bool has(std::string_view key) const;

  // Display members: what is absent or malformed reads as empty; control characters are replaced, the rest cut.
  [[nodiscard]] std::string shown(std::string_view key, std::size_t max_bytes = kMaxShown) const;
  [[nodiscard]] Translations translations(std::string_view key) const;
  [[nodiscard]] std::string shown_date(std::string_view key) const;

  // The member as it is; null where it is absent.
  [[nodiscard]] const nlohmann::json& raw(std::string_view key) const;
  [[nodiscard]] const nlohmann::json& value() const { return *value_; }

 private:
  JsonFields(const nlohmann::json& value, std::string place) : value_(&value), place_(std::move(place)) {}

  const nlohmann::json* value_;
  std::string place_;
};

}  // namespace homepatch::feeds
