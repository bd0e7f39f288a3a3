#include "daemon/config.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/file.hpp"
#include "base/text.hpp"
#include "core/catalog_names.hpp"
#include "daemon/config_index.hpp"
#include "daemon/config_table.hpp"

namespace homepatch {

namespace {

using namespace config;
using std::chrono::seconds;

constexpr std::size_t kMaxConfigFile = 256UL << 10;
constexpr std::size_t kMaxFeeds = 32;
constexpr std::size_t kMaxDropIns = 256;

// A vendor domain belongs to one feed: two that speak for it would have to be believed in turn.
Status check_vendors(const FeedConfig& feed, const std::vector<FeedConfig>& others) {
  for (const auto& vendor : feed.vendors) {
    if (!is_vendor_id(vendor)) {
      return fail(Errc::invalid_argument,
                  fmt::format("feed '{}': vendors: '{}' must be a domain name in lower case, such as "
                              "acme.example",
                              feed.name, printable(vendor, 100)));
    }
    for (const auto& other : others) {
      if (std::ranges::find(other.vendors, vendor) == other.vendors.end()) continue;
      return fail(Errc::invalid_argument,
                  fmt::format("the feeds '{}' and '{}' both speak for {}: take it out of the vendors of one of them",
                              other.name, feed.name, vendor));
    }
  }
  return {};
}

Status read_feed(const std::filesystem::path& file, const toml::node& node, Config& config) {
  FeedConfig feed;
  const auto* table = node.as_table();
  if (table == nullptr) return must(node, "written as [[feed]]");
  TRY(Table(file, "feed")
          .key("name", text(feed.name))
          .key("url", web_address(feed.url))
          .key("mirrors", web_addresses(feed.mirrors))
          .key("hosts", texts(feed.hosts))
          .key("root", path(feed.root))
          .key("vendors", texts(feed.vendors))
          .read(*table));
  const std::string where = place(file, node.source());
  if (!is_name(feed.name)) {
    return fail(Errc::invalid_argument,
                where + ": a feed needs a name of 1 to 40 letters, digits, '-' and '_', like name = \"acme\"");
  }
  if (feed.name == kLocalFeed) {
    return fail(Errc::invalid_argument,
                where + ": a feed may not be named 'local': so images are called that an administrator imports");
  }
  if (feed.url.empty() || feed.root.empty()) {
    return fail(Errc::invalid_argument, fmt::format("{}: feed '{}' needs {}", where, feed.name,
                                                    feed.url.empty() ? "url, the address that holds its metadata/"
                                                                     : "root, the file in which its trust begins"));
  }
  if (std::ranges::find(config.feeds, feed.name, &FeedConfig::name) != config.feeds.end()) {
    return fail(
        Errc::invalid_argument,
        fmt::format("{}: there is another feed named '{}', here or in an earlier file; give one of them another name",
                    where, feed.name));
  }
  if (config.feeds.size() >= kMaxFeeds)
    return fail(Errc::too_large, fmt::format("{}: more than {} feeds", where, kMaxFeeds));
  TRY_IN(where, check_vendors(feed, config.feeds));
  config.feeds.push_back(std::move(feed));
  return {};
}

Table::Reader feeds(const std::filesystem::path& file, Config& config) {
  return [&file, &config](const toml::node& node) -> Status {
    const auto* array = node.as_array();
    if (array == nullptr) return must(node, "written as [[feed]], with two brackets");
    for (const auto& item : *array) TRY(read_feed(file, item, config));
    return {};
  };
}

Status read_update(const std::filesystem::path& file, const toml::table& node, Config& config) {
  UpdateRules& rules = config.rules;
  return Table(file, "update")
      .key("fetch_limit", duration(rules.fetch_limit))
      .key("transfer_stall", duration(rules.transfer_stall))
      .key("install_limit", duration(rules.install_limit))
      .key("soak", duration(rules.soak))
      .key("recheck_limit", duration(rules.recheck_limit))
      .key("retry_base", duration(rules.retry_base))
      .key("max_attempts", number(rules.max_attempts, 1, 20))
      .key("tasmota_quiet", duration(config.tasmota_quiet))
      .read(node);
}

Status read_all(const std::filesystem::path& file, const toml::table& root, Config& config) {
  bool ask = false;
  const auto mqtt = [&](const toml::table& node) {
    return Table(file, "mqtt")
        .key("enabled", flag(config.mqtt.enabled))
        .key("host", filled_text(config.mqtt.host))
        .key("port", number(config.mqtt.port, 1, 65535))
        .key("user", text(config.mqtt.user))
        .key("password_file", path(config.mqtt.password_file))
        .key("client_id", filled_text(config.mqtt.client_id))
        .read(node);
  };
  const auto coap = [&](const toml::table& node) {
    return Table(file, "coap")
        .key("enabled", flag(config.coap.enabled))
        .key("port", number(config.coap.port, 0, 65535))
        .key("awake", duration(config.coap.awake, 1.0))
        .read(node);
  };
  const auto http = [&](const toml::table& node) {
    return Table(file, "http").key("port", number(config.http.port, 0, 65535)).read(node);
  };
  const auto network = [&](const toml::table& node) {
    return Table(file, "network").key("interfaces", texts(config.interfaces, 1)).read(node);
  };
  const auto cache = [&](const toml::table& node) {
    return Table(file, "cache")
        .key("folder", path(config.cache))
        .key("quota_mib", mebibytes(config.cache_limits.quota, 1))
        .key("keep_free_mib", mebibytes(config.cache_limits.keep_free, 0))
        .key("write_budget_mib_per_day", mebibytes(config.cache_limits.write_budget, 0))
        .read(node);
  };
  const auto policy = [&](const toml::table& node) -> Status {
    ask = !config.policy.automatic;
    TRY(Table(file, "policy")
            .key("accept_new", choice(config.policy.accept_always, "ask", "always"))
            .key("updates", choice(ask, "automatic", "ask"))
            .key("max_under_way", number(config.policy.max_under_way, 1, 64))
            .key("operator_automatic", flag(config.policy.operator_automatic))
            .read(node));
    config.policy.automatic = !ask;
    return {};
  };
  return Table(file, "")
      .key("state", path(config.state))
      .key("clock", choice(config.trust_clock, "kernel", "trust"))
      .key("log", level(config.log_level))
      .key("max_devices", number(config.max_devices, 1, 100'000))
      .key("refresh_interval", duration(config.refresh_interval, 1.0))
      .key("network", table(network))
      .key("mqtt", table(mqtt))
      .key("coap", table(coap))
      .key("http", table(http))
      .key("cache", table(cache))
      .key("policy", table(policy))
      .key("update", table([&](const toml::table& node) { return read_update(file, node, config); }))
      .key("feed", feeds(file, config))
      .key("index", indexes(file, config.indexes))
      .read(root);
}

Status read_config_file(const std::filesystem::path& file, Config& config) {
  const std::string content =
      TRY_IN("reading the configuration (-c FILE names another)", read_file(file, kMaxConfigFile));
  // Debian's library throws, and only here.
  try {
    return read_all(file, toml::parse(std::string_view(content), file.string()), config);
  } catch (const toml::parse_error& error) {
    return fail(Errc::invalid_argument, fmt::format("{}: {}", place(file, error.source()), error.description()));
  }
}

// The *.toml of the folder in the order of their names. Those that begin with a dot are editors' leftovers.
Result<std::set<std::filesystem::path>> drop_ins_of(const std::filesystem::path& folder) {
  std::set<std::filesystem::path> files;
  std::error_code ec;
  std::filesystem::directory_iterator entry(folder, ec);
  if (ec == std::errc::no_such_file_or_directory) return files;
  for (; !ec && entry != std::filesystem::directory_iterator(); entry.increment(ec)) {
    const auto& file = entry->path();
    if (file.extension() == ".toml" && !file.filename().string().starts_with('.')) files.insert(file);
    if (files.size() > kMaxDropIns) {
      return fail(Errc::too_large, fmt::format("{} holds more than {} files", folder.string(), kMaxDropIns));
    }
  }
  if (ec) return fail(Errc::io, fmt::format("reading the folder {}: {}", folder.string(), ec.message()));
  return files;
}

// A file that the configuration names: there, readable, and without those permissions for everybody.
Status check_file(const std::filesystem::path& file, mode_t not_for_all, std::string_view danger,
                  std::string_view command) {
  struct stat st {};
  if (::stat(file.c_str(), &st) != 0 || ::access(file.c_str(), R_OK) != 0) {
    return fail(errno_error("reading " + file.string(), errno));
  }
  if (!S_ISREG(st.st_mode)) return fail(Errc::invalid_argument, file.string() + " is not a regular file");
  if ((st.st_mode & not_for_all) == 0) return {};
  return fail(Errc::not_authorised,
              fmt::format("everybody may {} {}; run: {} {}", danger, file.string(), command, file.string()));
}

// What the whole configuration, drop-ins included, came to.
Status check_files(const Config& config) {
  if (config.mqtt.enabled && !config.mqtt.password_file.empty()) {
    TRY_IN("[mqtt] password_file", check_file(config.mqtt.password_file, S_IROTH | S_IWOTH, "read", "chmod o="));
    TRY_IN("[mqtt] password_file", read_secret(config.mqtt.password_file));
    // MQTT 3.1.1 section 3.1.2.9.
    if (config.mqtt.user.empty()) {
      return fail(Errc::invalid_argument, "[mqtt] password_file: a password goes with a user; add user = to [mqtt]");
    }
  }
  for (const auto& feed : config.feeds) {
    TRY_IN("root of feed " + feed.name, check_file(feed.root, S_IWOTH, "change", "chmod o-w"));
  }
  return {};
}

}  // namespace

Result<Config> load_config(const std::filesystem::path& file) {
  Config config;
  TRY(read_config_file(file, config));
  std::filesystem::path folder = file;
  folder.replace_extension(".d");
  const auto drop_ins = TRY(drop_ins_of(folder));
  for (const auto& drop_in : drop_ins) TRY(read_config_file(drop_in, config));
  TRY(check_files(config));
  return config;
}

}  // namespace homepatch
