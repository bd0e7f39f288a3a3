// What the cache holds and why: joins the cache's images with the catalogs, devices and updates that have a use for
// them. The cache asks when it needs room; `homepatchctl cache` shows it.
#pragma once

#include <vector>

#include "core/artifact_use.hpp"
#include "daemon/engine.hpp"
#include "storage/artifact_cache.hpp"

namespace homepatch {

struct StockItem {
  Artifact artifact;
  ArtifactUse use;
};

// For each image of the cache, the most useful first.
std::vector<StockItem> take_stock(const Engine& engine, const ArtifactCache& cache);

// The rank of each image of the cache, for eviction.
std::map<Digest, int> ranks(const Engine& engine, const ArtifactCache& cache);

}  // namespace homepatch
