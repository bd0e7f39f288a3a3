#include "sim/tasmota/tasmota_messages.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace homepatch::sim {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kLowHalf = 0xFFFFFF;
constexpr int kFlashKilobytes = 4096;
constexpr int kProgramKilobytes = 1712;

std::string text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// "0T00:12:34"
std::string uptime_text(std::chrono::milliseconds uptime) {
  const auto s = std::chrono::duration_cast<std::chrono::seconds>(uptime).count();
  return fmt::format("{}T{:02}:{:02}:{:02}", s / 86400, s / 3600 % 24, s / 60 % 60, s % 60);
}

}  // namespace

TasmotaMessages::TasmotaMessages(const TasmotaSettings& settings, const TasmotaIdentity& identity)
    : settings_(settings), identity_(identity), topic_(settings.topic) {
  replace_all(topic_, "{mac6}", fmt::format("{:06X}", identity.mac & kLowHalf));
  replace_all(topic_, "{mac}", mac());
  replace_all(topic_, "{index}", fmt::format("{}", identity.index));
}

std::string TasmotaMessages::mac() const { return fmt::format("{:012X}", identity_.mac); }

std::string TasmotaMessages::colon_mac() const {
  auto out = mac();
  for (std::size_t at = 2; at < out.size(); at += 3) out.insert(at, 1, ':');
  return out;
}

std::string TasmotaMessages::client_id() const { return fmt::format("DVES_{:06X}", identity_.mac & kLowHalf); }

std::string TasmotaMessages::hostname() const { return fmt::format("{}-{:04}", topic_, identity_.mac & 0x1FFFU); }

std::string TasmotaMessages::full(std::string_view prefix, std::string_view topic) const {
  std::string out = settings_.full_topic;
  replace_all(out, "%prefix%", prefix);
  replace_all(out, "%topic%", topic);
  replace_all(out, "%hostname%", hostname());
  replace_all(out, "%id%", mac());
  if (!out.ends_with('/')) out += '/';
  return out;
}

std::string TasmotaMessages::discovery(std::string_view what) const {
  return fmt::format("tasmota/discovery/{}/{}", mac(), what);
}

std::string TasmotaMessages::default_ota_url() const {
  return settings_.chip == EspChip::esp8266 ? "http://ota.tasmota.com/tasmota/release/tasmota.bin.gz"
                                            : "http://ota.tasmota.com/tasmota32/release/tasmota32.bin";
}

std::string TasmotaMessages::config(const TasmotaState& state) const {
  Json friendly = Json::array({fmt::format("Tasmota {}", identity_.index)});
  while (friendly.size() < 8) friendly.push_back(nullptr);
  Json relays = Json::array({1});
  while (relays.size() < 32) relays.push_back(0);
  return text({{"ip", address_text(identity_.address)},
               {"dn", fmt::format("Pretend {}", identity_.index)},
               {"fn", friendly},
               {"hn", hostname()},
               {"mac", mac()},
               {"md", settings_.module},
               {"ty", 0},
               {"if", 0},
               {"cam", 0},
               {"ofln", "Offline"},
               {"onln", "Online"},
               {"state", {"OFF", "ON", "TOGGLE", "HOLD"}},
               {"sw", state.running.version},
               {"t", topic_},
               {"ft", settings_.full_topic},
               {"tp", {"cmnd", "stat", "tele"}},
               {"rl", relays},
               {"swc", std::vector<int>(28, -1)},
               {"swn", std::vector<nullptr_t>(28)},
               {"btn", std::vector<int>(32, 0)},
               {"so",
                {{"4", settings_.so4 ? 1 : 0},
                 {"11", 0},
                 {"13", 0},
                 {"17", 0},
                 {"20", 0},
                 {"30", 0},
                 {"68", 0},
                 {"73", 0},
                 {"82", 0},
                 {"114", 0},
                 {"117", 0}}},
               {"lk", 0},
               {"lt_st", 0},
               {"bat", 0},
               {"dslp", 0},
               {"sho", Json::array()},
               {"sht", Json::array()},
               {"ver", 1}});
}

std::string TasmotaMessages::sensors() const { return text({{"sn", {{"Time", "2024-01-01T00:00:00"}}}, {"ver", 1}}); }

