// The one SQLite database of the daemon: devices, updates, what feeds said, settings. WAL, so that a power cut leaves
// the last committed transaction; synchronous=FULL for what must not be lost, NORMAL inside batches of chatter. One
// connection, one thread. The stores beside this file are its only users.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace homepatch {

// A prepared statement. Parameters count from 1, columns from 0, as in SQLite.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  Statement& bind(int index, std::int64_t value);
  Statement& bind(int index, std::string_view text);
  Statement& bind_blob(int index, std::string_view bytes);
  Statement& bind_null(int index);

  // True: a row is there; false: done.
  Result<bool> step();
  // For statements that give no rows. Leaves the statement ready to be bound again.
  Status run();
  void reset();

  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::string blob(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// Whether a transaction must outlive a power cut that follows its commit.
enum class Durability { full, relaxed };

class Database {
 public:
  // Opens or makes the database and brings it to the newest schema. Errors: io/no_space; unsupported when a newer
  // homepatch made it (nothing is changed then); malformed when it is damaged.
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& file);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Result<Statement> prepare(std::string_view sql);
  Status execute(std::string_view sql);

  // Runs `work` inside a transaction; commits when it gives success, rolls back otherwise.
  template <typename Work>
  Status transact(Durability durability, Work work) {
    if (auto begun = begin(durability); !begun) return begun;
    if (Status done = work(); !done) {
      rollback();
      return done;
    }
    return commit();
  }

  // Write transactions committed since the start: what wears the flash.
  [[nodiscard]] std::uint64_t commits() const { return commits_; }

 private:
  explicit Database(sqlite3* connection) : connection_(connection) {}
  Status prepare_to_use();
  Status check();
  Status migrate();
  Status begin(Durability durability);
  Status commit();
  void rollback();
  [[nodiscard]] Error last_error(std::string_view doing) const;

  sqlite3* connection_;
  std::uint64_t commits_ = 0;
  std::optional<Durability> durability_;
};

}  // namespace homepatch
