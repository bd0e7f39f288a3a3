// The publisher's private work folder. Everything that `publish` needs lies here, and nothing here is served:
//
//   feed.toml                       name, vendor, expiries
//   keys/<role>[-N].pem             private keys, encrypted
//   models/<vendor>/<model>/catalog.json   what the next publish will sign
//   published/<vendor>/<model>/catalog.json   what the last one signed
//   images/<sha256>                 the bytes of every image
//   metadata/N.root.json, targets.json, snapshot.json, timestamp.json   as last signed
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
};

class Workshop {
 public:
  // Makes the folder and its feed.toml. already_exists when there is a feed in it.
  static Result<Workshop> create(const std::filesystem::path& folder, const Settings& settings);
  static Result<Workshop> open(const std::filesystem::path& folder);

  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] std::filesystem::path keys() const { return folder_ / "keys"; }
  [[nodiscard]] std::filesystem::path metadata() const { return folder_ / "metadata"; }
  [[nodiscard]] std::filesystem::path image(const Digest& digest) const { return folder_ / "images" / digest.hex(); }

  // The catalogs by path, and one of them; nothing when it is not there.
  [[nodiscard]] Result<std::vector<CatalogDraft>> drafts() const;
  [[nodiscard]] Result<std::optional<CatalogDraft>> draft(const std::string& path) const;
  [[nodiscard]] Result<std::optional<CatalogDraft>> published(const std::string& path) const;
  [[nodiscard]] Status keep_draft(const CatalogDraft& draft) const;
  [[nodiscard]] Status keep_published(const CatalogDraft& draft) const;

  // Copies the image in, unless it is there already. Refuses a file whose bytes changed since it was hashed.
  [[nodiscard]] Status keep_image(const ImageFile& image) const;

 private:
  Workshop(std::filesystem::path folder, Settings settings, UniqueFd lock)
      : folder_(std::move(folder)), settings_(std::move(settings)), lock_(std::move(lock)) {}

  std::filesystem::path folder_;
  Settings settings_;
  UniqueFd lock_;
};

}  // namespace homepatch::feed
