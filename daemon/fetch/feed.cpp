#include "daemon/fetch/feed.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "core/catalog_names.hpp"
#include "protocols/feeds/catalog_reader.hpp"
#include "protocols/feeds/models_reader.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch {

namespace {

using std::chrono::seconds;

constexpr std::size_t kMaxRootFile = 512'000;
constexpr seconds kFirstRetry{15};
constexpr seconds kLongestRetry{3600};
constexpr seconds kSoon{1};
constexpr seconds kGap{10};  // between looks that devices of unknown models cause

std::string current_setting(std::string_view feed) { return "feed." + std::string(feed) + ".current"; }

// Homes do not all come at the same moment: up to a tenth of the interval earlier.
seconds spread(seconds interval) {
  static std::mt19937 random{std::random_device{}()};
  return interval - seconds(std::uniform_int_distribution<std::int64_t>(0, interval.count() / 10)(random));
}

}  // namespace

// One look at the feed, from the first request to the last catalog.
struct Feed::Look {
  Look(tuf::Client tuf_client, bool accepts) : client(std::move(tuf_client)), may_accept(accepts) {}

  tuf::Client client;
  bool may_accept;
  bool refreshed = false;
  FetchHandle fetch;
  Timer turn;
  std::deque<std::string> documents;  // still to be looked up; the front one is under way
  std::set<std::string> seen;         // catalogs that the index named for this home
  std::optional<Catalog> catalog;     // read, its images being compared with the metadata
  std::string catalog_bytes;
  Digest catalog_digest;
  bool catalog_is_new = false;
  std::deque<const Image*> images;
  std::vector<std::string> complaints;
};

Feed::Feed(FeedConfig config, std::chrono::seconds interval, Ports ports)
    : config_(std::move(config)), interval_(interval), ports_(std::move(ports)) {}

Feed::~Feed() = default;

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
  if (valid_until_ && ports_.loop.now() > *valid_until_) return State::stale;
  return failures_ > 0 ? State::failing : State::current;
}

Status Feed::start() {
  if (const auto millis = TRY(ports_.settings.load_integer(current_setting(config_.name)))) {
    last_current_ = from_millis(*millis);
  }
  if (!ports_.store.load_metadata(config_.name, "root")) {
    const std::string root = TRY_IN("the root file (root = in its [[feed]])", read_file(config_.root, kMaxRootFile));
    TRY(ports_.store.save_metadata(config_.name, "root", root));
  }
  TRY(stock_shelf());
  ports_.shelf.set_state(FeedState{config_.name, true, ports_.clock.verdict().trusted});
  next_ = ports_.loop.after(seconds(0), [this] { refresh({}); });
  return {};
}

// What was verified and stored in an earlier run is believed without asking anybody.
Status Feed::stock_shelf() {
  for (const auto& path : TRY(ports_.store.document_paths(config_.name))) {
    if (!is_catalog_path(path)) continue;
    const auto bytes = TRY(ports_.store.load_document(config_.name, path));
    if (!bytes) continue;
    auto catalog = feeds::read_catalog(*bytes, path);
    if (!catalog) {
      log::warning("feed {}: the stored {} cannot be read and is left out: {}", config_.name, path, catalog.error().text);
      continue;
    }
    catalog->feed = config_.name;
    ports_.shelf.put(std::move(*catalog));
  }
  return {};
}

void Feed::refresh(Done done) {
  if (done) waiting_.push_back(std::move(done));
  if (look_) return;
  next_.cancel();
  soon_.cancel();
  last_look_ = ports_.loop.monotonic();
  if (auto begun = begin_look(); !begun) {
    next_ = ports_.loop.after(seconds(0), [this, error = std::move(begun).error()] { finish(fail(error)); });
    return;
  }
  look_->turn = ports_.loop.after(seconds(0), [this] { step(); });
}

Status Feed::begin_look() {
  const auto clock = ports_.clock.for_feed(config_.name);
  auto stored = [this](std::string_view role) { return ports_.store.load_metadata(config_.name, role); };
  auto client = TRY(tuf::Client::open(std::move(stored), clock));
  look_ = std::make_unique<Look>(std::move(client), clock.expiry == tuf::Expiry::judge);
  return {};
}

