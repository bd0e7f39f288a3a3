// The daemon's configuration: /etc/homepatch/homepatchd.toml and the drop-ins beside it in homepatchd.d/, later files
// over earlier ones. The defaults stand here and nowhere else. A key that is not known is refused with its file and
// line. config/homepatchd.toml explains every key to people; a test holds that it parses and that its values are these
// defaults.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "core/planner.hpp"
#include "core/update.hpp"

namespace homepatch {

struct FeedConfig {
  std::string name;                  // letters, digits, '-' and '_'; what logs and programs call it
  std::string url;                   // the folder that holds metadata/ and targets/; no slash at the end
  std::vector<std::string> mirrors;  // further such folders, tried in turn
  std::vector<std::string> hosts;    // "host" or "host:port" where redirects may lead, besides those of the addresses
  std::filesystem::path root;        // the pinned root.json
  std::vector<std::string> vendors;  // the vendor domains that it may speak for; empty: all that no other feed claims

  friend bool operator==(const FeedConfig&, const FeedConfig&) = default;
};

// An unsigned list of images: it is searched, and vouches for the files that an administrator brings (core/provenance).
enum class IndexKind { zigbee, esp };  // zigbee-OTA's index.json; a manifest of ESP Web Tools
std::string_view to_string(IndexKind kind);

struct IndexConfig {
  std::string name;  // as a feed's
  IndexKind kind = IndexKind::zigbee;
  std::string url;                 // of the file itself; empty: `file` is there
  std::vector<std::string> hosts;  // where redirects may lead, besides the host of `url`
  std::filesystem::path file;      // on the gateway

  friend bool operator==(const IndexConfig&, const IndexConfig&) = default;
};

struct Config {
  std::filesystem::path state = "/var/lib/homepatch";
  std::filesystem::path cache = "/var/cache/homepatch";
  bool trust_clock = false;  // clock = "kernel" | "trust"
  log::Level log_level = log::Level::info;

  // I14: nothing listens elsewhere than on the addresses of these interfaces.
  std::vector<std::string> interfaces = {"lo"};

  struct Mqtt {
    bool enabled = true;
    std::string host = "127.0.0.1";
    std::uint16_t port = 1883;
    std::string user;
    std::filesystem::path password_file;
    std::string client_id = "homepatchd";

    friend bool operator==(const Mqtt&, const Mqtt&) = default;
  } mqtt;

  struct Coap {
    bool enabled = true;
    std::uint16_t port = 5683;                  // 0: a free one
    Duration awake = std::chrono::seconds(93);  // that a client in queue mode listens after it last spoke

    friend bool operator==(const Coap&, const Coap&) = default;
  } coap;

  struct Http {
    std::uint16_t port = 8268;  // 0: a free one

    friend bool operator==(const Http&, const Http&) = default;
  } http;

  struct Cache {
    std::uint64_t quota = 64ULL << 20;          // bytes
    std::uint64_t keep_free = 16ULL << 20;      // bytes
    std::uint64_t write_budget = 256ULL << 20;  // bytes in any 24 hours; 0: no limit

    friend bool operator==(const Cache&, const Cache&) = default;
  } cache_limits;

  std::chrono::seconds refresh_interval = std::chrono::hours(6);
  std::size_t max_devices = 4096;
  Policy policy;
  UpdateRules rules;

  // How long to be silent towards a Tasmota device whose flashing a restart of the daemon may have interrupted.
  std::chrono::milliseconds tasmota_quiet = std::chrono::seconds(60);

  std::vector<FeedConfig> feeds;
  std::vector<IndexConfig> indexes;

  friend bool operator==(const Config&, const Config&) = default;
};

// Reads `file` and then the *.toml of the folder with its stem and ".d" beside it, by name; feeds and indexes add up. A
// missing drop-in folder is fine, a missing file is not. The files that the configuration names are looked at too: a
// password that everybody may read, or a feed's root that everybody may change, is refused.
Result<Config> load_config(const std::filesystem::path& file);

}  // namespace homepatch
