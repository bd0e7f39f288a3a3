// What an image in the cache is good for now: so that the least useful goes first when room is needed, and people can
// read why it is kept. Pure: the stock keeper (daemon/fetch) collects the arguments.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/catalog.hpp"
#include "core/update.hpp"

namespace homepatch {

// In the order of eviction, the first one first; the last two never.
enum class ArtifactRank {
  superseded,       // of a release that is not the newest of its model
  unreferenced,     // no catalog of this home names it
  feature,          // of the newest release, which closes no hole
  security,         // of the newest release
  last_known_good,  // of the release that a device of this home runs
  in_use,           // of an update under way: the image it came from, the one it gets, and every step ahead
  imported,         // an administrator brought it: there is no place to fetch it from again. Never, as in_use
};
std::string_view to_string(ArtifactRank rank);

struct ArtifactUse {
  ArtifactRank rank = ArtifactRank::unreferenced;
  std::string catalog;  // the path of one that names it; empty: none
  std::string version;
};

// A model of this home: its catalog, the versions that its devices run, and those of its updates that are not over.
struct OwnedModel {
  const Catalog* catalog = nullptr;
  std::vector<std::string> installed;
  std::vector<const Update*> updates;
};

// The best use that any of the models has for it.
ArtifactUse use_of(const Digest& image, std::span<const OwnedModel> models);

}  // namespace homepatch
