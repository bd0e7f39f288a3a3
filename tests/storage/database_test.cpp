// What may have happened to the database while homepatchd was not looking: a newer version, damage, a death in the
// middle.
#include "storage/database.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "storage/migrations.hpp"
#include "storage/settings_store.hpp"
#include "tests/core/document.hpp"
#include "tests/storage/storage_test.hpp"

namespace homepatch::test {
namespace {

using ::testing::HasSubstr;

class DatabaseFromTheFuture : public StorageTest {};
class DatabaseDamage : public StorageTest {};
class DatabaseMigration : public StorageTest {};
class DatabaseDeath : public StorageTest {};

TEST_F(DatabaseFromTheFuture, IsRefusedWithBothVersionsAndWhatToDo) {
  ASSERT_TRUE(database->execute("PRAGMA user_version=4711"));
  database.reset();
  const auto opened = Database::open(file);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::unsupported);
  for (const auto& part : {file.string(), std::string("schema 4711"), std::string(HOMEPATCH_VERSION),
                           "knows " + std::to_string(migrations().size()), std::string("Install that version again"),
                           std::string("move the file away")}) {
    EXPECT_THAT(opened.error().text, HasSubstr(part));
  }
}

TEST_F(DatabaseFromTheFuture, IsLeftAsItWas) {
  ASSERT_TRUE(database->execute("PRAGMA user_version=4711"));
  database.reset();
  const auto before = content_of(file);
  EXPECT_FALSE(Database::open(file));
  EXPECT_EQ(content_of(file), before);
}

TEST_F(DatabaseDamage, AFileThatIsNoneIsNamedWithWhatToDo) {
  database.reset();
  put(file, std::string(8192, 'x'));
  const auto opened = Database::open(file);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::malformed);
  EXPECT_THAT(opened.error().text, HasSubstr("the database " + file.string() + " is damaged"));
  EXPECT_THAT(opened.error().text, HasSubstr("move it and its -wal file away"));
  EXPECT_EQ(content_of(file).size(), 8192U);
}

// Flash fails by the page: the first one is fine and the tables are not.
TEST_F(DatabaseDamage, ARottenPageIsFoundAtTheStart) {
  SettingsStore settings(*database);
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(settings.save("name-" + std::to_string(i), std::string(100, 'v')));
  database.reset();
  auto content = content_of(file);
  ASSERT_GT(content.size(), 40'000U);
  for (std::size_t page = 2 * 4096; page + 64 < content.size(); page += 4096) content.replace(page, 64, 64, '\x5A');
  put(file, content);
  const auto opened = Database::open(file);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::malformed) << opened.error().text;
  EXPECT_THAT(opened.error().text, HasSubstr("is damaged"));
}

TEST_F(DatabaseDamage, AFileCutShortIsFoundAtTheStart) {
  SettingsStore settings(*database);
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(settings.save("name-" + std::to_string(i), std::string(100, 'v')));
  database.reset();
  std::filesystem::resize_file(file, 8192);
  const auto opened = Database::open(file);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::malformed) << opened.error().text;
}

TEST_F(DatabaseDamage, AnEmptyFileIsANewDatabase) {
  database.reset();
  put(file, "");
  EXPECT_TRUE(Database::open(file));
}

TEST_F(DatabaseDamage, AFolderInItsPlaceIsNamed) {
  const auto opened = Database::open(folder.path());
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().text, HasSubstr(folder.path().string()));
}

std::string schema_of(Database& database) {
  auto statement =
      database.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC, name").value();
  std::string out;
  while (statement.step().value()) out += statement.text(0) + ";\n\n";
  return out;
}

constexpr std::string_view kOpening = R"(# The database

`homepatch.db` after all its migrations (`storage/migrations.cpp`), as SQLite itself prints it; a test holds this page to it.
Times are milliseconds since 1970 UTC, 0 stands for "never".

)";

// A step that was released is never changed; this page would show it.
TEST_F(DatabaseMigration, TheSumOfTheStepsIsTheSchemaOfTheDocument) {
  expect_document("database.md", std::string(kOpening) + "```sql\n" + schema_of(*database) + "```\n");
  EXPECT_EQ(ask("PRAGMA user_version"), std::to_string(migrations().size()));
}

