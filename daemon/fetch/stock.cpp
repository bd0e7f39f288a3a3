#include "daemon/fetch/stock.hpp"

#include <algorithm>
#include <map>

namespace homepatch {

namespace {

std::vector<OwnedModel> owned_models(const Engine& engine) {
  std::map<std::pair<std::string, std::string>, OwnedModel> models;
  for (const Catalog* catalog : engine.shelf.all()) models[{catalog->feed, catalog->path}].catalog = catalog;
  for (const auto& [id, device] : engine.inventory.devices()) {
    for (const Catalog* catalog : engine.shelf.claiming(device)) {
      models[{catalog->feed, catalog->path}].installed.push_back(device.version);
    }
  }
  for (const auto& [id, update] : engine.updater.updates()) {
    const auto found = models.find({update.feed, update.catalog});
    if (found != models.end() && !is_terminal(update.phase)) found->second.updates.push_back(&update);
  }
  std::vector<OwnedModel> out;
  for (auto& [key, model] : models) out.push_back(std::move(model));
  return out;
}

}  // namespace

std::vector<StockItem> take_stock(const Engine& engine, const ArtifactCache& cache) {
  const auto models = owned_models(engine);
  std::vector<StockItem> out;
  for (const auto& [digest, artifact] : cache.artifacts()) out.push_back({artifact, use_of(digest, models)});
  std::ranges::stable_sort(out, std::greater(), [](const StockItem& item) { return item.use.rank; });
  return out;
}

std::map<Digest, int> ranks(const Engine& engine, const ArtifactCache& cache) {
  std::map<Digest, int> out;
  for (const auto& item : take_stock(engine, cache)) out.emplace(item.artifact.sha256, static_cast<int>(item.use.rank));
  return out;
}

}  // namespace homepatch
