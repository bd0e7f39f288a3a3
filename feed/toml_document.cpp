#include "feed/toml_document.hpp"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <sstream>

#include "base/file.hpp"
#include "base/text.hpp"

namespace homepatch::feed {

namespace {

template <typename Value>
std::string printed(const Value& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

class Converter {
 public:
  explicit Converter(TomlDocument& document) : document_(document) {}

  // NOLINTNEXTLINE(misc-no-recursion): TOML++ bounds the nesting
  nlohmann::json convert(const toml::node& node, const std::string& place) {
    document_.lines[place] = node.source().begin.line;
    if (const auto* table = node.as_table()) return convert_table(*table, place);
    if (const auto* array = node.as_array()) return convert_array(*array, place);
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* number = node.as_integer()) return number->get();
    if (const auto* flag = node.as_boolean()) return flag->get();
    if (const auto* real = node.as_floating_point()) return real->get();
    if (const auto* date = node.as_date()) return printed(date->get());
    if (const auto* moment = node.as_date_time()) return printed(moment->get());
    if (const auto* time = node.as_time()) return printed(time->get());
    return nullptr;
  }

 private:
  // NOLINTNEXTLINE(misc-no-recursion)
  nlohmann::json convert_table(const toml::table& table, const std::string& place) {
    auto out = nlohmann::json::object();
    for (const auto& [key, value] : table) {
      const std::string name(key.str());
      out[name] = convert(value, place.empty() ? name : place + "." + name);
    }
    return out;
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  nlohmann::json convert_array(const toml::array& array, const std::string& place) {
    auto out = nlohmann::json::array();
    for (std::size_t i = 0; i < array.size(); ++i) out.push_back(convert(array[i], fmt::format("{}[{}]", place, i)));
    return out;
  }

  TomlDocument& document_;
};

}  // namespace

Result<TomlDocument> TomlDocument::load(const std::filesystem::path& path) {
  TomlDocument document;
  document.file = path.string();
  const auto bytes = TRY(read_file(path, kMaxBytes));
  try {
    const toml::table table = toml::parse(bytes, document.file);
    document.content = Converter(document).convert(table, "");
  } catch (const toml::parse_error& error) {
    return fail(Errc::invalid_argument, fmt::format("{}, line {}: {}", document.file, error.source().begin.line,
                                                    printable(error.description())));
  }
  return document;
}

unsigned TomlDocument::line_of(std::string_view place) const {
  while (!place.empty()) {
    if (const auto found = lines.find(place); found != lines.end()) return found->second;
    const auto cut = place.find_last_of(".[");
    place = cut == std::string_view::npos ? std::string_view{} : place.substr(0, cut);
  }
  return 1;
}

Unexpected TomlDocument::refuse(std::string_view place, std::string_view what, Errc code) const {
  if (lines.empty()) return fail(code, fmt::format("{}: {}: {}", file, place, what));  // made, not read
  return fail(code, fmt::format("{}, line {}: {}: {}", file, line_of(place), place, what));
}

}  // namespace homepatch::feed
