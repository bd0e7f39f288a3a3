#include "storage/settings_store.hpp"

#include <charconv>

namespace homepatch {

Result<std::optional<std::string>> SettingsStore::load(std::string_view name) {
  Statement statement = TRY(database_.prepare("SELECT value FROM settings WHERE name=?"));
  statement.bind(1, name);
  if (!TRY(statement.step())) return std::optional<std::string>();
  return std::optional<std::string>(statement.text(0));
}

Result<std::optional<std::int64_t>> SettingsStore::load_integer(std::string_view name) {
  const auto text = TRY(load(name));
  if (!text) return std::optional<std::int64_t>();
  std::int64_t value = 0;
  const auto* const end = text->data() + text->size();
  const auto [stop, error] = std::from_chars(text->data(), end, value);
  if (error != std::errc() || stop != end) return std::optional<std::int64_t>();
  return std::optional<std::int64_t>(value);
}

Status SettingsStore::save(std::string_view name, std::string_view value) {
  return database_.transact(Durability::full, [&]() -> Status {
    Statement statement = TRY(database_.prepare("INSERT OR REPLACE INTO settings (name, value) VALUES (?,?)"));
    statement.bind(1, name).bind(2, value);
    return statement.run();
  });
}

Result<std::size_t> SettingsStore::remove(std::initializer_list<std::string_view> patterns) {
  std::size_t removed = 0;
  const Status done = database_.transact(Durability::full, [&]() -> Status {
    for (const auto pattern : patterns) {
      Statement statement = TRY(database_.prepare("DELETE FROM settings WHERE name GLOB ? RETURNING name"));
      statement.bind(1, pattern);
      while (TRY(statement.step())) ++removed;
    }
    return {};
  });
  if (!done) return fail(done.error());
  return removed;
}

}  // namespace homepatch
