#include "sim/tasmota/tasmota_device.hpp"

#include <limits>

#include "base/text.hpp"

namespace homepatch::sim {

namespace {

constexpr std::chrono::milliseconds kReconnectDelay{2000};
constexpr std::string_view kSuccess = "Successful. Restarting";

}  // namespace

TasmotaDevice::TasmotaDevice(EventLoop& loop, HttpClient& http, const TasmotaSettings& settings,
                             const TasmotaIdentity& identity, const LineSink& sink)
    : loop_(loop),
      http_(http),
      settings_(settings),
      identity_(identity),
      messages_(settings, identity),
      voice_(messages_.topic(), sink) {
  state_.running = {settings.version, settings.image};
  state_.ota_url = messages_.default_ota_url();
}

void TasmotaDevice::stop() {
  if (settings_.retained_only && connection_) connection_->leave();
  power_off();
}

void TasmotaDevice::power_off() {
  fetch_.reset();
  life_.cancel();
  upgrade_.cancel();
  beat_.cancel();
  connection_.reset();
}

void TasmotaDevice::boot() {
  ++state_.boot_count;
  state_.booted = loop_.monotonic();
  introduced_ = false;
  connect();
}

void TasmotaDevice::connect() {
  connection_.reset();
  const BrokerConnection::Order order{
      settings_.broker, messages_.client_id(), address_text(identity_.address), {messages_.tele("LWT"), "Offline"}};
  auto opened = BrokerConnection::open(
      loop_, order,
      {[this] { on_connected(); }, [this] { on_subscribed(); }, [this](const MqttMessage& m) { on_message(m); },
       [this](const std::string& reason) { on_lost(reason); }});
  if (!opened) return on_lost(opened.error().text);
  connection_ = std::move(*opened);
}

void TasmotaDevice::on_lost(const std::string& reason) {
  voice_.say("lost reason={}", in_quotes(reason));
  beat_.cancel();
  life_ = loop_.after(kReconnectDelay, [this] { connect(); });
}

void TasmotaDevice::on_connected() {
  ++state_.mqtt_count;
  voice_.say("online address={} mac={}", address_text(identity_.address), messages_.mac());
  connection_->publish(messages_.tele("LWT"), "Online", true);
  if (settings_.retained_only) return announce();
  connection_->publish(messages_.cmnd("POWER"), "", false);
  connection_->subscribe(messages_.cmnd("#"));
  connection_->subscribe(messages_.group() + '#');
  connection_->subscribe(messages_.fallback() + '#');
}

// The firmware does not wait for the broker's answer, but it also does not restart within milliseconds: whoever drops a
// connection while an answer is on its way loses what it said last.
void TasmotaDevice::on_subscribed() {
  if (!introduced_) introduce();
  beat_ = loop_.after(settings_.tele_period, [this] { beat(); });
  life_ = loop_.after(settings_.announce_delay, [this] { announce(); });
}

// Once a boot, on the first connection after it.
void TasmotaDevice::introduce() {
  introduced_ = true;
  for (const int number : {1, 2, 3}) {
    connection_->publish(messages_.tele(fmt::format("INFO{}", number)), messages_.info(number, state_), false);
  }
  voice_.say("reported version={}", state_.running.text());
  if (std::exchange(contradict_, false)) publish_result("Failed Update error: flash write failed");
  if (propagate_ && state_.running.stripped()) {
    propagate_ = false;
    fetch();
  }
}

// Stripped builds have no discovery: what was retained before goes on standing there, out of date.
void TasmotaDevice::announce() {
  if (!state_.running.stripped()) {
    connection_->publish(messages_.discovery("config"), messages_.config(state_), true);
    connection_->publish(messages_.discovery("sensors"), messages_.sensors(), true);
    voice_.say("announced version={}", state_.running.version);
  }
  if (!std::exchange(ready_, true)) voice_.say("ready");
}

void TasmotaDevice::beat() {
  beat_ = loop_.after(settings_.tele_period, [this] { beat(); });
  if (hung_ || (fetch_ && fetch_->transferring())) return;
  connection_->publish(messages_.tele("STATE"), messages_.state(state_, loop_.monotonic() - state_.booted), false);
}

// The broker sees the connection break and publishes the will, as with a real restart.
void TasmotaDevice::restart(const Firmware& next, std::string reason) {
  power_off();
  if (identity_.faults.has(Fault::vanish)) {
    voice_.say("gone");
    return;
  }
  voice_.say("restarting");
  state_.running = next;
  state_.restart_reason = std::move(reason);
  life_ = loop_.after(settings_.boot_time, [this] { boot(); });
}

void TasmotaDevice::fetch() {
  const bool stripped = state_.running.stripped();
  OtaOrder order{expanded_ota_url(), stripped ? std::numeric_limits<std::uint64_t>::max() : settings_.free_space,
                 settings_.chip == EspChip::esp8266 && !stripped, address_text(identity_.address),
                 messages_.fetch_headers(state_)};
  fetch_ = std::make_unique<OtaFetch>(
      loop_, http_, settings_, voice_, std::move(order),
      OtaFetch::Events{[this](std::uint64_t done, std::uint64_t total) { return on_progress(done, total); },
                       [this](const OtaOutcome& outcome) { on_fetched(outcome); }});
  fetch_->start();
}

// Inside the transfer, which must not be destroyed here: the power goes on the next turn.
bool TasmotaDevice::on_progress(std::uint64_t done, std::uint64_t total) {
  if (done < total / 2 || !identity_.faults.spend(Fault::drop_midway)) return true;
  voice_.say("dropped done={} total={}", done, total);
  upgrade_ = loop_.after(std::chrono::milliseconds::zero(), [this] { restart(state_.running, "Power On"); });
  return false;
}

void TasmotaDevice::on_fetched(const OtaOutcome& outcome) {
  fetch_.reset();
  const bool failing = outcome.error.empty() && identity_.faults.spend(Fault::fail_once);
  if (!outcome.error.empty() || failing) {
    return publish_result("Failed " + (failing ? std::string("Update error: Flash Write Failed") : outcome.error));
  }
  install(outcome);
}

void TasmotaDevice::install(const OtaOutcome& outcome) {
  Firmware next = state_.running;
  if (outcome.image) {
    next.version = outcome.image->version;
    next.image = outcome.image->name.empty() ? settings_.image : outcome.image->name;
  }
  propagate_ = outcome.minimal;
  const bool last = !outcome.minimal;
  const bool falls_back = last && identity_.faults.has(Fault::fall_back);
  contradict_ = last && identity_.faults.has(Fault::contradict);
  if (falls_back || (last && identity_.faults.has(Fault::lie))) {
    next = {settings_.version, settings_.image};
    voice_.say("kept version={}", next.text());
  } else {
    voice_.say("installed version={}", next.text());
  }
  const std::string reason = falls_back ? "Software Watchdog" : "Software/System restart";
  publish_result(kSuccess);
  upgrade_ = loop_.after(settings_.restart_delay, [this, next, reason] { restart(next, reason); });
}

void TasmotaDevice::publish_result(std::string_view text) {
  voice_.say("upgrade-result text={}", in_quotes(text));
  // Whoever cut the connection during the transfer does not hear it, as in reality.
  if (connection_) connection_->publish(messages_.stat("UPGRADE"), fmt::format(R"({{"Upgrade":"{}"}})", text), false);
}

}  // namespace homepatch::sim
