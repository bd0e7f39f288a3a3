#include "daemon/fetch/catalog_shelf.hpp"

#include <algorithm>

namespace homepatch {

void CatalogShelf::put(Catalog catalog) {
  auto key = std::pair(catalog.feed, catalog.path);
  catalogs_.insert_or_assign(std::move(key), std::move(catalog));
  if (changed_) changed_();
}

void CatalogShelf::remove(std::string_view feed, std::string_view path) {
  if (catalogs_.erase({std::string(feed), std::string(path)}) > 0 && changed_) changed_();
}

void CatalogShelf::set_state(FeedState state) {
  const auto found = std::ranges::find(states_, state.name, &FeedState::name);
  if (found == states_.end()) {
    states_.push_back(std::move(state));
  } else {
    *found = std::move(state);
  }
  if (changed_) changed_();
}

const Catalog* CatalogShelf::find(std::string_view feed, std::string_view path) const {
  const auto found = catalogs_.find({std::string(feed), std::string(path)});
  return found == catalogs_.end() ? nullptr : &found->second;
}

std::vector<const Catalog*> CatalogShelf::claiming(const Device& device) const {
  std::vector<const Catalog*> out;
  for (const auto& [key, catalog] : catalogs_) {
    if (claims(catalog, device)) out.push_back(&catalog);
  }
  return out;
}

std::vector<const Catalog*> CatalogShelf::all() const {
  std::vector<const Catalog*> out;
  for (const auto& [key, catalog] : catalogs_) out.push_back(&catalog);
  return out;
}

std::vector<std::string> CatalogShelf::paths(std::string_view feed) const {
  std::vector<std::string> out;
  for (const auto& [key, catalog] : catalogs_) {
    if (key.first == feed) out.push_back(key.second);
  }
  return out;
}

}  // namespace homepatch
