#include "storage/database.hpp"

#include <fmt/format.h>

#include "storage/migrations.hpp"

namespace homepatch {

namespace {

// Extended codes (SQLITE_OPEN_EXRESCODE) keep the kind in their lowest byte.
Errc kind_of(int code) {
  switch (code & 0xFF) {
    case SQLITE_FULL: return Errc::no_space;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Errc::malformed;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Errc::busy;
    case SQLITE_PERM:
    case SQLITE_READONLY: return Errc::not_authorised;
    default: return Errc::io;
  }
}

Error sqlite_error(sqlite3* connection, std::string_view doing) {
  return Error{kind_of(sqlite3_extended_errcode(connection)),
               fmt::format("database: {}: {}", doing, sqlite3_errmsg(connection))};
}

Error damaged(const std::filesystem::path& file, std::string_view how) {
  return Error{
      Errc::malformed,
      fmt::format("the database {} is damaged ({}). Put a copy of it back, or move it and its -wal file away and "
                  "start again: devices are then found anew and have to be accepted again",
                  file.string(), how)};
}

}  // namespace

Statement& Statement::bind(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_.get(), index, value);
  return *this;
}

Statement& Statement::bind(int index, std::string_view text) {
  sqlite3_bind_text64(statement_.get(), index, text.data() == nullptr ? "" : text.data(), text.size(), SQLITE_TRANSIENT,
                      SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_blob(int index, std::string_view bytes) {
  sqlite3_bind_blob64(statement_.get(), index, bytes.data() == nullptr ? "" : bytes.data(), bytes.size(),
                      SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::bind_null(int index) {
  sqlite3_bind_null(statement_.get(), index);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  Error error = sqlite_error(sqlite3_db_handle(statement_.get()), "reading or writing");
  sqlite3_reset(statement_.get());
  return fail(std::move(error));
}

Status Statement::run() {
  while (TRY(step())) {
  }
  reset();
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

std::string Statement::text(int column) const {
  const auto* text = sqlite3_column_text(statement_.get(), column);
  if (text == nullptr) return {};
  return std::string(reinterpret_cast<const char*>(text),
                     static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)));
}

std::string Statement::blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  if (bytes == nullptr) return {};
  return std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)));
}

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& file) {
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(
      file.c_str(), &connection,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  std::unique_ptr<Database> database(new Database(connection));
  if (code != SQLITE_OK) return fail(sqlite_error(connection, "opening " + file.string()));
  sqlite3_busy_timeout(connection, 2000);
  Status prepared = database->prepare_to_use();
  if (prepared) return database;
  if (prepared.error().code == Errc::malformed) return fail(damaged(file, prepared.error().text));
  return fail(std::move(prepared).error().in("opening " + file.string()));
}

Status Database::prepare_to_use() {
  // A small page cache and a small log: memory and flash are scarce. The log is folded in at 256 pages (1 MiB).
  TRY(
      execute("PRAGMA cell_size_check=ON; PRAGMA journal_mode=WAL; PRAGMA foreign_keys=ON;"
              "PRAGMA cache_size=-256; PRAGMA wal_autocheckpoint=256;"
              "PRAGMA journal_size_limit=1048576; PRAGMA temp_store=MEMORY;"
              "PRAGMA trusted_schema=OFF;"));
  TRY(check());
  return migrate();
}

// Once at the start, when saying so is of use: flash of routers fails by the page.
Status Database::check() {
  Statement statement = TRY(prepare("PRAGMA quick_check(1)"));
  if (TRY(statement.step()) && statement.text(0) != "ok") return fail(Errc::malformed, statement.text(0));
  return {};
}

Database::~Database() { sqlite3_close_v2(connection_); }

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(connection_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement,
                         nullptr) != SQLITE_OK) {
    return fail(last_error("preparing a statement"));
  }
  return Statement(statement);
}

Status Database::execute(std::string_view sql) {
  if (sqlite3_exec(connection_, std::string(sql).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return fail(last_error("executing"));
  }
  return {};
}

Status Database::begin(Durability durability) {
  if (durability_ != durability) {
    TRY(execute(durability == Durability::full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL"));
    durability_ = durability;
  }
  return execute("BEGIN IMMEDIATE");
}

Status Database::commit() {
  if (auto done = execute("COMMIT"); !done) {
    rollback();
    return done;
  }
  ++commits_;
  return {};
}

void Database::rollback() {
  // SQLite may have rolled back by itself (disk full); then this says so and changes nothing.
  if (sqlite3_get_autocommit(connection_) == 0) {
    if (const auto ignored = execute("ROLLBACK"); !ignored) return;
  }
}

Error Database::last_error(std::string_view doing) const { return sqlite_error(connection_, doing); }

Status Database::migrate() {
  std::int64_t version = 0;
  {
    Statement statement = TRY(prepare("PRAGMA user_version"));
    if (TRY(statement.step())) version = statement.integer(0);
  }
  const auto steps = migrations();
  const auto newest = static_cast<std::int64_t>(steps.size());
  if (version > newest) {
    return fail(
        Errc::unsupported,
        fmt::format(
            "it was written by a newer homepatch (schema {}; this one, {}, knows {}). Install that version again, "
            "or move the file away to begin anew",
            version, HOMEPATCH_VERSION, newest));
  }
  for (auto i = version; i < newest; ++i) {
    const auto step = [&]() -> Status {
      TRY(execute(steps[static_cast<std::size_t>(i)]));
      return execute(fmt::format("PRAGMA user_version={}", i + 1));
    };
    TRY_IN(fmt::format("bringing it to schema {}", i + 1), transact(Durability::full, step));
  }
  return {};
}

}  // namespace homepatch
