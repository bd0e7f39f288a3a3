// The releases that an administrator imported: the catalogs of the feed "local", which nobody signed. It says which
// image may be taken in for a device, stores the catalog that names it, and puts it on the shelf, at the start too. A
// feed that speaks for the model always goes before (CatalogShelf::claiming). The stored documents are all that
// outlives a restart.
#pragma once

#include <string>
#include <string_view>

#include "daemon/engine.hpp"
#include "daemon/fetch/image_facts.hpp"
#include "storage/artifact_cache.hpp"
#include "storage/feed_store.hpp"

namespace homepatch {

class LocalReleases {
 public:
  static constexpr std::size_t kMaxOffered = 64;  // of all models together; each keeps its image in the cache

  LocalReleases(Loop& loop, Engine& engine, FeedStore& store, ArtifactCache& cache)
      : loop_(loop), engine_(engine), store_(store), cache_(cache) {}

  // Puts what was imported in earlier runs on the shelf.
  Status start();

  // Whether this image may be taken in as this version for devices of this one's model: a refusal says why not.
  [[nodiscard]] Status judge(const Device& device, const std::string& version, const ImageFacts& facts) const;

  // The devices for which an image is taken in together with this one, itself included. It must have told its model.
  [[nodiscard]] std::vector<const Device*> same_model(const Device& device) const;

  // Takes an image in that judge() let pass and that lies in the cache; the text is for people.
  Result<std::string> add(const Device& device, const std::string& version, const ImageFacts& facts,
                          const std::string& who);

  // Forgets the imported release that has this id or version, and its image. busy while an update is under way to it.
  Result<std::string> remove(std::string_view release);

 private:
  // Copies: what is on the shelf changes meanwhile.
  struct Imported {
    Catalog catalog;
    Release release;
  };
  [[nodiscard]] Result<Imported> imported_as(std::string_view wanted) const;
  Status put_stored(const std::string& path);
  Status store(Catalog catalog);
  [[nodiscard]] std::size_t offered() const;
  [[nodiscard]] Status judge_place(const Catalog* catalog, const std::string& version, const ImageFacts& facts) const;
  [[nodiscard]] bool in_use(const Catalog& catalog, const Release& release) const;

  Loop& loop_;
  Engine& engine_;
  FeedStore& store_;
  ArtifactCache& cache_;
};

}  // namespace homepatch