// Takes the client's steps until one has to wait for the network.
void Feed::step() {
  for (;;) {
    const auto step = look_->client.next();
    if (!step) {
      if (look_->refreshed) return refuse_catalog(step.error());
      return finish(fail(step.error()));
    }
    if (const auto* fetch = std::get_if<tuf::Fetch>(&*step)) return fetch_metadata(*fetch);
    if (std::holds_alternative<tuf::Finished>(*step)) {
      if (!look_->refreshed) return on_refreshed();
      return on_looked_up();
    }
    if (auto taken = take(*step); !taken) return finish(std::move(taken));
  }
}

Status Feed::take(const tuf::Step& step) {
  if (const auto* store = std::get_if<tuf::Store>(&step)) {
    return ports_.store.save_metadata(config_.name, store->role, store->bytes);
  }
  if (const auto* remove = std::get_if<tuf::Remove>(&step)) {
    return ports_.store.remove_metadata(config_.name, remove->role);
  }
  return {};
}

void Feed::fetch_metadata(const tuf::Fetch& fetch) {
  FetchRequest request;
  request.url = config_.url + "/metadata/" + fetch.path;
  request.max_bytes = fetch.limit;
  request.total_limit = std::chrono::minutes(2);
  look_->fetch = ports_.fetcher.fetch(std::move(request), [this](Result<FetchedBody> fetched) { on_metadata(std::move(fetched)); });
}

void Feed::on_metadata(Result<FetchedBody> fetched) {
  if (fetched) {
    look_->client.received(std::move(fetched->bytes));
  } else if (fetched.error().code == Errc::not_found) {
    look_->client.missing();
  } else {
    return finish(fail(std::move(fetched).error()));
  }
  step();
}

void Feed::on_refreshed() {
  look_->refreshed = true;
  valid_until_ = look_->client.valid_until();
  if (!look_->client.accepts_new() || !look_->may_accept) {
    text_ = "reached, but the gateway's clock is not trusted, so nothing new is accepted";
    return finish(fail(Errc::not_trusted, text_));
  }
  look_->documents.emplace_back(kModelsPath);
  next_document();
}

void Feed::next_document() {
  if (look_->documents.empty()) return finish({});
  look_->catalog.reset();
  if (auto begun = look_->client.begin_lookup(look_->documents.front()); !begun) return refuse_catalog(begun.error());
  step();
}

void Feed::on_looked_up() {
  if (look_->catalog) return next_image();
  const std::string path = look_->documents.front();
  const auto target = look_->client.found();
  if (!target || !target->hashes.sha256) {
    return refuse_catalog(Error{Errc::not_found, path + " is not among the feed's signed files, or has no SHA-256"});
  }
  const auto stored = ports_.store.document_digest(config_.name, path);
  if (stored && *stored && **stored == *target->hashes.sha256) {
    const auto bytes = ports_.store.load_document(config_.name, path);
    if (bytes && *bytes) {
      look_->catalog_is_new = false;
      look_->catalog_digest = *target->hashes.sha256;
      if (auto used = use_document(path, **bytes); !used) return refuse_catalog(used.error());
      return;
    }
  }
  fetch_document(*target, 0);
}

void Feed::fetch_document(const tuf::Target& target, std::size_t attempt) {
  const std::size_t limit = target.path == kModelsPath ? feeds::kMaxModelsBytes : kMaxCatalogBytes;
  if (target.length > limit) {
    return refuse_catalog(Error{Errc::too_large, fmt::format("{} has {} bytes, the limit is {}", target.path, target.length, limit)});
  }
  FetchRequest request;
  request.url = config_.url + "/targets/" + target.fetch_paths[attempt];
  request.max_bytes = target.length;
  request.total_limit = std::chrono::minutes(5);
  look_->fetch = ports_.fetcher.fetch(std::move(request), [this, target, attempt](Result<FetchedBody> fetched) {
    on_document(target, attempt, std::move(fetched));
  });
}

