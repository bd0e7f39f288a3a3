// One table of a TOML file: hands each key to the reader that knows it, and refuses the others with file and line. The
// readers check form and range; a refusal says what must stand there and what stands there. The configuration
// (daemon/config.cpp) says which keys there are.
#pragma once

#include <fmt/format.h>

#include <toml++/toml.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"

namespace homepatch::config {

inline constexpr std::size_t kMaxTexts = 64;
inline constexpr std::size_t kMaxMirrors = 16;
inline constexpr double kLongest = 1e8;  // seconds

// "FILE:LINE"
std::string place(const std::filesystem::path& file, const toml::source_region& source);

// What logs, programs and file names call a feed or an index: 1 to 40 letters, digits, '-' and '_'.
bool is_name(std::string_view name);

Unexpected must(const toml::node& node, std::string_view be);

// One table of the file: hands each key to the function that knows it and refuses the others.
class Table {
 public:
  using Reader = std::function<Status(const toml::node&)>;

  Table(const std::filesystem::path& file, std::string name) : file_(file), name_(std::move(name)) {}

  Table& key(std::string_view key, Reader reader) {
    readers_.emplace(key, std::move(reader));
    return *this;
  }

  Status read(const toml::table& table) const;

 private:
  [[nodiscard]] std::string known() const {
    std::string out;
    for (const auto& [key, reader] : readers_) out += (out.empty() ? "" : ", ") + key;
    return out;
  }

  const std::filesystem::path& file_;
  std::string name_;
  std::map<std::string, Reader, std::less<>> readers_;
};

Result<std::string> text_of(const toml::node& node);
Result<std::int64_t> number_of(const toml::node& node, std::int64_t min, std::int64_t max);

Table::Reader text(std::string& out);
Table::Reader filled_text(std::string& out);
// http or https, exactly as it stands there: of a file.
Table::Reader web_file(std::string& out);
// http or https, without the slashes at its end: of a folder.
Table::Reader web_address(std::string& out);
Table::Reader web_addresses(std::vector<std::string>& out);
Table::Reader path(std::filesystem::path& out);
Table::Reader flag(bool& out);
// One of two words.
Table::Reader choice(bool& out, std::string_view when_false, std::string_view when_true);
Table::Reader level(log::Level& out);
Table::Reader mebibytes(std::uint64_t& out, std::int64_t min);
Table::Reader texts(std::vector<std::string>& out, std::size_t min = 0);
Table::Reader table(std::function<Status(const toml::table&)> read);

template <typename Number>
Table::Reader number(Number& out, std::int64_t min, std::int64_t max) {
  return [&out, min, max](const toml::node& node) -> Status {
    out = static_cast<Number>(TRY(number_of(node, min, max)));
    return {};
  };
}

// Seconds, with a fraction where a test or the demo wants to be quick.
template <typename Time>
Table::Reader duration(Time& out, double min = 0.0) {
  return [&out, min](const toml::node& node) -> Status {
    const auto value = node.value<double>();
    // Written so that "nan" is refused as well.
    if (!node.is_number() || !value || !(*value >= min && *value <= kLongest)) {
      return must(node, fmt::format("a number of seconds from {} to {:.0f}", min, kLongest));
    }
    out = std::chrono::duration_cast<Time>(std::chrono::duration<double>(*value));
    return {};
  };
}

}  // namespace homepatch::config
