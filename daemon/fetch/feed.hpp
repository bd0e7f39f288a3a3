// One feed of the configuration: looks at it now and then, lets trust/tuf judge what comes, keeps what was accepted, and
// puts the catalogs that concern this home on the shelf. A crash at any moment leaves what was stored so far; the next
// look begins from there. Parsed metadata lives only while a look is under way.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/loop.hpp"
#include "core/catalog.hpp"
#include "daemon/config.hpp"
#include "daemon/fetch/catalog_shelf.hpp"
#include "daemon/fetch/clock_keeper.hpp"
#include "protocols/http/fetcher.hpp"
#include "storage/feed_store.hpp"
#include "trust/tuf/client.hpp"

namespace homepatch {

class Feed {
 public:
  static constexpr std::size_t kMaxCatalogs = 512;  // on the shelf, of one feed

  struct Ports {
    Loop& loop;
    Fetcher& fetcher;
    FeedStore& store;
    SettingsStore& settings;
    CatalogShelf& shelf;
    ClockKeeper& clock;
    // The matches that fit a device of this home.
    std::function<std::set<Match>()> own_matches;
    std::function<void()> changed;  // its state is another
  };
  enum class State { never, current, stale, failing };
  using Done = std::function<void(Status)>;

  Feed(FeedConfig config, std::chrono::seconds interval, Ports ports);
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // Puts the catalogs that were accepted in an earlier run on the shelf, and plans the first look.
  Status start();

  // Looks now, or joins the look that is under way.
  void refresh(Done done);

  // A device of a model that no catalog on the shelf claims: looks again soon if this feed's index knows it.
  void consider(const Match& match);

  [[nodiscard]] const FeedConfig& config() const { return config_; }
  [[nodiscard]] State state() const;
  [[nodiscard]] Time last_current() const { return last_current_; }
  [[nodiscard]] const std::string& text() const { return text_; }

  // Where the bytes of a target may be fetched, to be tried in turn. The digest stands in the name of consistent snapshots.
  [[nodiscard]] std::vector<std::string> target_urls(std::string_view target, const Digest& sha256) const;

 private:
  struct Look;

  Status begin_look();
  void step();
  Status take(const tuf::Step& step);
  void fetch_metadata(const tuf::Fetch& fetch);
  void on_metadata(Result<FetchedBody> fetched);
  void on_refreshed();
  void next_document();
  void on_looked_up();
  void fetch_document(const tuf::Target& target, std::size_t attempt);
  void on_document(const tuf::Target& target, std::size_t attempt, Result<FetchedBody> fetched);
  Status use_document(const std::string& path, const std::string& bytes);
  Status use_models(const std::string& bytes);
  Status use_catalog(const std::string& path, const std::string& bytes);
  void next_image();
  void accept_catalog();
  void refuse_catalog(Error error);
  void finish(Status outcome);
  void plan_next(bool succeeded);
  void drop_unseen();
  void look_soon();
  [[nodiscard]] bool speaks_for(std::string_view catalog_path) const;
  [[nodiscard]] std::vector<std::string> wanted_catalogs(const std::string& models, Status& outcome) const;
  Status stock_shelf();

  FeedConfig config_;
  std::chrono::seconds interval_;
  Ports ports_;
  std::unique_ptr<Look> look_;
  std::vector<Done> waiting_;
  Timer next_;
  Timer soon_;
  Timer buried_;
  Duration last_look_{};
  std::set<Match> considered_;
  unsigned failures_ = 0;
  Time last_current_{};
  std::optional<Time> valid_until_;
  std::string text_ = "not looked at yet";
};

std::string_view to_string(Feed::State state);

}  // namespace homepatch
