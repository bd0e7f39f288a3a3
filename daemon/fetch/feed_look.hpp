// One look at a feed, from the first request to the last catalog: trust/tuf says what to ask for and judges what comes,
// the feed store keeps what was accepted, the shelf gets the catalogs that concern this home. What was stored before a
// crash stays; the next look begins from there.
//
// Of a vendor that makes something in this home all catalogs are fetched while they are small together, and of each
// delegated role the whole file: the vendor's server does not learn which of its things the home owns.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/loop.hpp"
#include "core/catalog.hpp"
#include "daemon/fetch/catalog_shelf.hpp"
#include "daemon/fetch/feed_source.hpp"
#include "storage/feed_store.hpp"
#include "trust/tuf/client.hpp"

namespace homepatch {

class FeedLook {
 public:
  static constexpr std::size_t kMaxCatalogs = 512;  // that concern this home
  static constexpr std::size_t kMaxSiblings = 256;  // further ones of their vendors
  static constexpr std::uint64_t kWholeVendorBytes =
      512 * 1024;  // of one vendor's catalogs together, else only the home's

  struct Ports {
    Loop& loop;
    FeedSource& source;
    FeedStore& store;
    CatalogShelf& shelf;
    // The matches that fit a device of this home.
    std::function<std::set<Match>()> own_matches;
    // Whether the feed may speak for the vendor of this catalog.
    std::function<bool(std::string_view catalog_path)> speaks_for;
    // A catalog with this signed date was accepted.
    std::function<void(Time)> accepted;
    Provenance provenance = Provenance::signed_feed;
    bool partial = false;  // the source need not have every document: what it lacks stays as it was
  };
  struct Outcome {
    Status status;
    bool refreshed = false;         // the metadata was accepted up to the top-level targets
    bool asked = false;             // the index of models was read
    bool expired = false;           // what was refused had expired
    bool may_accept = false;        // the clock was trusted, so that expiry could be judged
    bool may_be_elsewhere = false;  // what came was not right: another mirror may be
    std::optional<Time> valid_until;
    std::set<std::string> named;  // catalogs that the index named for this home, and their siblings
  };

  FeedLook(std::string feed, const tuf::Clock& clock, Ports ports, std::function<void(Outcome)> done);
  FeedLook(const FeedLook&) = delete;
  FeedLook& operator=(const FeedLook&) = delete;

  // Whether one of the catalog's keys fits a device of this home.
  static bool concerns(const Catalog& catalog, const std::set<Match>& own);

 private:
  enum class Stage { refresh, models, deny, measure, catalog, image };
  struct Document {
    std::string path;
    bool own = false;  // else a sibling
    std::optional<tuf::Target> target;
    std::optional<Error> failure;  // why nobody can say whether it is listed
  };

  void begin();
  void step();
  Status take(const tuf::Step& step);
  void on_finished();
  void on_refreshed();
  void fetch_metadata(const tuf::Fetch& fetch);
  void on_out_of_reach(const std::string& role, Error error);
  void look_up(Stage stage, const std::string& path);
  // The bytes of a target that was found: from the store when they are the same, else from the source.
  void obtain(const tuf::Target& target, std::size_t limit, std::size_t attempt = 0);
  void on_bytes(const tuf::Target& target, std::size_t limit, std::size_t attempt, Result<std::string> got);
  Status use(const std::string& bytes);
  Status use_models(const std::string& bytes);
  Status use_deny(const std::string& bytes);
  void on_no_deny();
  void after_deny();
  Status add_denied(CatalogShelf::Denied& denied);
  [[nodiscard]] bool accepts_new() const;
  [[nodiscard]] bool is_catalog() const;
  [[nodiscard]] Error not_listed() const;
  Status use_catalog(const std::string& bytes);
  Status list_documents(const std::string& models);
  void measure_next();
  void on_measured();
  void drop_siblings_of_large_vendors();
  void next_catalog();
  void check_image();
  void accept_catalog();
  Status save_catalog();
  void refuse(Error error);
  void withdraw(Error error);
  void forget_roles();
  void finish(Status status);
  void later(void (FeedLook::*action)());

  const std::string feed_;
  const tuf::Clock clock_;
  Ports ports_;
  std::function<void(Outcome)> done_;
  Outcome outcome_;

  std::optional<tuf::Client> client_;
  Stage stage_ = Stage::refresh;
  std::unique_ptr<FeedSource::Request> request_;
  Timer turn_;
  std::map<std::string, Error> out_of_reach_;  // delegated roles that no mirror could give
  std::set<Match> own_;
  std::deque<Document> documents_;  // to be looked up or fetched; the front one is under way
  std::vector<Document> measured_;
  std::string present_;             // the path that is under way
  Digest digest_;                   // of its bytes
  bool is_new_ = false;             // and whether they have to be stored
  std::optional<Catalog> catalog_;  // read, its images being compared with the metadata
  std::string catalog_bytes_;
  std::deque<const Image*> images_;
  std::vector<std::string> complaints_;
};

}  // namespace homepatch
