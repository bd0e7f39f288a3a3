// The commands that a pretend Tasmota device understands (support_command.ino).
#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "sim/tasmota/ota_url.hpp"
#include "sim/tasmota/tasmota_device.hpp"

namespace homepatch::sim {

namespace {

constexpr std::size_t kMaxOtaUrl = 100;
constexpr std::size_t kMaxBacklog = 30;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string one_member(std::string_view key, std::string_view value) {
  nlohmann::json json;
  json[std::string(key)] = value;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

void TasmotaDevice::on_message(const MqttMessage& message) {
  if (hung_) return;
  const auto slash = message.topic.rfind('/');
  const auto command = message.topic.substr(slash == std::string::npos ? 0 : slash + 1);
  if (fetch_ && fetch_->transferring()) {
    voice_.say("disturbed topic={}", in_quotes(message.topic));
    return fetch_->disturb();
  }
  execute(command, message.payload);
}

void TasmotaDevice::execute(const std::string& command, std::string_view payload) {
  const auto name = lower(command);
  if (name == "backlog") return on_backlog(payload);
  if (name == "status" && !state_.running.stripped()) return on_status(payload);
  if (name == "otaurl") return on_ota_url(payload);
  if (name == "upgrade" || name == "upload") return on_upgrade(name == "upgrade" ? "Upgrade" : "Upload", payload);
  if (name == "power") return reply("POWER", one_member("POWER", "OFF"));
  if (name == "restart" && payload == "1") {
    reply("Restart", one_member("Restart", "Restarting"));
    upgrade_ = loop_.after(settings_.restart_delay, [this] { restart(state_.running, "Software/System restart"); });
    return;
  }
  reply("Command", one_member("Command", "Unknown"));
}

void TasmotaDevice::on_backlog(std::string_view commands) {
  for (std::size_t i = 0; i < kMaxBacklog && !commands.empty(); ++i) {
    const auto end = std::min(commands.find(';'), commands.size());
    const auto one = trimmed(commands.substr(0, end));
    const auto space = std::min(one.find(' '), one.size());
    if (!one.empty() && lower(one.substr(0, space)) != "backlog") {
      execute(std::string(one.substr(0, space)), trimmed(one.substr(space)));
    }
    commands.remove_prefix(std::min(end + 1, commands.size()));
  }
}

void TasmotaDevice::on_status(std::string_view payload) {
  const auto uptime = loop_.monotonic() - state_.booted;
  const auto publish = [&](int number) {
    const auto text = messages_.status(number, state_, uptime);
    const auto topic = number == 0 ? std::string("STATUS") : fmt::format("STATUS{}", number);
    if (text) connection_->publish(messages_.stat(topic), *text, false);
  };
  if (payload.empty()) return publish(0);
  if (payload == "0") {
    for (const int number : {0, 1, 2, 4, 5}) publish(number);
  } else if (payload.size() == 1 && payload[0] >= '1' && payload[0] <= '9') {
    publish(payload[0] - '0');
  }
}

// A longer one than fits changes nothing; the answer always shows what is stored.
void TasmotaDevice::on_ota_url(std::string_view payload) {
  if (payload == "1") {
    state_.ota_url = messages_.default_ota_url();
  } else if (!payload.empty() && payload.size() <= kMaxOtaUrl) {
    state_.ota_url = payload;
  }
  if (!payload.empty()) voice_.say("ota-url url={}", in_quotes(state_.ota_url));
  reply("OtaUrl", one_member("OtaUrl", state_.ota_url));
}

void TasmotaDevice::on_upgrade(const std::string& command, std::string_view payload) {
  const auto& running = state_.running.version;
  if (payload != "1" && (payload.size() < 3 || !is_newer_version(payload, running))) {
    return reply(command, one_member(command, fmt::format("1 or >{} to upgrade", running)));
  }
  reply(command, one_member(command, fmt::format("Version {} from {}", running, expanded_ota_url())));
  voice_.say("upgrade-accepted url={}", in_quotes(expanded_ota_url()));
  if (identity_.faults.has(Fault::hang)) {
    hung_ = true;
  } else if (identity_.faults.has(Fault::refuse)) {
    upgrade_ = loop_.after(settings_.fetch_delay, [this] { publish_result("Failed Forbidden (403)"); });
  } else if (settings_.flow == TasmotaFlow::safeboot && !state_.running.stripped()) {
    propagate_ = true;
    const Firmware next{running, "safeboot"};
    upgrade_ = loop_.after(settings_.fetch_delay, [this, next] { restart(next, "Software/System restart"); });
  } else {
    fetch();
  }
}

void TasmotaDevice::reply(std::string_view command, std::string_view json) {
  std::string topic = "RESULT";
  if (settings_.so4) {
    topic = command;
    std::transform(topic.begin(), topic.end(), topic.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  }
  connection_->publish(messages_.stat(topic), json, false);
}

// The firmware puts the chip's number where the URL says %04d or %d.
std::string TasmotaDevice::expanded_ota_url() const {
  auto url = state_.ota_url;
  const auto number = identity_.mac & 0xFFFFFFU;
  if (const auto padded = url.find("%04d"); padded != std::string::npos) {
    url.replace(padded, 4, fmt::format("{:04}", number & 0x1FFFU));
  } else if (const auto plain = url.find("%d"); plain != std::string::npos) {
    url.replace(plain, 2, fmt::format("{}", number));
  }
  return url;
}

}  // namespace homepatch::sim
