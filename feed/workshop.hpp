// The publisher's private work folder. Everything that `publish` needs lies here, and nothing here is served:
//
//   feed.toml                       name, vendor, expiries
//   keys/<role>[-N].pem             private keys, encrypted
//   models/<vendor>/<model>/catalog.json   what the next publish will sign
//   published/<vendor>/<model>/catalog.json   what the last one signed
//   published/_feed/models.json     the list of models that it signed
//   images/<sha256>                 the bytes of every image, and of what delegated vendors list
//   metadata/N.root.json, targets.json, snapshot.json, timestamp.json, <vendor>.json   as last signed
//   metadata/pending/<role>.json    made, and waiting for signatures
//   delegations/<vendor>.json       who may sign for a vendor
//   deny.json                       images that are taken back
//
// A delegated vendor's own work folder has no root, snapshot and timestamp: its one role is metadata/<vendor>.json.
//
// Every file is replaced atomically; one process works in a folder at a time.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.hpp"
#include "feed/catalog_draft.hpp"

namespace homepatch::feed {

// How long a role's metadata is valid from its signing, in days.
struct ExpiryDays {
  int root = 365;
  int targets = 90;
  int snapshot = 30;
  int timestamp = 7;
};

struct Settings {
  std::string name;
  std::string vendor;  // empty: any
  ExpiryDays days;
  bool delegated = false;          // a vendor's folder, whose role is taken in by another feed
  std::int64_t first_version = 1;  // of that role: above what the feed already knows of the vendor
};

class Workshop {
 public:
  // Would create() make this? already_exists when there is a feed in the folder.
  static Status check_new(const std::filesystem::path& folder, const Settings& settings);
  // Makes the folder and its feed.toml.
  static Result<Workshop> create(const std::filesystem::path& folder, const Settings& settings);
  static Result<Workshop> open(const std::filesystem::path& folder);

  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] std::filesystem::path keys() const { return folder_ / "keys"; }
  [[nodiscard]] std::filesystem::path metadata() const { return folder_ / "metadata"; }
  [[nodiscard]] std::filesystem::path delegations() const { return folder_ / "delegations"; }
  [[nodiscard]] std::filesystem::path deny_list() const { return folder_ / "deny.json"; }
  [[nodiscard]] std::filesystem::path image(const Digest& digest) const { return folder_ / "images" / digest.hex(); }

  // Refuses a folder that is to be served, when this one with its keys would be served with it.
  [[nodiscard]] Status check_stays_private(const std::filesystem::path& served) const;

  // Refuses a delegated vendor's folder, for what only a whole feed has.
  [[nodiscard]] Status check_whole_feed() const;

  // The catalogs by path, and one of them; nothing when it is not there.
  [[nodiscard]] Result<std::vector<CatalogDraft>> drafts() const;
  [[nodiscard]] Result<std::optional<CatalogDraft>> draft(const std::string& path) const;
  [[nodiscard]] Result<std::optional<CatalogDraft>> published(const std::string& path) const;
  [[nodiscard]] Status keep_draft(const CatalogDraft& draft) const;
  [[nodiscard]] Status keep_published(const CatalogDraft& draft) const;

  // Copies the image in, unless it is there already. Refuses a file whose bytes changed since it was hashed.
  [[nodiscard]] Status keep_image(const ImageFile& image) const;
  // Bytes whose digest the caller has checked.
  [[nodiscard]] Status keep_bytes(const Digest& digest, std::string_view bytes) const;

  // The list of models as published last, byte for byte: not_found before the first time.
  [[nodiscard]] Result<std::string> published_models() const;
  [[nodiscard]] Status keep_published_models(std::string_view bytes) const;

 private:
  Workshop(std::filesystem::path folder, Settings settings, UniqueFd lock)
      : folder_(std::move(folder)), settings_(std::move(settings)), lock_(std::move(lock)) {}

  std::filesystem::path folder_;
  Settings settings_;
  UniqueFd lock_;
};

}  // namespace homepatch::feed
