// Takes in a raw image that an administrator brings for one model, or only says what it is: hashes it in pieces between
// the loop's other work, compares it with its own header and with the indexes, and puts it into the cache and among the
// local releases. One image at a time. A crash in the middle leaves an image that nothing names, or nothing.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/loop.hpp"
#include "base/unique_fd.hpp"
#include "daemon/fetch/image_facts.hpp"
#include "daemon/fetch/indexes.hpp"
#include "daemon/fetch/local_releases.hpp"
#include "storage/artifact_cache.hpp"

namespace homepatch {

// What an image is, and what would become of it.
struct Inspection {
  ImageFacts facts;
  std::string match;        // the keys of the model for which it would be taken in; empty: no device was named
  std::size_t devices = 0;  // of this home, that have them
  std::string refusal;      // why it would not be taken in; empty: it would
};

class ImageImporter {
 public:
  using Inspected = std::function<void(Result<Inspection>)>;
  using Done = std::function<void(Result<std::string>)>;  // with a text for people

  ImageImporter(Loop& loop, const Engine& engine, ArtifactCache& cache, const Indexes& indexes, LocalReleases& releases)
      : loop_(loop), engine_(engine), cache_(cache), indexes_(indexes), releases_(releases) {}

  // What an import for this device as this version would say; both may be empty. Answers once. busy while
  // another image is being looked at.
  void inspect(UniqueFd fd, const std::string& device, const std::string& version, Inspected done);

  // not_trusted when the file's SHA-256 is another than `sha256`: not the file that was shown. `who`: for people.
  void import(UniqueFd fd, const std::string& device, const std::string& version, const std::string& sha256,
              const std::string& who, Done done);

 private:
  // Hashed or written in one turn of the loop: some milliseconds of a slow gateway.
  static constexpr std::uint64_t kPiece = 256UL << 10;

  void begin(UniqueFd fd, Done failed, std::function<void(ImageFacts)> read);
  void hash_piece();
  [[nodiscard]] Inspection judge(ImageFacts facts, const std::string& device, const std::string& version) const;
  [[nodiscard]] Result<const Device*> device_called(const std::string& id) const;
  Status take(ImageFacts facts, const std::string& device, const std::string& version, const std::string& sha256);
  void write_piece();
  Status write(std::uint64_t bytes);
  void finish(Result<std::string> result);

  Loop& loop_;
  const Engine& engine_;
  ArtifactCache& cache_;
  const Indexes& indexes_;
  LocalReleases& releases_;

  Done done_;
  std::function<void(ImageFacts)> read_;
  UniqueFd fd_;
  std::optional<ImageReading> reading_;
  ImageFacts facts_;
  std::string device_;
  std::string version_;
  std::string who_;
  std::unique_ptr<ArtifactCache::Writer> writer_;
  std::optional<ArtifactCache::Pin> pin_;
  Timer turn_;
};

}  // namespace homepatch
