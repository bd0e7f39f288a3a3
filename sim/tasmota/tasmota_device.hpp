// A pretend Tasmota device: its flash (running firmware, OtaUrl), its MQTT session and its restarts.
//
// It says on its voice: ready (first announcement), reported version=, lost/offline, ota-url, upgrade-accepted,
// downloading, fetch-failed, disturbed, installed version=, upgrade-result, restarting, gone.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/event_loop.hpp"
#include "sim/tasmota/ota_fetch.hpp"
#include "sim/tasmota/tasmota_messages.hpp"
#include "sim/voice.hpp"

namespace homepatch::sim {

class TasmotaDevice {
 public:
  // All the references outlive the device.
  TasmotaDevice(EventLoop& loop, HttpClient& http, const TasmotaSettings& settings, const TasmotaIdentity& identity,
                const LineSink& sink);

  void start() { boot(); }

  // The owner pulls the plug; with --retained-only it says goodbye instead, so that its retained messages go on
  // claiming that it is online.
  void stop();

 private:
  // Life.
  void boot();
  void connect();
  void on_connected();
  void on_subscribed();
  void on_lost(const std::string& reason);
  void introduce();
  void announce();
  void beat();
  void restart(const Firmware& next, std::string reason);
  void power_off();

  // Commands.
  void on_message(const MqttMessage& message);
  void execute(const std::string& command, std::string_view payload);
  void on_backlog(std::string_view commands);
  void on_status(std::string_view payload);
  void on_ota_url(std::string_view payload);
  void on_upgrade(const std::string& command, std::string_view payload);
  void reply(std::string_view command, std::string_view json);
  [[nodiscard]] std::string expanded_ota_url() const;

  // Upgrade.
  void fetch();
  [[nodiscard]] bool on_progress(std::uint64_t done, std::uint64_t total);
  void on_fetched(const OtaOutcome& outcome);
  void install(const OtaOutcome& outcome);
  void publish_result(std::string_view text);

  EventLoop& loop_;
  HttpClient& http_;
  const TasmotaSettings& settings_;
  TasmotaIdentity identity_;
  TasmotaMessages messages_;
  Voice voice_;

  TasmotaState state_;
  bool propagate_ = false;  // after the restart, go on fetching OtaUrl (RTC memory, factory flag)
  bool contradict_ = false;
  bool hung_ = false;
  bool ready_ = false;
  bool introduced_ = false;  // since the boot

  // The last members: their callbacks use the others.
  std::unique_ptr<BrokerConnection> connection_;
  std::unique_ptr<OtaFetch> fetch_;
  Timer life_;     // reconnect, boot, announce
  Timer upgrade_;  // the next step of an upgrade
  Timer beat_;
};

}  // namespace homepatch::sim
