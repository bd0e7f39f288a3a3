#include "storage/feed_store.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

namespace homepatch {

namespace {

constexpr std::string_view kSuffix = ".json";

}  // namespace

std::filesystem::path FeedStore::metadata_file(std::string_view feed, std::string_view role) const {
  // Role names come from the feed: percent-encoded, none of them can leave the folder.
  return folder_ / percent_encode(feed, "-_") / "metadata" / (percent_encode(role, "-_") + std::string(kSuffix));
}

Result<std::string> FeedStore::load_metadata(std::string_view feed, std::string_view role) const {
  return read_file(metadata_file(feed, role), kMaxMetadataFile);
}

Status FeedStore::sweep(std::string_view feed) {
  TRY(sweep_temporaries(metadata_file(feed, "root").parent_path(), kSuffix));
  return {};
}

Status FeedStore::save_metadata(std::string_view feed, std::string_view role, std::string_view bytes) {
  const auto file = metadata_file(feed, role);
  TRY(make_folder(file.parent_path()));
  return write_file_atomically(file, bytes, 0640);
}

Status FeedStore::remove_metadata(std::string_view feed, std::string_view role) {
  const auto file = metadata_file(feed, role);
  std::error_code ec;
  const bool was_there = std::filesystem::remove(file, ec);
  if (ec) return fail(Errc::io, "removing " + file.string() + ": " + ec.message());
  if (!was_there) return {};
  return sync_folder(file.parent_path());
}

Status FeedStore::keep_metadata_of(std::string_view feed, const std::set<std::string>& roles) {
  std::set<std::string> names;
  for (const auto& role : roles) names.insert(metadata_file(feed, role).filename());
  const auto folder = metadata_file(feed, "root").parent_path();
  std::vector<std::filesystem::path> gone;
  std::error_code ec;
  for (std::filesystem::directory_iterator it(folder, ec), end; !ec && it != end; it.increment(ec)) {
    const auto& file = it->path();
    if (file.extension() == kSuffix && !names.contains(file.filename())) gone.push_back(file);
  }
  for (const auto& file : gone) {
    if (!ec) std::filesystem::remove(file, ec);
  }
  if (ec) return fail(Errc::io, "tidying " + folder.string() + ": " + ec.message());
  return gone.empty() ? Status() : sync_folder(folder);
}

Result<std::optional<Digest>> FeedStore::document_digest(std::string_view feed, std::string_view path) {
  Statement statement = TRY(database_.prepare("SELECT sha256 FROM feed_documents WHERE feed=? AND path=?"));
  statement.bind(1, feed).bind(2, path);
  if (!TRY(statement.step())) return std::optional<Digest>();
  return std::optional<Digest>(TRY(Digest::parse(statement.text(0))));
}

Result<std::optional<std::string>> FeedStore::load_document(std::string_view feed, std::string_view path) {
  Statement statement = TRY(database_.prepare("SELECT bytes FROM feed_documents WHERE feed=? AND path=?"));
  statement.bind(1, feed).bind(2, path);
  if (!TRY(statement.step())) return std::optional<std::string>();
  return std::optional<std::string>(statement.blob(0));
}

Result<std::optional<DocumentOrigin>> FeedStore::document_origin(std::string_view feed, std::string_view path) {
  Statement statement =
      TRY(database_.prepare("SELECT provenance, signed_by FROM feed_documents WHERE feed=? AND path=?"));
  statement.bind(1, feed).bind(2, path);
  if (!TRY(statement.step())) return std::optional<DocumentOrigin>();
  // A word of a later version counts as the weakest.
  const auto provenance = provenance_from(statement.text(0)).value_or(Provenance::local_admin);
  return std::optional(DocumentOrigin{provenance, statement.text(1)});
}

Status FeedStore::save_document(std::string_view feed, std::string_view path, const Digest& digest,
                                std::string_view bytes, const DocumentOrigin& origin) {
  return database_.transact(Durability::full, [&]() -> Status {
    Statement statement = TRY(
        database_.prepare("INSERT OR REPLACE INTO feed_documents (feed, path, sha256, bytes, provenance, signed_by) "
                          "VALUES (?,?,?,?,?,?)"));
    statement.bind(1, feed).bind(2, path).bind(3, digest.hex()).bind_blob(4, bytes);
    statement.bind(5, to_string(origin.provenance)).bind(6, origin.signed_by);
    return statement.run();
  });
}

Result<std::vector<std::string>> FeedStore::document_paths(std::string_view feed) {
  Statement statement = TRY(database_.prepare("SELECT path FROM feed_documents WHERE feed=? ORDER BY path"));
  statement.bind(1, feed);
  std::vector<std::string> paths;
  while (TRY(statement.step())) paths.push_back(statement.text(0));
  return paths;
}

Status FeedStore::remove_document(std::string_view feed, std::string_view path) {
  return database_.transact(Durability::full, [&]() -> Status {
    Statement statement = TRY(database_.prepare("DELETE FROM feed_documents WHERE feed=? AND path=?"));
    statement.bind(1, feed).bind(2, path);
    return statement.run();
  });
}

}  // namespace homepatch
