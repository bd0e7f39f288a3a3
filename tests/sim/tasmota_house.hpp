// A loop, a real broker with a listener, a web server and one pretend Tasmota device: what the Tasmota tests share.
#pragma once

#include <gtest/gtest.h>

#include "child.hpp"
#include "device_lines.hpp"
#include "pretend_http_server.hpp"
#include "sim/tasmota/tasmota_device.hpp"

namespace homepatch::sim {

class TasmotaHouse : public ::testing::Test {
 protected:
  TasmotaHouse() {
    using std::chrono::milliseconds;
    settings.announce_delay = milliseconds(10);
    settings.fetch_delay = milliseconds(10);
    settings.restart_delay = milliseconds(10);
    settings.boot_time = milliseconds(20);
    settings.free_space = 1024U * 1024U;
  }

  void SetUp() override {
    ASSERT_TRUE(broker.start());
    ASSERT_TRUE(broker.listen());
  }

  // The device, ready.
  void start() {
    settings.broker = {"127.0.0.1", broker.port(), {}, {}};
    http = HttpClient::open(*loop).value();
    device = std::make_unique<TasmotaDevice>(*loop, *http, settings, identity, lines.sink());
    device->start();
    ASSERT_TRUE(lines.await(" ready")) << lines.text();
    ASSERT_TRUE(settings.retained_only || hears_commands(1)) << lines.text();
  }

  // True once the device's start number `boot` is so far that a command reaches it. It subscribes before it says INFO3,
  // and the broker takes both in their order; what a test would publish before that is lost.
  [[nodiscard]] bool hears_commands(std::size_t boot) { return hear("/INFO3 ", boot); }

  void command(const std::string& name, const std::string& payload) {
    ASSERT_TRUE(broker.publish("cmnd/tasmota_000001/" + name, payload));
  }
  void upgrade_from(const std::string& url) {
    command("OtaUrl", url);
    command("Upgrade", "1");
  }
  [[nodiscard]] bool hear(const std::string& part, std::size_t times = 1) { return broker.heard().await(part, times); }
  [[nodiscard]] bool heard(const std::string& part) { return broker.heard().output().find(part) != std::string::npos; }

  static std::string image(const std::string& version, const std::string& name = "tasmota",
                           EspChip chip = EspChip::esp32) {
    return make_esp_image({version, name, chip, 60'000}).value();
  }

  std::unique_ptr<EventLoop> loop = EventLoop::open().value();
  DeviceLines lines{*loop};
  TestBroker broker{*loop};
  PretendHttpServer web{*loop};
  TasmotaSettings settings;
  TasmotaIdentity identity{0, 0xA0B1C2000001, 0x7F010001, {}};
  std::unique_ptr<HttpClient> http;
  std::unique_ptr<TasmotaDevice> device;
};

}  // namespace homepatch::sim
