#include "daemon/fetch/feed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "base/log.hpp"
#include "base/text.hpp"
#include "core/catalog_names.hpp"
#include "daemon/fetch/root_file.hpp"
#include "protocols/feeds/catalog_reader.hpp"
#include "protocols/feeds/deny_reader.hpp"
#include "protocols/feeds/models_reader.hpp"
#include "trust/hash.hpp"

namespace homepatch {

namespace {

using std::chrono::seconds;

constexpr std::size_t kMaxConsidered = 4096;
constexpr std::size_t kMaxRemark = 500;
constexpr seconds kFirstRetry{5};  // the name server may come up after us
constexpr seconds kLongestRetry{3600};
constexpr seconds kSoon{1};
constexpr seconds kGap{10};  // between looks that devices of unknown models cause

// Homes do not all come at the same moment: up to a tenth of the interval earlier.
seconds spread(seconds interval) {
  static std::mt19937 random{std::random_device{}()};
  return interval - seconds(std::uniform_int_distribution<std::int64_t>(0, interval.count() / 10)(random));
}

std::vector<std::string> bases(const FeedConfig& config) {
  std::vector<std::string> out{config.url};
  out.insert(out.end(), config.mirrors.begin(), config.mirrors.end());
  return out;
}

std::string setting(const FeedConfig& config, std::string_view what) {
  return fmt::format("feed.{}.{}", config.name, what);
}

}  // namespace

Feed::Feed(FeedConfig config, std::set<std::string> foreign, std::chrono::seconds interval, Ports ports)
    : config_(std::move(config)),
      foreign_(std::move(foreign)),
      interval_(interval),
      ports_(std::move(ports)),
      mirrors_(ports_.fetcher, bases(config_), config_.hosts),
      state_{config_.name} {}

std::string_view to_string(Feed::State state) {
  switch (state) {
    case Feed::State::never: return "never";
    case Feed::State::current: return "current";
    case Feed::State::stale: return "stale";
    case Feed::State::failing: return "failing";
  }
  return "never";
}

Feed::State Feed::state() const {
  if (last_current_ == Time{}) return failures_ > 0 ? State::failing : State::never;
  if (stale_since()) return State::stale;
  return failures_ > 0 ? State::failing : State::current;
}

std::optional<Time> Feed::stale_since() const {
  // With a clock that is not trusted, the earliest time that it can be.
  const bool past = valid_until_ && ports_.clock.for_feed(config_.name).now > *valid_until_;
  return past ? valid_until_ : std::nullopt;
}

Status Feed::start() {
  const auto current = TRY(ports_.settings.load_integer(setting(config_, "current")));
  if (current) last_current_ = from_millis(*current);
  const auto until = TRY(ports_.settings.load_integer(setting(config_, "valid_until")));
  if (until) valid_until_ = from_millis(*until);
  // One that is there but cannot be read is not replaced: the feed would fall back behind the rotations that it has
  // seen. Each look says what is wrong with it.
  const auto known = ports_.store.load_metadata(config_.name, "root");
  if (!known && known.error().code == Errc::not_found) {
    const std::string root = TRY_IN("the root file (root = in its [[feed]])", read_root_file(config_.root));
    TRY(ports_.store.save_metadata(config_.name, "root", root));
  }
  TRY(compare_roots());
  TRY(stock_shelf());
  asked_ = last_current_ != Time{};
  tell_state(true, ports_.clock.verdict().trusted);
  next_ = ports_.loop.after(seconds(0), [this] { refresh({}); });
  return {};
}

// What was believed first stays believed, so a wrong root file is not healed by the right one: somebody must be told.
// The file with which all began is remembered, for in time the stored root may share no key with it.
Status Feed::compare_roots() {
  const auto stored = ports_.store.load_metadata(config_.name, "root");
  if (!stored) return {};  // each look says what is wrong with it
  const auto configured = read_root_file(config_.root);
  if (configured) {
    const std::string print = sha256(*configured).hex();
    const auto begun_with = TRY(ports_.settings.load(setting(config_, "root")));
    if (begun_with == print) return {};
    if (may_be_one_root(*configured, *stored)) return ports_.settings.save(setting(config_, "root"), print);
  }
  remark_ = configured ? fmt::format("its root file {} is not the root that is believed, nor an earlier one of it",
                                     config_.root.string())
                       : configured.error().text;
  remark_ += fmt::format(
      "; what was believed first stays. To begin anew with another file, stop homepatchd and remove the folder "
      "feeds/{} of its state",
      config_.name);
  log::warning("feed {}: {}", config_.name, printable(remark_, kMaxRemark));
  return {};
}

std::string Feed::text() const { return remark_.empty() ? text_ : text_ + "; " + printable(remark_, kMaxRemark); }

// What was verified and stored in an earlier run is believed without asking anybody.
Status Feed::stock_shelf() {
  const auto denied = TRY(ports_.store.load_document(config_.name, kDenyPath));
  if (denied) ports_.shelf.deny(config_.name, TRY_IN("stored", feeds::read_deny(*denied)));
  const auto own = ports_.own_matches();
  for (const auto& path : TRY(ports_.store.document_paths(config_.name))) {
    if (is_catalog_path(path)) TRY(put_stored(path, own));
  }
  return {};
}

Status Feed::put_stored(const std::string& path, const std::set<Match>& own) {
  const auto bytes = TRY(ports_.store.load_document(config_.name, path));
  if (!bytes || !speaks_for(path)) return {};
  auto catalog = feeds::read_catalog(*bytes, path);
  if (!catalog) {
    log::warning("feed {}: the stored {} cannot be read and is left out: {}", config_.name, path, catalog.error().text);
    return {};
  }
  catalog->feed = config_.name;
  if (const auto origin = TRY(ports_.store.document_origin(config_.name, path))) {
    catalog->provenance = origin->provenance;
    catalog->signed_by = origin->signed_by;
  }
  if (FeedLook::concerns(*catalog, own)) ports_.shelf.put(std::move(*catalog));
  return {};
}

bool Feed::speaks_for(std::string_view catalog_path) const {
  const std::string vendor(catalog_path.substr(0, catalog_path.find('/')));
  if (config_.vendors.empty()) return !foreign_.contains(vendor);
  return std::ranges::find(config_.vendors, vendor) != config_.vendors.end();
}

void Feed::refresh(Done done) {
  if (done) waiting_.push_back(std::move(done));
  if (look_) {
    look_again_ = true;
    return;
  }
  next_.cancel();
  soon_.cancel();
  last_look_ = ports_.loop.monotonic();
  mirrors_.begin_round();
  begin_look();
}

void Feed::begin_look() {
  look_at(mirrors_, [this](FeedLook::Outcome outcome) { on_look(std::move(outcome)); });
}

void Feed::look_at(FeedSource& source, std::function<void(FeedLook::Outcome)> done) {
  FeedLook::Ports ports{ports_.loop,
                        source,
                        ports_.store,
                        ports_.shelf,
                        ports_.own_matches,
                        [this](std::string_view path) { return speaks_for(path); },
                        [this](Time date) { ports_.clock.accepted(config_.name, date); }};
  if (&source != &mirrors_) {
    ports.provenance = Provenance::signed_bundle;
    ports.partial = true;
  }
  look_ =
      std::make_unique<FeedLook>(config_.name, ports_.clock.for_feed(config_.name), std::move(ports), std::move(done));
}

Status Feed::take_in(std::unique_ptr<FeedSource> bundle, Done done) {
  if (look_) return fail(Errc::busy, "the feed " + config_.name + " is being looked at now; try again in a moment");
  bundle_ = std::move(bundle);
  look_at(*bundle_, [this, done = std::move(done)](const FeedLook::Outcome& outcome) {
    look_.reset();
    bundle_.reset();
    if (outcome.status) {
      remember(outcome);
      tell(outcome);
      if (ports_.changed) ports_.changed();
    }
    done(outcome.status);
    // Whoever wanted a look at the feed itself meanwhile gets it now.
    if (!waiting_.empty() || !next_.armed()) refresh({});
  });
  return {};
}

// A mirror that gives what was not signed, or something old, does not speak for the others.
void Feed::on_look(FeedLook::Outcome outcome) {
  look_.reset();
  if (!outcome.status && outcome.may_be_elsewhere && mirrors_.turn_away()) {
    log::info("feed {}: {}; trying the next mirror", config_.name, printable(outcome.status.error().text));
    return begin_look();
  }
  if (outcome.status) drop_unnamed(outcome.named);
  // A model that came during the look is asked for by the next one.
  if (std::exchange(look_again_, false)) look_soon();
  if (outcome.asked) asked_ = !soon_.armed();
  remember(outcome);
  tell(outcome);
  if (ports_.changed) ports_.changed();
  for (auto& done : std::exchange(waiting_, {})) done(outcome.status);
  plan_next(outcome.status.has_value());
}

void Feed::remember(const FeedLook::Outcome& outcome) {
  if (outcome.valid_until) valid_until_ = outcome.valid_until;
  if (!outcome.status) return;
  last_current_ = ports_.loop.now();
  Status saved = ports_.settings.save(setting(config_, "current"), to_millis(last_current_));
  if (saved && valid_until_) saved = ports_.settings.save(setting(config_, "valid_until"), to_millis(*valid_until_));
  if (!saved) log::warning("{}, ignoring", saved.error().text);
}

void Feed::tell(const FeedLook::Outcome& outcome) {
  std::string text = outcome.status ? "current" : printable(outcome.status.error().text, 500);
  failures_ = outcome.status ? 0 : failures_ + 1;
  if (!outcome.status && text != text_) log::warning("feed {}: {}", config_.name, text);
  text_ = std::move(text);
  tell_state(!outcome.expired, outcome.may_accept || !outcome.refreshed);
}

void Feed::tell_state(bool current, bool clock_trusted) {
  state_.current = current;
  state_.clock_trusted = clock_trusted;
  state_.asked = asked_;
  ports_.shelf.set_state(state_);
}

void Feed::plan_next(bool succeeded) {
  seconds delay = spread(interval_);
  if (!succeeded)
    delay = std::min<seconds>({kFirstRetry * (1LL << std::min(failures_ - 1, 10U)), kLongestRetry, interval_});
  next_ = ports_.loop.after(delay, [this] { refresh({}); });
}

// What the index no longer names for this home is forgotten.
void Feed::drop_unnamed(const std::set<std::string>& named) {
  for (const auto& path : ports_.shelf.paths(config_.name)) {
    if (!named.contains(path)) ports_.shelf.remove(config_.name, path);
  }
  const auto stored = ports_.store.document_paths(config_.name);
  if (!stored) return log::warning("{}, ignoring", stored.error().text);
  for (const auto& path : *stored) {
    if (!is_catalog_path(path) || named.contains(path)) continue;
    if (auto removed = ports_.store.remove_document(config_.name, path); !removed) {
      log::warning("{}, ignoring", removed.error().text);
    }
  }
}

void Feed::look_soon() {
  if (soon_.armed()) return;
  const auto since = ports_.loop.monotonic() - last_look_;
  soon_ = ports_.loop.after(last_look_ == Duration{} || since > kGap ? Duration(kSoon) : kGap - since,
                            [this] { refresh({}); });
}

void Feed::consider(const Match& match) {
  if (considered_.size() >= kMaxConsidered || !considered_.insert(match).second) return;
  const auto found = find_stored(match);
  if (!found) log::warning("feed {}: {}, ignoring", config_.name, found.error().text);
  if (found && *found) return;
  look_soon();
  asked_ = false;
  tell_state(state_.current, state_.clock_trusted);
}

// Whether the stored index names a stored catalog for it, which then lies on the shelf.
Result<bool> Feed::find_stored(const Match& match) {
  const auto models = TRY(ports_.store.load_document(config_.name, kModelsPath));
  if (!models) return false;
  std::set<std::string> paths;
  TRY(feeds::read_models(*models, [&](const Match& one, std::string_view path) {
    if (one == match) paths.emplace(path);
  }));
  for (const auto& path : paths) TRY(put_stored(path, {match}));
  return std::ranges::any_of(paths, [&](const auto& path) { return ports_.shelf.find(config_.name, path) != nullptr; });
}

}  // namespace homepatch