TEST_F(DatabaseMigration, FromEveryEarlierVersionComesTheSameSchema) {
  const auto newest = schema_of(*database);
  for (std::size_t version = 0; version < migrations().size(); ++version) {
    const auto old = folder / ("v" + std::to_string(version) + ".db");
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open(old.c_str(), &raw), SQLITE_OK);
    for (std::size_t i = 0; i < version; ++i) {
      ASSERT_EQ(sqlite3_exec(raw, std::string(migrations()[i]).c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    }
    const auto mark = "PRAGMA user_version=" + std::to_string(version);
    ASSERT_EQ(sqlite3_exec(raw, mark.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(raw);
    auto opened = Database::open(old);
    ASSERT_TRUE(opened) << opened.error().text;
    EXPECT_EQ(schema_of(**opened), newest) << "from version " << version;
  }
}

TEST_F(DatabaseMigration, AStepThatFailsLeavesTheVersionBeforeIt) {
  ASSERT_TRUE(database->execute("PRAGMA user_version=0"));  // its tables are there already
  database.reset();
  const auto opened = Database::open(file);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().text, HasSubstr("bringing it to schema 1"));
  EXPECT_THAT(opened.error().text, HasSubstr(file.string()));
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &raw), SQLITE_OK);
  sqlite3_stmt* statement = nullptr;
  ASSERT_EQ(sqlite3_prepare_v2(raw, "PRAGMA user_version", -1, &statement, nullptr), SQLITE_OK);
  ASSERT_EQ(sqlite3_step(statement), SQLITE_ROW);
  EXPECT_EQ(sqlite3_column_int(statement, 0), 0);
  sqlite3_finalize(statement);
  sqlite3_close(raw);
}

TEST_F(DatabaseDeath, KeepsAWriteAheadLogOfBoundedSize) {
  EXPECT_EQ(ask("PRAGMA journal_mode"), "wal");
  SettingsStore settings(*database);
  for (int i = 0; i < 2000; ++i)
    ASSERT_TRUE(settings.save("floor", std::string(3000, static_cast<char>('a' + i % 26))));
  EXPECT_LT(std::filesystem::file_size(file.string() + "-wal"), 3U << 20U);
}

// A process that does `work` on the database and is killed where it stands.
template <typename Work>
void die_after(const std::filesystem::path& file, Work work) {
  const auto child = ::fork();
  if (child == 0) {
    auto opened = Database::open(file);
    if (!opened) ::_exit(1);
    work(**opened);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
}

TEST_F(DatabaseDeath, WhatWasCommittedIsThere) {
  database.reset();
  die_after(file, [](Database& inside) { (void)SettingsStore(inside).save("clock", std::int64_t{42}); });
  reopen();
  EXPECT_EQ(SettingsStore(*database).load_integer("clock").value(), 42);
}

TEST_F(DatabaseDeath, WhatWasNotCommittedIsNot) {
  ASSERT_TRUE(SettingsStore(*database).save("clock", std::int64_t{1}));
  database.reset();
  die_after(file, [](Database& inside) {
    (void)inside.transact(Durability::full, [&]() -> Status {
      TRY(inside.execute("UPDATE settings SET value='2'"));
      TRY(inside.execute("INSERT INTO settings VALUES ('half', 'done')"));
      ::kill(::getpid(), SIGKILL);
      return {};
    });
  });
  reopen();
  EXPECT_EQ(SettingsStore(*database).load_integer("clock").value(), 1);
  EXPECT_FALSE(SettingsStore(*database).load("half").value());
}

TEST_F(DatabaseDeath, AFailedTransactionChangesNothingAndTheNextOneWorks) {
  const auto failed = database->transact(Durability::full, [&]() -> Status {
    TRY(database->execute("INSERT INTO settings VALUES ('a', '1')"));
    return fail(Errc::cancelled, "no");
  });
  EXPECT_EQ(failed.error().code, Errc::cancelled);
  EXPECT_EQ(ask("SELECT count(*) FROM settings"), "0");
  EXPECT_TRUE(SettingsStore(*database).save("b", "2"));
}

TEST_F(DatabaseDeath, OnlyWhatMustLastIsSyncedAtOnce) {
  ASSERT_TRUE(database->transact(Durability::relaxed, [] { return Status(); }));
  EXPECT_EQ(ask("PRAGMA synchronous"), "1");  // NORMAL
  ASSERT_TRUE(database->transact(Durability::full, [] { return Status(); }));
  EXPECT_EQ(ask("PRAGMA synchronous"), "2");  // FULL
  EXPECT_EQ(database->commits(), migrations().size() + 2);
}

TEST_F(DatabaseDeath, AnotherProgramsLockIsSaidToBeBusy) {
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(file.c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  const auto saved = SettingsStore(*database).save("a", "1");
  sqlite3_close(other);
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code, Errc::busy);
}

}  // namespace
}  // namespace homepatch::test