std::string TasmotaMessages::info(int number, const TasmotaState& state) const {
  if (number == 1) {
    return text({{"Info1",
                  {{"Module", settings_.module},
                   {"Version", state.running.text()},
                   {"FallbackTopic", fallback()},
                   {"GroupTopic", group()}}}});
  }
  if (number == 2) {
    return text(
        {{"Info2",
          {{"WebServerMode", "Admin"}, {"Hostname", hostname()}, {"IPAddress", address_text(identity_.address)}}}});
  }
  return text({{"Info3", {{"RestartReason", state.restart_reason}, {"BootCount", state.boot_count}}}});
}

std::string TasmotaMessages::state(const TasmotaState& state, std::chrono::milliseconds uptime) const {
  return text({{"Time", "2024-01-01T00:00:00"},
               {"Uptime", uptime_text(uptime)},
               {"UptimeSec", uptime.count() / 1000},
               {"Heap", 171},
               {"SleepMode", "Dynamic"},
               {"Sleep", 50},
               {"LoadAvg", 19},
               {"MqttCount", state.mqtt_count},
               {"POWER", "OFF"},
               {"Wifi", {{"AP", 1}, {"SSId", "home"}, {"Channel", 11}, {"RSSI", 82}, {"Signal", -59}}}});
}

std::optional<std::string> TasmotaMessages::status(int number, const TasmotaState& state,
                                                   std::chrono::milliseconds uptime) const {
  switch (number) {
    case 0:
      return text({{"Status",
                    {{"Module", 0},
                     {"DeviceName", fmt::format("Pretend {}", identity_.index)},
                     {"FriendlyName", {fmt::format("Tasmota {}", identity_.index)}},
                     {"Topic", topic_},
                     {"Power", 0}}}});
    case 1:
      return text({{"StatusPRM",
                    {{"Baudrate", 115200},
                     {"GroupTopic", "tasmotas"},
                     {"OtaUrl", state.ota_url},
                     {"RestartReason", state.restart_reason},
                     {"Uptime", uptime_text(uptime)},
                     {"Sleep", 50},
                     {"BootCount", state.boot_count}}}});
    case 2: {
      Json firmware{{"Version", state.running.text()}, {"BuildDateTime", "2024-01-01T00:00:00"}};
      if (settings_.chip == EspChip::esp8266) firmware["Boot"] = 7;
      firmware.update(
          Json{{"Core", "2_7_4_9"}, {"SDK", "v5.1.4"}, {"CpuFrequency", 160}, {"Hardware", settings_.hardware}});
      return text({{"StatusFWR", firmware}});
    }
    case 4:
      return text({{"StatusMEM",
                    {{"ProgramSize", kProgramKilobytes},
                     {"Free", settings_.free_space / 1024},
                     {"Heap", 171},
                     {"ProgramFlashSize", kFlashKilobytes},
                     {"FlashSize", kFlashKilobytes}}}});
    case 5: {
      auto shown = colon_mac();
      if (identity_.faults.has(Fault::wrong_mac)) shown.back() = shown.back() == 'F' ? 'E' : 'F';
      return text({{"StatusNET",
                    {{"Hostname", hostname()},
                     {"IPAddress", address_text(identity_.address)},
                     {"Gateway", "127.0.0.1"},
                     {"Mac", shown},
                     {"Webserver", 2}}}});
    }
    default: return std::nullopt;
  }
}

std::vector<std::string> TasmotaMessages::fetch_headers(const TasmotaState& state) const {
  const std::string_view chip = settings_.chip == EspChip::esp8266 ? "ESP8266" : "ESP32";
  const auto header = [&](std::string_view name, const auto& value) {
    return fmt::format("x-{}-{}: {}", chip, name, value);
  };
  return {fmt::format("User-Agent: {}-http-Update", chip),
          "Accept:",
          "Cache-Control: no-cache",
          "Connection: close",
          header("STA-MAC", colon_mac()),
          header("AP-MAC", colon_mac()),
          header("free-space", settings_.free_space),
          header("sketch-size", kProgramKilobytes * 1024),
          header("sketch-md5", "d41d8cd98f00b204e9800998ecf8427e"),
          header("chip-size", kFlashKilobytes * 1024),
          header("sdk-version", "v5.1.4"),
          header("mode", "sketch"),
          header("version", state.running.text())};
}

}  // namespace homepatch::sim
