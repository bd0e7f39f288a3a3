// The catalogs of all feeds that concern this home, parsed and at hand, and how current each feed is. The feed
// refresher puts them here once they are verified and stored; planner and bus read them.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/catalog.hpp"
#include "core/device.hpp"
#include "core/planner.hpp"

namespace homepatch {

class CatalogShelf {
 public:
  void listen(std::function<void()> changed) { changed_ = std::move(changed); }

  // Takes the place of the catalog of the same feed and path.
  void put(Catalog catalog);
  void remove(std::string_view feed, std::string_view path);
  void set_state(FeedState state);

  [[nodiscard]] const Catalog* find(std::string_view feed, std::string_view path) const;
  // Of all feeds: the catalogs one of whose matches fits the device.
  [[nodiscard]] std::vector<const Catalog*> claiming(const Device& device) const;
  [[nodiscard]] std::vector<const Catalog*> all() const;
  [[nodiscard]] std::vector<std::string> paths(std::string_view feed) const;
  [[nodiscard]] const std::vector<FeedState>& states() const { return states_; }

 private:
  std::map<std::pair<std::string, std::string>, Catalog> catalogs_;
  std::vector<FeedState> states_;
  std::function<void()> changed_;
};

}  // namespace homepatch
