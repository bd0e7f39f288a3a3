// What all LwM2M clients of one run have in common (the command line), and what tells one from the other.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "sim/address.hpp"
#include "sim/fault.hpp"

namespace homepatch::sim {

// Whose habits a client has; they differ where servers stumble.
enum class Lwm2mKind {
  anjay,    // Package goes from Idle straight to Downloaded, anything else meanwhile is 5.03; a smaller block size is
            // asked for in the answer to block 0; Result 1 after the restart
  zephyr,   // blocks belong to the token of block 0, too large ones get a bare 4.13; notifications are confirmable;
            // State and Result are 0 again after the restart; no Cancel
  wakaama,  // states count from 1, Package URI cannot be read, no Discover, TLV unless asked; too large blocks get a
            // 4.13 that names the size
};

struct Lwm2mSettings {
  Peer server;
  Lwm2mKind kind = Lwm2mKind::anjay;
  std::string endpoint_prefix = "lamp-";
  std::string manufacturer = "Acme";
  std::string model = "Lamp";
  std::string hardware = "A";
  std::string version = "1.0.0";
  std::string lwm2m_version = "1.1";
  std::uint32_t lifetime = 60;                   // s
  std::uint8_t szx = 6;                          // largest block taken: 16 << szx bytes
  std::chrono::milliseconds install_delay{300};  // from the Execute to the loss of contact
  std::chrono::milliseconds boot_time{2000};
  bool queue = false;                       // queue mode: deaf but for `awake` after it last spoke
  std::chrono::milliseconds awake{93'000};  // MAX_TRANSMIT_WAIT
};

struct Lwm2mIdentity {
  std::size_t index = 0;
  std::uint32_t address = 0;
  Faults faults;
};

}  // namespace homepatch::sim
