#include "feed/form.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/catalog_names.hpp"

namespace homepatch::feed {

namespace {

using nlohmann::json;

bool all_texts(const json& value) {
  return std::all_of(value.begin(), value.end(), [](const json& entry) { return entry.is_string(); });
}

bool has_kind(const json& value, Kind kind) {
  switch (kind) {
    case Kind::text: return value.is_string();
    case Kind::number: return value.is_number_integer();
    case Kind::flag: return value.is_boolean();
    case Kind::date: return value.is_string() && is_date(value.get_ref<const std::string&>());
    case Kind::texts: return value.is_array() && all_texts(value);
    case Kind::words: return value.is_string() || (value.is_object() && all_texts(value));
    case Kind::free: return value.is_structured();
  }
  return false;
}

std::string_view description(Kind kind) {
  switch (kind) {
    case Kind::text: return "must be a text in quotes";
    case Kind::number: return "must be a whole number";
    case Kind::flag: return "must be true or false";
    case Kind::date: return "must be a day such as 2031-05-31";
    case Kind::texts: return "must be a list of texts such as [\"A\", \"B\"]";
    case Kind::words: return "must be a text, or a table of texts by language such as { en = \"...\" }";
    case Kind::free: return "must be a table";
  }
  return "";
}

class FormCheck {
 public:
  FormCheck(const TomlDocument& document, std::span<const Member> members) : document_(document), members_(members) {}

  // `pattern` is `place` without the indexes. NOLINTNEXTLINE(misc-no-recursion)
  Status check(const json& value, const std::string& place, const std::string& pattern) const {
    const auto member =
        std::find_if(members_.begin(), members_.end(), [&](const Member& entry) { return entry.place == pattern; });
    if (member != members_.end()) {
      if (has_kind(value, member->kind)) return {};
      return document_.refuse(place, description(member->kind));
    }
    if (value.is_array() && has_inside(pattern + "[].")) return check_array(value, place, pattern + "[]");
    if (value.is_object() && has_inside(pattern.empty() ? "" : pattern + ".")) {
      return check_table(value, place, pattern);
    }
    if (has_inside(pattern + ".")) return document_.refuse(place, "must be a table: [" + pattern + "]");
    if (has_inside(pattern + "[].")) return document_.refuse(place, "must be a list of tables: [[" + pattern + "]]");
    return document_.refuse(place, fmt::format("is not known here; known are {}", known_beside(pattern)));
  }

 private:
  [[nodiscard]] bool has_inside(std::string_view prefix) const {
    return std::any_of(members_.begin(), members_.end(),
                       [&](const Member& entry) { return entry.place.starts_with(prefix); });
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  Status check_table(const json& value, const std::string& place, const std::string& pattern) const {
    for (const auto& [key, inner] : value.items()) {
      TRY(check(inner, place.empty() ? key : place + "." + key, pattern.empty() ? key : pattern + "." + key));
    }
    return {};
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  Status check_array(const json& value, const std::string& place, const std::string& pattern) const {
    for (std::size_t i = 0; i < value.size(); ++i) TRY(check(value[i], fmt::format("{}[{}]", place, i), pattern));
    return {};
  }

  // The members that may stand where the unknown one does.
  [[nodiscard]] std::string known_beside(std::string_view pattern) const {
    const auto dot = pattern.rfind('.');
    const auto parent = dot == std::string_view::npos ? std::string_view{} : pattern.substr(0, dot + 1);
    std::vector<std::string_view> names;
    for (const auto& [name, kind] : members_) {
      if (!name.starts_with(parent)) continue;
      const auto rest = name.substr(parent.size());
      const auto own = rest.substr(0, rest.find_first_of(".["));
      if (std::find(names.begin(), names.end(), own) == names.end()) names.push_back(own);
    }
    return fmt::format("{}", fmt::join(names, ", "));
  }

  const TomlDocument& document_;
  std::span<const Member> members_;
};

}  // namespace

Status check_form(const TomlDocument& document, std::span<const Member> members) {
  return FormCheck(document, members).check(document.content, "", "");
}

}  // namespace homepatch::feed
