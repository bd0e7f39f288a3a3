#include "daemon/config_index.hpp"

#include <algorithm>
#include <optional>

namespace homepatch {

std::string_view to_string(IndexKind kind) {
  switch (kind) {
    case IndexKind::zigbee: return "zigbee";
    case IndexKind::esp: return "esp";
  }
  return "zigbee";
}

}  // namespace homepatch

namespace homepatch::config {

namespace {

Table::Reader kind(std::optional<IndexKind>& out) {
  return [&out](const toml::node& node) -> Status {
    const std::string word = TRY(text_of(node));
    for (const auto known : {IndexKind::zigbee, IndexKind::esp}) {
      if (word == to_string(known)) out = known;
    }
    if (!out) return must(node, R"("zigbee" (zigbee-OTA's index.json) or "esp" (a manifest of ESP Web Tools))");
    return {};
  };
}

// What is missing, for the person who wrote it; empty: nothing.
std::string missing_in(const IndexConfig& index, bool has_kind) {
  if (!is_name(index.name)) return "an index needs a name of 1 to 40 letters, digits, '-' and '_', like name = \"z2m\"";
  if (!has_kind) return fmt::format("index '{}' needs kind, \"zigbee\" or \"esp\"", index.name);
  if (index.url.empty() == index.file.empty()) {
    return fmt::format("index '{}' needs either url, the address of the file, or file, its path on the gateway",
                       index.name);
  }
  return "";
}

Status read_index(const std::filesystem::path& file, const toml::node& node, std::vector<IndexConfig>& out) {
  IndexConfig index;
  std::optional<IndexKind> known_kind;
  const auto* table = node.as_table();
  if (table == nullptr) return must(node, "written as [[index]]");
  TRY(Table(file, "index")
          .key("name", text(index.name))
          .key("kind", kind(known_kind))
          .key("url", web_file(index.url))
          .key("hosts", texts(index.hosts))
          .key("file", path(index.file))
          .read(*table));
  const std::string where = place(file, node.source());
  if (const auto missing = missing_in(index, known_kind.has_value()); !missing.empty()) {
    return fail(Errc::invalid_argument, where + ": " + missing);
  }
  index.kind = *known_kind;
  if (std::ranges::find(out, index.name, &IndexConfig::name) != out.end()) {
    return fail(
        Errc::invalid_argument,
        fmt::format("{}: there is another index named '{}', here or in an earlier file; give one of them another name",
                    where, index.name));
  }
  if (out.size() >= kMaxIndexes)
    return fail(Errc::too_large, fmt::format("{}: more than {} indexes", where, kMaxIndexes));
  out.push_back(std::move(index));
  return {};
}

}  // namespace

Table::Reader indexes(const std::filesystem::path& file, std::vector<IndexConfig>& out) {
  return [&file, &out](const toml::node& node) -> Status {
    const auto* array = node.as_array();
    if (array == nullptr) return must(node, "written as [[index]], with two brackets");
    for (const auto& item : *array) TRY(read_index(file, item, out));
    return {};
  };
}

}  // namespace homepatch::config