void Feed::on_document(const tuf::Target& target, std::size_t attempt, Result<FetchedBody> fetched) {
  if (!fetched && fetched.error().code == Errc::not_found && attempt + 1 < target.fetch_paths.size()) {
    return fetch_document(target, attempt + 1);
  }
  if (!fetched) return refuse_catalog(fetched.error());
  if (auto right = tuf::check_content(fetched->bytes, target.length, target.hashes); !right) {
    return refuse_catalog(std::move(right).error().in(target.path));
  }
  look_->catalog_is_new = true;
  look_->catalog_digest = *target.hashes.sha256;
  if (auto used = use_document(target.path, fetched->bytes); !used) return refuse_catalog(used.error());
}

Status Feed::use_document(const std::string& path, const std::string& bytes) {
  return path == kModelsPath ? use_models(bytes) : use_catalog(path, bytes);
}

Status Feed::use_models(const std::string& bytes) {
  Status outcome;
  const auto wanted = wanted_catalogs(bytes, outcome);
  TRY(std::move(outcome));
  if (look_->catalog_is_new) {
    TRY(ports_.store.save_document(config_.name, kModelsPath, look_->catalog_digest, bytes));
  }
  look_->documents.pop_front();
  for (const auto& path : wanted) {
    look_->seen.insert(path);
    look_->documents.push_back(path);
  }
  next_document();
  return {};
}

std::vector<std::string> Feed::wanted_catalogs(const std::string& models, Status& outcome) const {
  const auto own = ports_.own_matches();
  std::set<std::string> paths;
  outcome = feeds::read_models(models, [&](const Match& match, std::string_view path) {
    if (own.contains(match) && speaks_for(path) && paths.size() < kMaxCatalogs) paths.emplace(path);
  });
  return {paths.begin(), paths.end()};
}

bool Feed::speaks_for(std::string_view catalog_path) const {
  if (config_.vendors.empty()) return true;
  const auto vendor = catalog_path.substr(0, catalog_path.find('/'));
  return std::ranges::find(config_.vendors, vendor) != config_.vendors.end();
}

Status Feed::use_catalog(const std::string& path, const std::string& bytes) {
  Catalog catalog = TRY(feeds::read_catalog(bytes, path));
  catalog.feed = config_.name;
  look_->catalog = std::move(catalog);
  look_->catalog_bytes = bytes;
  look_->images.clear();
  for (const auto& release : look_->catalog->releases) {
    for (const auto& image : release.images) look_->images.push_back(&image);
  }
  if (look_->images.empty()) {
    accept_catalog();
    return {};
  }
  TRY(look_->client.begin_lookup(look_->images.front()->target));
  look_->turn = ports_.loop.after(seconds(0), [this] { step(); });
  return {};
}

// Every image that the catalog names must be signed for by itself, with the same length and digest.
void Feed::next_image() {
  const Image& image = *look_->images.front();
  const auto& target = look_->client.found();
  if (!target) return refuse_catalog(Error{Errc::not_trusted, image.target + " is not among the feed's signed files"});
  const std::string digest = target->hashes.sha256 ? target->hashes.sha256->hex() : std::string();
  if (auto same = feeds::same_image(image, target->length, digest); !same) return refuse_catalog(same.error());
  look_->images.pop_front();
  if (look_->images.empty()) return accept_catalog();
  if (auto begun = look_->client.begin_lookup(look_->images.front()->target); !begun) return refuse_catalog(begun.error());
  look_->turn = ports_.loop.after(seconds(0), [this] { step(); });
}

void Feed::accept_catalog() {
  const std::string path = look_->documents.front();
  if (look_->catalog_is_new) {
    if (auto saved = ports_.store.save_document(config_.name, path, look_->catalog_digest, look_->catalog_bytes); !saved) {
      return refuse_catalog(saved.error());
    }
    log::info("feed {}: took in {}", config_.name, path);
  }
  if (const auto date = tuf::parse_time(look_->catalog->date)) ports_.clock.accepted(config_.name, *date);
  const Catalog* before = ports_.shelf.find(config_.name, path);
  if (before == nullptr || *before != *look_->catalog) ports_.shelf.put(std::move(*look_->catalog));
  look_->catalog.reset();
  look_->catalog_bytes.clear();
  look_->documents.pop_front();
  next_document();
}

