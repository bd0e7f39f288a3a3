// What Tasmota says over MQTT, as text (xdrv_12_discovery.ino, support_command.ino, support_tasmota.ino). Pure: a
// device's state in, payloads and topics out.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sim/tasmota/tasmota_settings.hpp"

namespace homepatch::sim {

struct Firmware {
  std::string version;  // "14.2.0"
  std::string image;    // "tasmota", "minimal", "safeboot"

  // "14.2.0(tasmota)"
  [[nodiscard]] std::string text() const { return version + '(' + image + ')'; }
  // These builds are only there to install another one.
  [[nodiscard]] bool stripped() const { return image == "minimal" || image == "safeboot"; }
};

struct TasmotaState {
  Firmware running;
  std::string ota_url;
  std::string restart_reason = "Power On";
  int boot_count = 0;
  int mqtt_count = 0;
  std::chrono::milliseconds booted{};  // loop time
};

class TasmotaMessages {
 public:
  TasmotaMessages(const TasmotaSettings& settings, const TasmotaIdentity& identity);

  [[nodiscard]] const std::string& topic() const { return topic_; }
  [[nodiscard]] std::string mac() const;        // "A0B1C2000001"
  [[nodiscard]] std::string colon_mac() const;  // "A0:B1:C2:00:00:01"
  [[nodiscard]] std::string client_id() const;  // "DVES_000001"
  [[nodiscard]] std::string cmnd(std::string_view what) const { return full("cmnd", topic_) + std::string(what); }
  [[nodiscard]] std::string stat(std::string_view what) const { return full("stat", topic_) + std::string(what); }
  [[nodiscard]] std::string tele(std::string_view what) const { return full("tele", topic_) + std::string(what); }
  [[nodiscard]] std::string group() const { return full("cmnd", "tasmotas"); }
  [[nodiscard]] std::string fallback() const { return "cmnd/" + client_id() + "_fb/"; }
  [[nodiscard]] std::string default_ota_url() const;
  [[nodiscard]] std::string discovery(std::string_view what) const;

  [[nodiscard]] std::string config(const TasmotaState& state) const;
  [[nodiscard]] std::string sensors() const;
  // Number 1, 2 or 3.
  [[nodiscard]] std::string info(int number, const TasmotaState& state) const;
  [[nodiscard]] std::string state(const TasmotaState& state, std::chrono::milliseconds uptime) const;
  // Nothing for a number that this firmware does not know. 0 is the short status.
  [[nodiscard]] std::optional<std::string> status(int number, const TasmotaState& state,
                                                  std::chrono::milliseconds uptime) const;
  [[nodiscard]] std::vector<std::string> fetch_headers(const TasmotaState& state) const;

 private:
  [[nodiscard]] std::string full(std::string_view prefix, std::string_view topic) const;
  [[nodiscard]] std::string hostname() const;

  const TasmotaSettings& settings_;
  TasmotaIdentity identity_;
  std::string topic_;
};

}  // namespace homepatch::sim
