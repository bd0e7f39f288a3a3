// One upgrade's fetching, as support_tasmota.ino does it: up to four attempts, on ESP8266 the last one with ".gz" and,
// once an image was too large, the minimal image instead; each image must prove itself whole before it counts.
// Fed by a TasmotaDevice, which decides what follows from the outcome.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/event_loop.hpp"
#include "sim/hash.hpp"
#include "sim/image/image.hpp"
#include "sim/tasmota/http_download.hpp"
#include "sim/tasmota/tasmota_settings.hpp"
#include "sim/voice.hpp"

namespace homepatch::sim {

struct OtaOutcome {
  std::string error;                // empty: success
  std::optional<ImageFacts> image;  // nothing after a 304, which Tasmota takes for a success
  bool minimal = false;             // the image was the minimal one; OtaUrl's is still to come
};

struct OtaOrder {
  std::string url;
  std::uint64_t free_space = 0;  // a larger image is refused, the minimal one excepted
  bool may_be_minimal = false;   // ESP8266 that does not run the minimal image
  std::string source_address;
  std::vector<std::string> headers;
};

class OtaFetch {
 public:
  struct Events {
    // After each piece; the total is Content-Length. False: the power went, nothing more is told.
    std::function<bool(std::uint64_t done, std::uint64_t total)> progress;
    // Once, never inside start(); may destroy this object.
    std::function<void(const OtaOutcome&)> done;
  };

  OtaFetch(EventLoop& loop, HttpClient& http, const TasmotaSettings& settings, const Voice& voice, OtaOrder order,
           Events events);

  void start();

  // True while a transfer runs: a real device does nothing else then.
  [[nodiscard]] bool transferring() const { return download_ != nullptr; }

  // Somebody asked the device something while it was writing its flash: the upgrade fails, without another attempt.
  void disturb();

 private:
  void attempt();
  [[nodiscard]] std::string attempt_url();
  [[nodiscard]] bool accept_head(const HttpHead& head);
  [[nodiscard]] bool accept_body(std::string_view bytes);
  void finish_attempt(const HttpHead& head, const std::string& error);
  [[nodiscard]] std::string verdict(const HttpHead& head, const std::string& error);
  [[nodiscard]] std::string check_image(const HttpHead& head);
  void finish(OtaOutcome outcome);

  EventLoop& loop_;
  HttpClient& http_;
  const TasmotaSettings& settings_;
  const Voice& voice_;
  OtaOrder order_;
  Events events_;
  Timer timer_;
  std::unique_ptr<HttpDownload> download_;
  int attempts_left_;
  bool minimal_ = false;
  bool dead_ = false;

  // Of the attempt that runs.
  std::string url_;
  std::string complaint_;  // why we ended the transfer ourselves
  std::uint64_t received_ = 0;
  std::uint64_t expected_ = 0;
  std::string body_;  // of an ESP8266 only: it may be compressed
  std::unique_ptr<ImageReader> reader_;
  std::optional<Hash> md5_;
  std::optional<ImageFacts> image_;
};

}  // namespace homepatch::sim