// One bad document does not keep the others out, but nothing is offered from it any more.
void Feed::refuse_catalog(Error error) {
  const std::string path = look_->documents.empty() ? std::string() : look_->documents.front();
  const bool transport = error.code == Errc::unavailable || error.code == Errc::io || error.code == Errc::no_space;
  look_->complaints.push_back(path + ": " + error.text);
  look_->catalog.reset();
  if (!look_->documents.empty()) look_->documents.pop_front();
  if (is_catalog_path(path) && !transport) ports_.shelf.remove(config_.name, path);
  if (path == kModelsPath) return finish(fail(std::move(error)));
  look_->turn = ports_.loop.after(seconds(0), [this] { next_document(); });
}

void Feed::finish(Status outcome) {
  if (outcome && look_ && !look_->complaints.empty()) {
    outcome = fail(Errc::not_trusted, look_->complaints.front());
  }
  const bool reached = look_ && look_->refreshed;
  const bool may_accept = look_ && look_->may_accept;
  if (outcome) drop_unseen();
  // Destroyed on a later turn: this may run inside a callback of the look's own fetch.
  buried_ = ports_.loop.after(seconds(0), [ended = std::shared_ptr<Look>(std::move(look_))] {});

  const bool changed_text = outcome ? text_ != "current" : text_ != outcome.error().text;
  text_ = outcome ? "current" : printable(outcome.error().text, 500);
  failures_ = outcome ? 0 : failures_ + 1;
  if (outcome) {
    last_current_ = ports_.loop.now();
    if (auto saved = ports_.settings.save(current_setting(config_.name), to_millis(last_current_)); !saved) {
      log::warning("{}, ignoring", saved.error().text);
    }
  } else if (changed_text) {
    log::warning("feed {}: {}", config_.name, text_);
  }
  const bool expired = !outcome && outcome.error().code == Errc::not_trusted && !reached;
  ports_.shelf.set_state(FeedState{config_.name, !expired, may_accept || !reached});
  if (ports_.changed) ports_.changed();
  for (auto& done : std::exchange(waiting_, {})) done(outcome);
  plan_next(outcome.has_value());
}

void Feed::plan_next(bool succeeded) {
  seconds delay = spread(interval_);
  if (!succeeded) delay = std::min<seconds>({kFirstRetry * (1LL << std::min(failures_ - 1, 10U)), kLongestRetry, interval_});
  next_ = ports_.loop.after(delay, [this] { refresh({}); });
}

// What the index no longer names for this home is forgotten.
void Feed::drop_unseen() {
  for (const auto& path : ports_.shelf.paths(config_.name)) {
    if (look_->seen.contains(path)) continue;
    ports_.shelf.remove(config_.name, path);
    if (auto removed = ports_.store.remove_document(config_.name, path); !removed) {
      log::warning("{}, ignoring", removed.error().text);
    }
  }
}

void Feed::look_soon() {
  if (soon_.armed()) return;
  const auto since = ports_.loop.monotonic() - last_look_;
  soon_ = ports_.loop.after(last_look_ == Duration{} || since > kGap ? Duration(kSoon) : kGap - since, [this] { refresh({}); });
}

void Feed::consider(const Match& match) {
  constexpr std::size_t kMaxConsidered = 4096;
  if (considered_.size() >= kMaxConsidered || !considered_.insert(match).second) return;
  look_soon();
}

std::vector<std::string> Feed::target_urls(std::string_view target, const Digest& sha256) const {
  const auto slash = target.rfind('/');
  const std::string folder(slash == std::string_view::npos ? std::string_view() : target.substr(0, slash + 1));
  const std::string name(slash == std::string_view::npos ? target : target.substr(slash + 1));
  const std::string base = config_.url + "/targets/";
  return {base + percent_encode(folder, "-._~/") + sha256.hex() + "." + percent_encode(name),
          base + percent_encode(folder, "-._~/") + percent_encode(name)};
}

}  // namespace homepatch
