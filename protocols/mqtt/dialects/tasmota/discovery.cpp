#include "protocols/mqtt/dialects/tasmota/discovery.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "protocols/mqtt/dialects/tasmota/fields.hpp"
#include "protocols/mqtt/dialects/tasmota/version_text.hpp"
#include "trust/strict_json.hpp"

namespace homepatch::mqtt::tasmota {

namespace {

using nlohmann::json;

constexpr std::string_view kBefore = "tasmota/discovery/";
constexpr std::string_view kBehind = "/config";
constexpr std::size_t kMacDigits = 12;
constexpr std::size_t kMaxLwtText = 64;
constexpr std::int64_t kProtocolVersion = 1;

JsonLimits limits() {
  JsonLimits out;
  out.max_bytes = kMaxConfig;
  out.max_depth = 4;     // real ones have 2
  out.max_nodes = 1024;  // real ones have about 200
  return out;
}

Result<std::string> needed(const json& object, std::string_view key) {
  auto text = text_field(object, key);
  if (!text) return fail(Errc::malformed, "it lacks the text \"" + std::string(key) + "\"");
  return *std::move(text);
}

Result<TopicTemplate> parse_template(const json& object) {
  TopicTemplate out;
  out.full_topic = TRY(needed(object, "ft"));
  out.topic = TRY(needed(object, "t"));
  out.hostname = text_field(object, "hn").value_or("");
  const auto prefixes = object.find("tp");
  const bool three = prefixes != object.end() && prefixes->is_array() && prefixes->size() == out.prefixes.size() &&
                     std::ranges::all_of(*prefixes, [](const json& p) { return p.is_string(); });
  if (!three) return fail(Errc::malformed, "its \"tp\" is not three texts");
  std::ranges::transform(*prefixes, out.prefixes.begin(), [](const json& p) { return p.get<std::string>(); });
  return out;
}

// The device's own name, else that of its first relay.
std::string name_of(const json& object) {
  if (auto name = shown_field(object, "dn")) return *name;
  const auto friendly = object.find("fn");
  if (friendly == object.end() || !friendly->is_array() || friendly->empty()) return "";
  return shown_value(friendly->front()).value_or("");
}

std::string lwt_text(const json& object, std::string_view key, std::string otherwise) {
  auto text = text_field(object, key);
  return text && !text->empty() && text->size() <= kMaxLwtText ? *std::move(text) : std::move(otherwise);
}

}  // namespace

std::string discovery_topic(const DeviceId& device) {
  return std::string(kBefore) + mac_digits(device) + std::string(kBehind);
}

std::optional<std::string_view> discovery_mac(std::string_view topic) {
  if (!topic.starts_with(kBefore) || !topic.ends_with(kBehind)) return std::nullopt;
  if (topic.size() != kBefore.size() + kMacDigits + kBehind.size()) return std::nullopt;
  const auto mac = topic.substr(kBefore.size(), kMacDigits);
  if (mac.find_first_not_of("0123456789ABCDEF") != std::string_view::npos) return std::nullopt;
  return mac;
}

Result<Config> parse_config(std::string_view topic_mac, std::string_view payload) {
  const auto object = TRY(parse_json(payload, limits()));
  if (!object.is_object()) return fail(Errc::malformed, "it is not a JSON object");
  Config config(TRY(DeviceId::from_mac(topic_mac)));
  const auto mac = TRY(needed(object, "mac"));
  if (TRY(DeviceId::from_mac(mac)) != config.device) {
    return fail(Errc::malformed, "the MAC address inside is not that of its topic");
  }
  if (number_field(object, "ver").value_or(kProtocolVersion) != kProtocolVersion) {
    return fail(Errc::unsupported, "its \"ver\" is not 1");
  }
  const auto announced = TRY(parse_template(object));
  config.topics = TRY(build_topics(announced, config.device));
  config.name = name_of(object);
  config.model = shown_field(object, "md").value_or("");
  if (const auto version = parse_version_text(text_field(object, "sw").value_or(""))) config.version = version->version;
  config.address = address_field(object, "ip");
  config.online_text = lwt_text(object, "onln", config.online_text);
  config.offline_text = lwt_text(object, "ofln", config.offline_text);
  if (const auto battery = number_field(object, "bat")) config.battery = *battery == 1;
  config.sleepy = config.battery.value_or(false) || number_field(object, "dslp").value_or(0) > 0;
  return config;
}

}  // namespace homepatch::mqtt::tasmota
