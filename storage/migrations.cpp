#include "storage/migrations.hpp"

#include <array>

namespace homepatch {

namespace {

// Times are milliseconds since 1970 UTC; 0 stands for "never".
constexpr std::string_view kFirst = R"sql(
CREATE TABLE devices (
  id           TEXT PRIMARY KEY,
  family       TEXT NOT NULL,
  name         TEXT NOT NULL,
  manufacturer TEXT NOT NULL,
  model        TEXT NOT NULL,
  hardware     TEXT NOT NULL,
  version      TEXT NOT NULL,
  intermediate INTEGER NOT NULL,
  address      TEXT NOT NULL,
  sleepy       INTEGER NOT NULL,
  standing     TEXT NOT NULL,
  first_seen   INTEGER NOT NULL,
  last_seen    INTEGER NOT NULL,
  facts        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A device that its owner had forgotten comes back only on a live message (I15).
CREATE TABLE forgotten (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE updates (
  id           INTEGER PRIMARY KEY AUTOINCREMENT,
  device       TEXT NOT NULL,
  family       TEXT NOT NULL,
  feed         TEXT NOT NULL,
  catalog      TEXT NOT NULL,
  release      TEXT NOT NULL,
  from_version TEXT NOT NULL,
  to_version   TEXT NOT NULL,
  images       TEXT NOT NULL,
  token        TEXT NOT NULL,
  asked_by     TEXT NOT NULL,
  phase        TEXT NOT NULL,
  reason       TEXT NOT NULL,
  detail       TEXT NOT NULL,
  created      INTEGER NOT NULL,
  phase_since  INTEGER NOT NULL,
  next_step    INTEGER,
  attempts     INTEGER NOT NULL,
  transitions  INTEGER NOT NULL,
  restarts     INTEGER NOT NULL,
  restarted    INTEGER NOT NULL,
  rechecking   INTEGER NOT NULL,
  settled      INTEGER NOT NULL,
  gateway_failures INTEGER NOT NULL
) STRICT;
-- I3: at most one update of a device is under way, whatever the program does.
CREATE UNIQUE INDEX one_update_under_way ON updates (device)
  WHERE phase IN ('waiting', 'fetching', 'transferring', 'installing', 'confirming');
CREATE INDEX updates_of_device ON updates (device, id);

CREATE TABLE feed_documents (
  feed   TEXT NOT NULL,
  path   TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  bytes  BLOB NOT NULL,
  PRIMARY KEY (feed, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE artifacts (
  sha256    TEXT PRIMARY KEY,
  length    INTEGER NOT NULL,
  md5       TEXT NOT NULL,
  added     INTEGER NOT NULL,
  last_used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE settings (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// What vouches for a document: how it came, and who signed.
constexpr std::string_view kOrigins = R"sql(
ALTER TABLE feed_documents ADD COLUMN provenance TEXT NOT NULL DEFAULT 'signed_feed';
ALTER TABLE feed_documents ADD COLUMN signed_by TEXT NOT NULL DEFAULT '';
)sql";

// The most frequent write of all, in rows as narrow as they can be: flash wears out.
constexpr std::string_view kLastSeen = R"sql(
CREATE TABLE last_seen (
  id TEXT PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

// Images whose bytes were found changed on the flash.
constexpr std::string_view kDamages = R"sql(
CREATE TABLE damaged_artifacts (
  sha256 TEXT PRIMARY KEY,
  length INTEGER NOT NULL,
  times  INTEGER NOT NULL,
  last   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql";

constexpr std::array kSteps{kFirst, kOrigins, kLastSeen, kDamages};

}  // namespace

std::span<const std::string_view> migrations() { return kSteps; }

}  // namespace homepatch
