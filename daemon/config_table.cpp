#include "daemon/config_table.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "protocols/http/url.hpp"

namespace homepatch::config {

std::string place(const std::filesystem::path& file, const toml::source_region& source) {
  return fmt::format("{}:{}", file.string(), source.begin.line);
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 40 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

namespace {

// What stands there instead of what was asked for.
std::string found(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return fmt::format("\"{}\"", printable(*text, 60));
  if (const auto number = node.value_exact<std::int64_t>()) return fmt::format("{}", *number);
  if (const auto number = node.value_exact<double>()) return fmt::format("{}", *number);
  if (const auto flag = node.value_exact<bool>()) return *flag ? "true" : "false";
  if (node.is_array()) return "a list";
  return node.is_table() ? "a table" : "a date or time";
}

}  // namespace

Unexpected must(const toml::node& node, std::string_view be) {
  return fail(Errc::invalid_argument, fmt::format("must be {}; it is {}", be, found(node)));
}

Status Table::read(const toml::table& table) const {
  for (const auto& [key, node] : table) {
    const std::string where = place(file_, node.source());
    const auto reader = readers_.find(key.str());
    if (reader == readers_.end()) {
      return fail(Errc::invalid_argument,
                  fmt::format("{}: unknown key '{}'{}; known here: {}", where, printable(key.str(), 60),
                              name_.empty() ? "" : " in [" + name_ + "]", known()));
    }
    auto done = reader->second(node);
    if (done) continue;
    // What is wrong inside a table has its own line.
    if (done.error().text.starts_with(file_.string() + ":")) return done;
    return fail(std::move(done).error().in(
        fmt::format("{}: {}{}", where, name_.empty() ? "" : "[" + name_ + "] ", std::string(key.str()))));
  }
  return {};
}

Result<std::string> text_of(const toml::node& node) {
  const auto value = node.value_exact<std::string>();
  if (!value) return must(node, "text in quotes");
  return *value;
}

Result<std::int64_t> number_of(const toml::node& node, std::int64_t min, std::int64_t max) {
  const auto value = node.value_exact<std::int64_t>();
  if (!value || *value < min || *value > max) {
    return must(node, fmt::format("a whole number from {} to {}", min, max));
  }
  return *value;
}

Table::Reader text(std::string& out) {
  return [&out](const toml::node& node) -> Status {
    out = TRY(text_of(node));
    return {};
  };
}

Table::Reader filled_text(std::string& out) {
  return [&out](const toml::node& node) -> Status {
    out = TRY(text_of(node));
    if (!is_plain_text(out, 255)) return must(node, "plain text of 1 to 255 bytes");
    return {};
  };
}

Result<std::string> web_address_of(const toml::node& node) {
  std::string address = TRY(text_of(node));
  TRY(parse_url(address));
  while (address.ends_with('/')) address.pop_back();
  return address;
}

Table::Reader web_file(std::string& out) {
  return [&out](const toml::node& node) -> Status {
    out = TRY(text_of(node));
    TRY(parse_url(out));
    return {};
  };
}

Table::Reader web_address(std::string& out) {
  return [&out](const toml::node& node) -> Status {
    out = TRY(web_address_of(node));
    return {};
  };
}

Table::Reader path(std::filesystem::path& out) {
  return [&out](const toml::node& node) -> Status {
    out = TRY(text_of(node));
    if (!out.is_absolute()) return must(node, "a path that begins with /");
    return {};
  };
}

Table::Reader flag(bool& out) {
  return [&out](const toml::node& node) -> Status {
    const auto value = node.value_exact<bool>();
    if (!value) return must(node, "true or false, without quotes");
    out = *value;
    return {};
  };
}

Table::Reader choice(bool& out, std::string_view when_false, std::string_view when_true) {
  return [&out, when_false, when_true](const toml::node& node) -> Status {
    const std::string word = TRY(text_of(node));
    if (word != when_false && word != when_true) {
      return must(node, fmt::format("\"{}\" or \"{}\"", when_false, when_true));
    }
    out = word == when_true;
    return {};
  };
}

Table::Reader level(log::Level& out) {
  return [&out](const toml::node& node) -> Status {
    const std::string word = TRY(text_of(node));
    const auto known = log::level_from(word);
    if (!known) return must(node, "\"error\", \"warning\", \"notice\", \"info\" or \"debug\"");
    out = *known;
    return {};
  };
}

Table::Reader mebibytes(std::uint64_t& out, std::int64_t min) {
  return [&out, min](const toml::node& node) -> Status {
    out = static_cast<std::uint64_t>(TRY(number_of(node, min, 1'000'000))) << 20U;
    return {};
  };
}

Table::Reader texts(std::vector<std::string>& out, std::size_t min) {
  return [&out, min](const toml::node& node) -> Status {
    const auto* array = node.as_array();
    if (array == nullptr || array->size() < min || array->size() > kMaxTexts) {
      return must(node, fmt::format("a list of {} to {} texts, like [\"one\", \"two\"]", min, kMaxTexts));
    }
    out.clear();
    for (const auto& item : *array) {
      std::string text = TRY(text_of(item));
      if (!is_plain_text(text, 255)) return fail(Errc::invalid_argument, "an empty or unprintable text is in the list");
      out.push_back(std::move(text));
    }
    return {};
  };
}

Table::Reader web_addresses(std::vector<std::string>& out) {
  return [&out](const toml::node& node) -> Status {
    const auto* array = node.as_array();
    if (array == nullptr || array->size() > kMaxMirrors) {
      return must(node, fmt::format("a list of at most {} addresses", kMaxMirrors));
    }
    for (const auto& item : *array) out.push_back(TRY(web_address_of(item)));
    return {};
  };
}

Table::Reader table(std::function<Status(const toml::table&)> read) {
  return [read = std::move(read)](const toml::node& node) -> Status {
    const auto* inner = node.as_table();
    if (inner == nullptr) return must(node, "a table, its name in [ ] on a line of its own");
    return read(*inner);
  };
}

}  // namespace homepatch::config
