// What all Tasmota-like devices of one run have in common (the command line), and what tells one from the other.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "sim/address.hpp"
#include "sim/fault.hpp"
#include "sim/image/esp_image.hpp"
#include "sim/tasmota/broker_connection.hpp"

namespace homepatch::sim {

enum class TasmotaFlow {
  one_step,  // the image goes straight into free flash
  two_step,  // ESP8266 without room: the minimal image first, which then fetches the wanted one by itself
  safeboot,  // ESP32 with one application partition: restarts into safeboot, which does the work
};

struct TasmotaSettings {
  Broker broker;
  std::string version = "14.2.0";
  std::string image = "tasmota";
  std::string hardware = "ESP32-D0WD-V3";  // as Status 2 says it
  EspChip chip = EspChip::esp32;
  std::string module = "Pretend Plug";
  std::string topic = "tasmota_{mac6}";  // {mac6}, {mac}, {index}
  std::string full_topic = "%prefix%/%topic%/";
  TasmotaFlow flow = TasmotaFlow::one_step;
  bool so4 = false;            // SetOption4: answers on stat/.../<COMMAND> instead of stat/.../RESULT
  bool retained_only = false;  // publishes the retained messages, then never says anything
  std::uint64_t free_space = 0;
  std::uint64_t download_rate = 0;                // bytes a second, 0 without limit
  std::chrono::milliseconds announce_delay{500};  // from the connection to the discovery messages; 10 s in reality
  std::chrono::milliseconds fetch_delay{500};     // before each attempt to fetch; 2 to 3 s in reality
  std::chrono::milliseconds restart_delay{500};   // from the result to the restart; 4 s in reality
  std::chrono::milliseconds boot_time{2000};
  std::chrono::seconds tele_period{300};
};

struct TasmotaIdentity {
  std::size_t index = 0;
  std::uint64_t mac = 0;
  std::uint32_t address = 0;
  Faults faults;
};

}  // namespace homepatch::sim
