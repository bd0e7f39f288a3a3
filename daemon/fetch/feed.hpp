// One feed of the configuration: when it is looked at, how it stands, and what of it lies on the shelf. A crash at any
// moment leaves what was stored so far; the next look begins from there. Parsed metadata lives only while a look is
// under way (feed_look.hpp).
#pragma once

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
#include "daemon/fetch/feed_look.hpp"
#include "daemon/fetch/mirrors.hpp"
#include "storage/feed_store.hpp"

namespace homepatch {

class Feed {
 public:
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

  // `foreign`: vendor domains that belong to other feeds of the configuration.
  Feed(FeedConfig config, std::set<std::string> foreign, std::chrono::seconds interval, Ports ports);
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // Puts the catalogs that were accepted in an earlier run on the shelf, and plans the first look.
  Status start();

  // Looks now, or joins the look that is under way.
  void refresh(Done done);

  // Looks at a bundle that somebody carried in as at the feed itself, with the same checks; what it brings is asked
  // for. busy while a look is under way.
  Status take_in(std::unique_ptr<FeedSource> bundle, Done done);

  // A device of a model that no catalog on the shelf claims: takes its catalog from the store, where it lies with those
  // of its vendor; else looks again soon.
  void consider(const Match& match);

  [[nodiscard]] const FeedConfig& config() const { return config_; }
  [[nodiscard]] State state() const;
  [[nodiscard]] Time last_current() const { return last_current_; }
  // Since when the feed's metadata has expired, if it has.
  [[nodiscard]] std::optional<Time> stale_since() const;
  [[nodiscard]] std::string text() const;
  [[nodiscard]] const Mirrors& mirrors() const { return mirrors_; }

 private:
  void begin_look();
  void look_at(FeedSource& source, std::function<void(FeedLook::Outcome)> done);
  void on_look(FeedLook::Outcome outcome);
  void tell(const FeedLook::Outcome& outcome);
  void remember(const FeedLook::Outcome& outcome);
  void plan_next(bool succeeded);
  void drop_unnamed(const std::set<std::string>& named);
  void look_soon();
  void tell_state(bool current, bool clock_trusted);
  [[nodiscard]] bool speaks_for(std::string_view catalog_path) const;
  Status compare_roots();
  Status stock_shelf();
  Status put_stored(const std::string& path, const std::set<Match>& own);
  Result<bool> find_stored(const Match& match);

  FeedConfig config_;
  std::set<std::string> foreign_;
  std::chrono::seconds interval_;
  Ports ports_;
  Mirrors mirrors_;
  std::unique_ptr<FeedSource> bundle_;
  std::unique_ptr<FeedLook> look_;
  std::vector<Done> waiting_;
  Timer next_;
  Timer soon_;
  Duration last_look_{};
  std::set<Match> considered_;
  unsigned failures_ = 0;
  Time last_current_{};
  FeedState state_;          // as the shelf has it
  bool asked_ = false;       // for every model of the home, as far as is known
  bool look_again_ = false;  // somebody wished for a look during one
  std::optional<Time> valid_until_;
  std::string text_ = "not looked at yet";
  std::string remark_;  // on its root file
};

std::string_view to_string(Feed::State state);

}  // namespace homepatch
