// The composition root: the daemon's parts, held in the order in which they need each other, and the few lines that
// join them. Every other file of the daemon can be read without this one.
#pragma once

#include <memory>
#include <vector>

#include "base/event_loop.hpp"
#include "base/unique_fd.hpp"
#include "daemon/act/storeroom.hpp"
#include "daemon/bus/server.hpp"
#include "daemon/config.hpp"
#include "daemon/engine.hpp"
#include "daemon/fetch/caretaker.hpp"
#include "daemon/fetch/clock_keeper.hpp"
#include "daemon/fetch/feed.hpp"
#include "daemon/fetch/image_importer.hpp"
#include "daemon/fetch/importer.hpp"
#include "daemon/fetch/indexes.hpp"
#include "daemon/fetch/ledger.hpp"
#include "daemon/fetch/local_releases.hpp"
#include "daemon/fetch/supply.hpp"
#include "daemon/find/addresses.hpp"
#include "protocols/coap/delivery.hpp"
#include "protocols/coap/lwm2m_server.hpp"
#include "protocols/http/artifact_server.hpp"
#include "protocols/http/fetcher.hpp"
#include "protocols/mqtt/household.hpp"
#include "storage/artifact_cache.hpp"
#include "storage/database.hpp"
#include "storage/feed_store.hpp"
#include "storage/settings_store.hpp"

namespace homepatch {

class Daemon {
 public:
  // Everything up to "ready": what is refused here (a port in use, an unreadable key file, a database of a newer
  // version) stops the daemon with a text.
  static Result<std::unique_ptr<Daemon>> start(EventLoop& loop, Config config);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // At an orderly stop: writes what waits to be written.
  void stop();

 private:
  Daemon(EventLoop& loop, Config config) : loop_(loop), config_(std::move(config)) {}
  Status open_storage();
  Status open_network();
  Status open_mqtt();
  [[nodiscard]] mqtt::tasmota::Acquaintance acquaintance(const DeviceId& id) const;
  Status open_coap();
  Status open_engine();
  Status open_feeds();
  Status open_bus();
  void join_engine_to_bus();
  void restore_registrations();
  void on_addresses();
  void follow_addresses();
  Status listen_for_coap();
  [[nodiscard]] std::vector<ListenAddress> http_addresses() const;
  [[nodiscard]] std::set<Match> own_matches() const;
  [[nodiscard]] std::set<std::string> vendors_of_others(const FeedConfig& feed) const;
  void on_damaged(const Digest& digest);
  void on_denied(std::string_view feed, const CatalogShelf::Denied& denied);
  [[nodiscard]] bus::Status status() const;
  void refresh_all(std::function<void(Result<std::string>)> done);
  Result<std::string> reset_clock(const std::string& who);

  EventLoop& loop_;
  const Config config_;

  UniqueFd state_lock_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<SettingsStore> settings_;
  std::unique_ptr<FeedStore> feed_store_;
  std::unique_ptr<ArtifactCache> cache_;
  std::unique_ptr<Caretaker> caretaker_;
  std::vector<Digest> damaged_;  // images, not yet told to the engine
  Timer tell_damaged_;

  std::unique_ptr<Addresses> addresses_;
  Ledger ledger_;
  std::unique_ptr<Fetcher> fetcher_;
  std::unique_ptr<ArtifactServer> artifact_server_;
  std::unique_ptr<ClockKeeper> clock_;
  std::unique_ptr<Supply> supply_;
  std::unique_ptr<Storeroom> storeroom_;

  std::unique_ptr<mqtt::Household> mqtt_;
  std::unique_ptr<coap::Context> coap_context_;
  std::unique_ptr<coap::Exchanges> coap_exchanges_;
  std::unique_ptr<coap::Lwm2mServer> lwm2m_;
  std::unique_ptr<coap::Lwm2mDelivery> lwm2m_delivery_;
  Timer listen_again_;
  Duration listen_delay_{};
  std::string listen_trouble_;

  std::unique_ptr<Engine> engine_;
  std::vector<std::unique_ptr<Feed>> feeds_;
  std::unique_ptr<Indexes> indexes_;
  std::unique_ptr<LocalReleases> local_releases_;
  std::unique_ptr<Importer> importer_;
  std::unique_ptr<ImageImporter> image_importer_;
  std::unique_ptr<bus::Server> bus_;

  mqtt::Link broker_ = mqtt::Link::off;
  std::string broker_text_ = "switched off in the configuration";
};

}  // namespace homepatch
