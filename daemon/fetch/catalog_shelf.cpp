#include "daemon/fetch/catalog_shelf.hpp"

#include <algorithm>

#include "core/catalog_names.hpp"

namespace homepatch {

void CatalogShelf::put(Catalog catalog) {
  strike_denied(catalog);
  auto key = std::pair(catalog.feed, catalog.path);
  const auto before = catalogs_.find(key);
  if (before != catalogs_.end() && before->second == catalog) return;
  catalogs_.insert_or_assign(std::move(key), std::move(catalog));
  if (changed_) changed_();
}

void CatalogShelf::strike_denied(Catalog& catalog) const {
  const auto found = denied_.find(catalog.feed);
  if (found == denied_.end() || found->second.empty()) return;
  for (auto& release : catalog.releases) {
    const auto gone =
        std::erase_if(release.images, [&](const Image& image) { return found->second.contains(image.sha256); });
    release.taken_back |= gone > 0;
  }
}

void CatalogShelf::deny(const std::string& feed, Denied denied) {
  auto& kept = denied_[feed];
  kept = std::move(denied);
  for (auto& [key, catalog] : catalogs_) {
    if (key.first == feed) strike_denied(catalog);
  }
  if (kept.empty()) return;
  if (on_denied_) on_denied_(feed, kept);
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
  const Catalog* local = nullptr;
  const auto exactness = [](const Catalog& catalog) { return catalog.match.front().keys.size(); };
  for (const auto& [key, catalog] : catalogs_) {
    if (!claims(catalog, device)) continue;
    if (key.first != kLocalFeed) {
      out.push_back(&catalog);
    } else if (local == nullptr || exactness(catalog) > exactness(*local)) {
      local = &catalog;
    }
  }
  if (out.empty() && local != nullptr) out.push_back(local);
  return out;
}

const Catalog* CatalogShelf::spoken_for(const Device& device) const {
  const auto claims = claiming(device);
  return claims.empty() || claims.front()->feed == kLocalFeed ? nullptr : claims.front();
}

std::vector<const Catalog*> CatalogShelf::all() const {
  std::vector<const Catalog*> out;
  for (const auto& [key, catalog] : catalogs_) out.push_back(&catalog);
  return out;
}

std::string CatalogShelf::taken_back_by(const Digest& image) const { return taken_back_by(kLocalFeed, image); }

std::string CatalogShelf::taken_back_by(std::string_view feed, const Digest& image) const {
  for (const auto& [by, images] : denied_) {
    if (feed != kLocalFeed && by != feed) continue;
    const auto found = images.find(image);
    if (found != images.end()) return by + (found->second.empty() ? "" : ": " + found->second);
  }
  return "";
}

bool CatalogShelf::offers(const Digest& image) const {
  const auto names = [&](const Release& release) {
    return std::ranges::find(release.images, image, &Image::sha256) != release.images.end();
  };
  return std::ranges::any_of(catalogs_,
                             [&](const auto& entry) { return std::ranges::any_of(entry.second.releases, names); });
}

std::vector<std::string> CatalogShelf::paths(std::string_view feed) const {
  std::vector<std::string> out;
  for (const auto& [key, catalog] : catalogs_) {
    if (key.first == feed) out.push_back(key.second);
  }
  return out;
}

}  // namespace homepatch
