// Keeps what was accepted from each feed: the trusted TUF metadata byte for byte (one file a role) and the verified
// documents (models index, catalogs). The feed refresher (daemon/fetch) stores; nothing is stored before it was
// verified.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/digest.hpp"
#include "core/provenance.hpp"
#include "storage/database.hpp"

namespace homepatch {

// What vouches for a document.
struct DocumentOrigin {
  Provenance provenance = Provenance::signed_feed;
  std::string signed_by;  // for people: "targets (2 keys), acme.example (1 key)"

  friend bool operator==(const DocumentOrigin&, const DocumentOrigin&) = default;
};

class FeedStore {
 public:
  static constexpr std::size_t kMaxMetadataFile = 8UL << 20;

  // `folder` holds one folder a feed.
  FeedStore(Database& database, std::filesystem::path folder) : database_(database), folder_(std::move(folder)) {}

  // The role's bytes as they were served; not_found when nothing was stored.
  Result<std::string> load_metadata(std::string_view feed, std::string_view role) const;
  // Removes what a crash left of the saving of this feed's metadata.
  Status sweep(std::string_view feed);
  // Lasts when it returns success.
  Status save_metadata(std::string_view feed, std::string_view role, std::string_view bytes);
  Status remove_metadata(std::string_view feed, std::string_view role);

  // Removes what is stored of every other role.
  Status keep_metadata_of(std::string_view feed, const std::set<std::string>& roles);

  // The digest of a stored document.
  Result<std::optional<Digest>> document_digest(std::string_view feed, std::string_view path);
  Result<std::optional<std::string>> load_document(std::string_view feed, std::string_view path);
  Result<std::optional<DocumentOrigin>> document_origin(std::string_view feed, std::string_view path);
  Status save_document(std::string_view feed, std::string_view path, const Digest& digest, std::string_view bytes,
                       const DocumentOrigin& origin = {});
  Result<std::vector<std::string>> document_paths(std::string_view feed);
  Status remove_document(std::string_view feed, std::string_view path);

 private:
  [[nodiscard]] std::filesystem::path metadata_file(std::string_view feed, std::string_view role) const;

  Database& database_;
  std::filesystem::path folder_;
};

}  // namespace homepatch
