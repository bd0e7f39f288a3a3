// release.toml: one release of one model as its publisher writes it (docs/publishing.md has the members). `add` turns
// it, with the images named on the command line, into an entry of the model's catalog.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/digest.hpp"
#include "feed/toml_document.hpp"

namespace homepatch::feed {

// A file given on the command line, hashed.
struct ImageFile {
  std::filesystem::path path;
  std::string name;  // the last part of the path
  std::uint64_t length = 0;
  Digest sha256;

  static Result<ImageFile> open(const std::filesystem::path& path);
};

// An [[image]] of the release with its file.
struct ReleaseImage {
  ImageFile file;
  std::string component;
  nlohmann::json hw;
  std::string format;  // empty: not stated, the image's own header says (feed/image_check.hpp)
  std::string place;   // "image[0]"
};

class ReleaseFile {
 public:
  // Refuses what has not the form of a release, names no support end, or lacks what every release must say.
  static Result<ReleaseFile> load(const std::filesystem::path& path);
  // The same of a document that was made and not read (feed/mirror_desk.hpp).
  static Result<ReleaseFile> of(TomlDocument document);

  // Every [[image]] with the file of its name. Refuses an image without its file, a file without its image, and a
  // release without any. One file and no [[image]] makes the image "app" for all hardware of the model.
  [[nodiscard]] Result<std::vector<ReleaseImage>> join(const std::vector<ImageFile>& files) const;

  [[nodiscard]] const TomlDocument& document() const { return document_; }
  [[nodiscard]] const nlohmann::json& content() const { return document_.content; }
  [[nodiscard]] std::string vendor_id() const { return content()["vendor"]["id"]; }
  [[nodiscard]] std::string model_id() const { return content()["model"]["id"]; }
  [[nodiscard]] std::string version() const { return content()["version"]; }
  [[nodiscard]] std::int64_t seq() const { return content()["seq"]; }
  // `id`, or the version with what an id cannot hold replaced by '-'.
  [[nodiscard]] std::string id() const;

 private:
  explicit ReleaseFile(TomlDocument document) : document_(std::move(document)) {}

  TomlDocument document_;
};

// An id made of a version: what an id cannot hold becomes '-'.
std::string release_id_of(const std::string& version);

}  // namespace homepatch::feed
