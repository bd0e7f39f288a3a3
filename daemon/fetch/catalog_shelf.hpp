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
  using Denied = std::map<Digest, std::string>;  // with the reason, for people

  void listen(std::function<void()> changed) { changed_ = std::move(changed); }
  // Hears which images a feed takes back, each time that its list is read.
  void listen_denied(std::function<void(std::string_view feed, const Denied&)> denied) {
    on_denied_ = std::move(denied);
  }

  // Takes the place of the catalog of the same feed and path.
  void put(Catalog catalog);
  void remove(std::string_view feed, std::string_view path);
  // The images that the feed takes back: none of its catalogs offers them any more. Takes the place of its earlier
  // list.
  void deny(const std::string& feed, Denied denied);
  void set_state(FeedState state);

  [[nodiscard]] const Catalog* find(std::string_view feed, std::string_view path) const;
  // Of all feeds: the catalogs one of whose matches fits the device. What an administrator imported counts only where
  // no feed speaks, and of that the most exact one.
  [[nodiscard]] std::vector<const Catalog*> claiming(const Device& device) const;
  // The catalog by which a feed speaks for the device's model; null: none does.
  [[nodiscard]] const Catalog* spoken_for(const Device& device) const;
  [[nodiscard]] std::vector<const Catalog*> all() const;
  [[nodiscard]] std::vector<std::string> paths(std::string_view feed) const;
  // Which feed takes the image back, and why, for people; empty: none does.
  [[nodiscard]] std::string taken_back_by(const Digest& image) const;
  // The same for an image that is to be installed from this feed: only its own word counts, so that no feed can take
  // another's patches away; for what was imported by hand that of every feed.
  [[nodiscard]] std::string taken_back_by(std::string_view feed, const Digest& image) const;
  // Whether a catalog of any feed offers the image.
  [[nodiscard]] bool offers(const Digest& image) const;
  [[nodiscard]] const std::vector<FeedState>& states() const { return states_; }

 private:
  std::map<std::pair<std::string, std::string>, Catalog> catalogs_;
  void strike_denied(Catalog& catalog) const;

  std::vector<FeedState> states_;
  std::map<std::string, Denied, std::less<>> denied_;
  std::function<void()> changed_;
  std::function<void(std::string_view, const Denied&)> on_denied_;
};

}  // namespace homepatch
