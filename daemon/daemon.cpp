#include "daemon/daemon.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/file.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "daemon/fetch/stock.hpp"
#include "protocols/coap/registration_facts.hpp"
#include "trust/tuf/time_text.hpp"

namespace homepatch {

namespace {

constexpr Duration kFirstListenRetry = std::chrono::seconds(1);
constexpr Duration kLongestListenRetry = std::chrono::minutes(5);

// An address that is not usable yet is waited for; what else is in the way at the start is for somebody to mend.
Status unless_missing(Status listening) {
  if (!listening && listening.error().code == Errc::not_found) return {};
  return listening;
}

// Two daemons on one state would take one device through two updates at once (I3).
Result<UniqueFd> lock_folder(const std::filesystem::path& folder) {
  UniqueFd held(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (held && ::flock(held.get(), LOCK_EX | LOCK_NB) == 0) return held;
  if (held && errno == EWOULDBLOCK) {
    return fail(Errc::busy, fmt::format("another homepatchd works in {}; stop it, or give this one another folder "
                                        "(state = in its configuration)",
                                        folder.string()));
  }
  return fail(errno_error("locking " + folder.string(), errno));
}

}  // namespace

Result<std::unique_ptr<Daemon>> Daemon::start(EventLoop& loop, Config config) {
  std::unique_ptr<Daemon> daemon(new Daemon(loop, std::move(config)));
  TRY(daemon->open_storage());
  TRY(daemon->open_network());
  TRY(daemon->open_coap());
  TRY(daemon->open_mqtt());
  TRY(daemon->open_engine());
  TRY(daemon->open_bus());
  TRY(daemon->open_feeds());
  daemon->on_addresses();
  return daemon;
}

Daemon::~Daemon() = default;

void Daemon::stop() {
  if (auto written = engine_->inventory.flush(); !written) log::error("{}", written.error().text);
}

Status Daemon::open_storage() {
  TRY(make_folder(config_.state));
  state_lock_ = TRY(lock_folder(config_.state));
  database_ = TRY(Database::open(config_.state / "homepatch.db"));
  settings_ = std::make_unique<SettingsStore>(*database_);
  feed_store_ = std::make_unique<FeedStore>(*database_, config_.state / "feeds");
  for (const auto& feed : config_.feeds) {
    if (auto swept = feed_store_->sweep(feed.name); !swept) log::warning("{}, ignoring", swept.error().text);
  }
  const auto& limits = config_.cache_limits;
  cache_ = TRY(ArtifactCache::open(*database_, config_.cache, {limits.quota, limits.keep_free, limits.write_budget},
                                   [this] { return loop_.now(); }));
  if (!cache_->tidied()) log::warning("{}, ignoring", cache_->tidied().error().text);
  caretaker_ = std::make_unique<Caretaker>(loop_, *cache_);
  caretaker_->start();
  clock_ = std::make_unique<ClockKeeper>(loop_, *settings_, config_.trust_clock);
  return clock_->start();
}

Status Daemon::open_network() {
  addresses_ = TRY(Addresses::open(loop_, config_.interfaces));
  fetcher_ = TRY(Fetcher::open(loop_));
  fetcher_->set_ledger([this](const LedgerEntry& entry) { ledger_.add(loop_.now(), entry); });
  artifact_server_ = TRY(ArtifactServer::open(loop_, {}));
  TRY(unless_missing(artifact_server_->listen_on(http_addresses())));
  supply_ =
      std::make_unique<Supply>(loop_, *fetcher_, *cache_, [this](std::string_view feed, const UpdateImage& image) {
        for (const auto& known : feeds_) {
          if (known->config().name == feed)
            return Supply::Places{known->mirrors().target_urls(image.target, image.sha256),
                                  known->mirrors().allowed_hosts()};
        }
        return Supply::Places{};
      });
  storeroom_ = std::make_unique<Storeroom>(loop_, *supply_, *cache_, *artifact_server_);
  addresses_->listen([this] { on_addresses(); });
  return {};
}

std::vector<ListenAddress> Daemon::http_addresses() const {
  std::vector<ListenAddress> out;
  for (const auto& ip : addresses_->now()) out.push_back(ListenAddress{ip, config_.http.port});
  return out;
}

void Daemon::on_addresses() {
  listen_delay_ = kFirstListenRetry;
  follow_addresses();
}

// Listens wherever it does not yet, and tries again what fails. Each trouble is told once.
void Daemon::follow_addresses() {
  Status listening = artifact_server_->listen_on(http_addresses());
  if (coap_context_) {
    auto for_coap = listen_for_coap();
    if (!for_coap && (listening || listening.error().code == Errc::not_found)) listening = std::move(for_coap);
  }
  if (listening) {
    listen_trouble_.clear();
    listen_again_.cancel();
    return;
  }
  if (listening.error().text != listen_trouble_) {
    listen_trouble_ = listening.error().text;
    log::warning("following the interfaces' addresses: {}; it is tried again", listen_trouble_);
  }
  listen_again_ = loop_.after(listen_delay_, [this] { follow_addresses(); });
  listen_delay_ = std::min(listen_delay_ * 2, kLongestListenRetry);
}

// As HttpListeners::listen_on(), but for addresses that went: libcoap hears nothing on them.
Status Daemon::listen_for_coap() {
  Status outcome;
  for (const auto& ip : addresses_->now()) {
    const auto known = std::ranges::any_of(coap_context_->addresses(), [&](const auto& at) { return at.ip() == ip; });
    if (known) continue;
    auto address = coap::Address::make(ip, config_.coap.port);
    auto listening = address ? coap_context_->listen(*address) : address;
    if (!listening && (outcome || outcome.error().code == Errc::not_found)) outcome = fail(listening.error());
  }
  return outcome;
}

Status Daemon::open_coap() {
  if (!config_.coap.enabled) return {};
  coap_context_ = TRY(coap::Context::open(loop_));
  TRY(unless_missing(listen_for_coap()));
  coap_exchanges_ = std::make_unique<coap::Exchanges>(loop_, *coap_context_);
  coap::Lwm2mTimes times;
  times.awake = config_.coap.awake;
  lwm2m_ = std::make_unique<coap::Lwm2mServer>(
      loop_, *coap_context_, *coap_exchanges_, times,
      [this](const Announcement& announcement) { engine_->on_announcement(announcement); });
  lwm2m_delivery_ = std::make_unique<coap::Lwm2mDelivery>(loop_, *lwm2m_);
  return {};
}

Status Daemon::open_mqtt() {
  if (!config_.mqtt.enabled) return {};
  mqtt::Settings settings;
  settings.host = config_.mqtt.host;
  settings.port = config_.mqtt.port;
  settings.user = config_.mqtt.user;
  settings.client_id = config_.mqtt.client_id;
  if (!config_.mqtt.password_file.empty()) {
    settings.password =
        TRY_IN("the password for the broker (password_file in [mqtt])", read_secret(config_.mqtt.password_file));
  }
  mqtt::tasmota::DeliveryLimits limits;
  limits.quiet_after_restart = config_.tasmota_quiet;
  mqtt::Household::Events events;
  events.announcement = [this](const Announcement& announcement) { engine_->on_announcement(announcement); };
  events.note = [this](const Announcement& announcement) { engine_->on_note(announcement); };
  events.acquainted = [this](const DeviceId& id) { return acquaintance(id); };
  events.link = [this](mqtt::Link link, const std::string& text) {
    log::notice("broker {}:{}: {}", config_.mqtt.host, config_.mqtt.port, text);
    broker_ = link;
    broker_text_ = text;
    if (bus_) bus_->on_status();
  };
  events.remark = [](const std::string& text) { log::notice("{}", text); };
  mqtt_ = TRY(mqtt::Household::open(loop_, std::move(settings), limits, std::move(events)));
  broker_ = mqtt::Link::connecting;
  broker_text_ = "connecting";
  return {};
}

mqtt::tasmota::Acquaintance Daemon::acquaintance(const DeviceId& id) const {
  using enum mqtt::tasmota::Acquaintance;
  const Device* device = engine_->inventory.find(id);
  // One that was forgotten may return, on a live message: it is to be listened to.
  if (device == nullptr) return engine_->inventory.is_forgotten(id) ? listed : stranger;
  return device->standing == Standing::accepted ? accepted : listed;
}

Status Daemon::open_engine() {
  std::map<Family, Delivery*> deliveries;
  if (mqtt_) deliveries[Family::tasmota] = &mqtt_->tasmota_delivery();
  if (lwm2m_delivery_) deliveries[Family::lwm2m] = lwm2m_delivery_.get();
  Engine::Settings settings;
  settings.inventory.max_devices = config_.max_devices;
  settings.policy = config_.policy;
  settings.rules = config_.rules;
  engine_ = std::make_unique<Engine>(loop_, *database_, *storeroom_, std::move(deliveries), settings);
  storeroom_->heed(
      [this](std::string_view feed, const Digest& image) { return engine_->shelf.taken_back_by(feed, image); });
  engine_->shelf.listen_denied([this](std::string_view feed, const auto& denied) { on_denied(feed, denied); });
  TRY(engine_->start());
  cache_->rank_by([this] { return ranks(*engine_, *cache_); });
  static_assert(static_cast<int>(ArtifactRank::in_use) == ArtifactCache::kNeverEvicted);
  cache_->listen_damaged([this](const Digest& digest) { on_damaged(digest); });
  restore_registrations();
  return {};
}

// Whoever found it is still reading.
void Daemon::on_damaged(const Digest& digest) {
  damaged_.push_back(digest);
  tell_damaged_ = loop_.after(Duration::zero(), [this] {
    for (const auto& lost : std::exchange(damaged_, {})) engine_->updater.on_image_lost(lost);
  });
}

void Daemon::restore_registrations() {
  if (!lwm2m_) return;
  for (const auto& [id, device] : engine_->inventory.devices()) {
    if (device.family != Family::lwm2m) continue;
    std::int64_t lifetime = 0;
    if (const auto found = device.facts.find(coap::fact::kLifetime); found != device.facts.end()) {
      std::from_chars(found->second.data(), found->second.data() + found->second.size(), lifetime);
    }
    const Time expires = device.last_seen + std::chrono::seconds(lifetime) + coap::Registry::kExchangeLifetime;
    if (auto restored = lwm2m_->restore(id, device.facts, expires); !restored) {
      log::debug("{}: {}; it registers anew", id.to_string(), restored.error().text);
    }
  }
}

Status Daemon::open_bus() {
  indexes_ =
      std::make_unique<Indexes>(loop_, *fetcher_, config_.state / "indexes", config_.indexes, config_.refresh_interval);
  TRY(indexes_->start());
  local_releases_ = std::make_unique<LocalReleases>(loop_, *engine_, *feed_store_, *cache_);
  TRY(local_releases_->start());
  image_importer_ = std::make_unique<ImageImporter>(loop_, *engine_, *cache_, *indexes_, *local_releases_);
  bus::Sources sources;
  sources.status = [this] { return status(); };
  sources.refresh = [this](auto done) { refresh_all(std::move(done)); };
  sources.reset_clock = [this](const std::string& who) { return reset_clock(who); };
  sources.cached = [this](const std::string& sha256) {
    const auto digest = Digest::parse(sha256);
    return digest && cache_->contains(*digest);
  };
  sources.import = [this](UniqueFd fd, const std::string& feed, auto done) {
    importer_->import(std::move(fd), feed, std::move(done));
  };
  sources.ledger = &ledger_;
  sources.indexes = indexes_.get();
  sources.image_importer = image_importer_.get();
  sources.local_releases = local_releases_.get();
  sources.stock = [this] { return take_stock(*engine_, *cache_); };
  sources.damages = [this] { return cache_->damages().list(); };
  importer_ = std::make_unique<Importer>(loop_, *cache_, engine_->shelf, feeds_);
  bus_ = TRY(bus::Server::open(loop_, *engine_, std::move(sources)));
  join_engine_to_bus();
  return {};
}

void Daemon::join_engine_to_bus() {
  Engine::Listeners listeners;
  listeners.device = [this](const DeviceId& id) { bus_->on_device(id); };
  listeners.removed = [this](const DeviceId& id) {
    if (lwm2m_) lwm2m_->forget(id);
    bus_->on_device(id);
  };
  listeners.update = [this](const Update& update) { bus_->on_update(update); };
  listeners.update_dropped = [this](UpdateId id) { bus_->on_update_dropped(id); };
  listeners.progress = [this](UpdateId id, Progress progress) { bus_->on_progress(id, progress); };
  listeners.model_wanted = [this](const Device& device) {
    for (const auto& match : homepatch::own_matches(device)) {
      for (const auto& feed : feeds_) feed->consider(match);
    }
  };
  listeners.catalogs = [this] { bus_->on_catalogs(); };
  engine_->listen(std::move(listeners));
}

Status Daemon::open_feeds() {
  for (const auto& config : config_.feeds) {
    feeds_.push_back(
        std::make_unique<Feed>(config, vendors_of_others(config), config_.refresh_interval,
                               Feed::Ports{loop_, *fetcher_, *feed_store_, *settings_, engine_->shelf, *clock_,
                                           [this] { return own_matches(); }, [this] { bus_->on_status(); }}));
    TRY_IN("feed " + config.name, feeds_.back()->start());
  }
  return {};
}

std::set<std::string> Daemon::vendors_of_others(const FeedConfig& feed) const {
  std::set<std::string> out;
  for (const auto& other : config_.feeds) {
    if (other.name != feed.name) out.insert(other.vendors.begin(), other.vendors.end());
  }
  return out;
}

// What a feed takes back is stopped where it is on its way, and thrown out unless another feed still offers it.
void Daemon::on_denied(std::string_view feed, const CatalogShelf::Denied& denied) {
  engine_->withdraw(feed, denied);
  for (const auto& [digest, reason] : denied) {
    if (engine_->shelf.offers(digest)) continue;
    storeroom_->close(digest);
    if (!cache_->contains(digest)) continue;
    log::warning("feed {} takes image {} back ({}): it is thrown out of the cache", feed, digest.brief(),
                 reason.empty() ? "no reason given" : printable(reason));
    if (auto removed = cache_->remove(digest); !removed) log::error("{}", removed.error().text);
  }
}

std::set<Match> Daemon::own_matches() const {
  std::set<Match> all;
  for (const auto& [id, device] : engine_->inventory.devices()) {
    for (auto& match : homepatch::own_matches(device)) all.insert(std::move(match));
  }
  return all;
}

// Answers once, when the last feed and the indexes have answered.
void Daemon::refresh_all(std::function<void(Result<std::string>)> done) {
  struct Round {
    std::size_t open = 0;
    std::string good;
    std::string complaints;
    std::function<void(Result<std::string>)> done;

    void on_answer(const Status& outcome, const std::string& who, const std::string& said) {
      std::string& text = outcome ? good : complaints;
      text += fmt::format("{}{}", text.empty() ? "" : "; ", outcome ? said : who + outcome.error().text);
      if (--open > 0) return;
      done(complaints.empty() ? Result<std::string>(good) : fail(Errc::unavailable, complaints));
    }
  };
  const std::size_t indexes = indexes_->fetched();
  if (feeds_.empty() && indexes == 0) {
    return done(fail(Errc::nothing_to_do, "no feed is configured; add one to the configuration"));
  }
  auto round = std::make_shared<Round>(Round{feeds_.size() + (indexes > 0 ? 1 : 0), "", "", std::move(done)});
  for (const auto& feed : feeds_) {
    feed->refresh([round, name = feed->config().name](const Status& outcome) {
      round->on_answer(outcome, "feed " + name + ": ", "feed " + name + " is current");
    });
  }
  if (indexes == 0) return;
  indexes_->refresh([round, indexes](const Status& outcome) {
    round->on_answer(outcome, "", fmt::format("{} {} fetched", indexes, indexes == 1 ? "index is" : "indexes are"));
  });
}

Result<std::string> Daemon::reset_clock(const std::string& who) {
  TRY(clock_->reset());
  std::string text = fmt::format("the clock's floors are forgotten; every time from {} on is possible again",
                                 tuf::time_text(clock_->floor()));
  log::notice("{} (by {})", text, who);
  bus_->on_status();
  for (const auto& feed : feeds_) feed->refresh({});
  return text;
}

bus::Status Daemon::status() const {
  bus::Status status;
  status.broker = !config_.mqtt.enabled ? "off" : broker_ == mqtt::Link::connected ? "connected" : "connecting";
  status.broker_text = broker_text_;
  const auto clock = clock_->verdict();
  status.clock_trusted = clock.trusted;
  status.clock_text = clock.text;
  status.clock_floor = clock_->floor();
  for (const auto& feed : feeds_) {
    status.clock_floor = std::max(status.clock_floor, clock_->floor_of(feed->config().name));
  }
  status.clock_below_floor = clock_->now() < status.clock_floor;
  status.accept_always = config_.policy.accept_always;
  if (coap_context_) {
    for (const auto& at : coap_context_->addresses()) status.listening.push_back("coap " + at.to_string());
  }
  for (const auto& at : artifact_server_->listening()) {
    const auto host = at.ip.find(':') == std::string::npos ? at.ip : '[' + at.ip + ']';
    status.listening.push_back(fmt::format("http {}:{}", host, at.port));
  }
  for (const auto& feed : feeds_) {
    status.feeds.push_back(bus::FeedStatus{
        feed->config().name, feed->config().url, std::string(to_string(feed->state())), feed->last_current(),
        feed->stale_since(), feed->text(), static_cast<unsigned>(engine_->shelf.paths(feed->config().name).size())});
  }
  status.cache_objects = cache_->count();
  status.cache_bytes = cache_->bytes();
  status.cache_quota = cache_->quota();
  status.cache_written = cache_->budget().written();
  status.cache_write_budget = cache_->budget().a_day();
  for (const auto& [host, traffic] : fetcher_->traffic()) status.wan_bytes += traffic.bytes_received;
  status.saved_bytes = storeroom_->saved_bytes();
  return status;
}

}  // namespace homepatch
