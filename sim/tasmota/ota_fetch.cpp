#include "sim/tasmota/ota_fetch.hpp"

#include <strings.h>

#include <cstring>

#include "base/text.hpp"
#include "sim/gunzip.hpp"
#include "sim/tasmota/ota_url.hpp"

namespace homepatch::sim {

namespace {

// OTA_ATTEMPTS of tasmota.h is 5, and the counter goes down before it is looked at.
constexpr int kOtaAttempts = 5;
constexpr std::size_t kMaxUnpacked = 1024U * 1024U;
constexpr char kMagic = static_cast<char>(0xE9);
constexpr char kGzip = '\x1f';
constexpr std::string_view kNoRoom = "Not Enough space";
constexpr std::string_view kBadHeader = "Verify Bin Header Failed";

bool has_gz(std::string_view url) { return url.find(".gz") != std::string_view::npos; }

}  // namespace

OtaFetch::OtaFetch(EventLoop& loop, HttpClient& http, const TasmotaSettings& settings, const Voice& voice,
                   OtaOrder order, Events events)
    : loop_(loop),
      http_(http),
      settings_(settings),
      voice_(voice),
      order_(std::move(order)),
      events_(std::move(events)),
      attempts_left_(kOtaAttempts) {}

void OtaFetch::start() {
  timer_ = loop_.after(settings_.fetch_delay, [this] { attempt(); });
}

std::string OtaFetch::attempt_url() {
  auto url = minimal_ ? minimal_url(order_.url) : order_.url;
  if (settings_.chip != EspChip::esp8266 || attempts_left_ >= kOtaAttempts / 2) return url;
  if (has_gz(url)) {
    attempts_left_ = 1;
  } else {
    url += ".gz";
  }
  return url;
}

void OtaFetch::attempt() {
  --attempts_left_;
  url_ = attempt_url();
  complaint_.clear();
  received_ = 0;
  expected_ = 0;
  body_.clear();
  reader_ = make_esp_reader(settings_.chip);
  md5_.emplace(Hash::Kind::md5);
  voice_.say("downloading url={}", in_quotes(url_));
  HttpOrder order{url_, order_.source_address, order_.headers, settings_.download_rate};
  download_ =
      http_.get(order, {[this](const HttpHead& head) { return accept_head(head); },
                        [this](std::string_view bytes) { return accept_body(bytes); },
                        [this](const HttpHead& head, const std::string& error) { finish_attempt(head, error); }});
}

bool OtaFetch::accept_head(const HttpHead& head) {
  if (head.status != 200) return true;  // the body of an error page: read and forgotten
  if (head.chunked || head.length.value_or(0) == 0) {
    complaint_ = "Server Did Not Report Size";
  } else if (*head.length > order_.free_space && !minimal_) {
    complaint_ = kNoRoom;
  }
  expected_ = head.length.value_or(0);
  return complaint_.empty();
}

bool OtaFetch::accept_body(std::string_view bytes) {
  if (expected_ == 0) return true;
  const bool esp8266 = settings_.chip == EspChip::esp8266;
  if (received_ == 0 && bytes[0] != kMagic && !(esp8266 && bytes[0] == kGzip)) {
    complaint_ = kBadHeader;
    return false;
  }
  received_ += bytes.size();
  md5_->add(bytes);
  if (esp8266) {
    if (body_.size() + bytes.size() <= kMaxUnpacked) body_ += bytes;
  } else {
    reader_->add(bytes);
  }
  dead_ = !events_.progress(received_, expected_);
  return !dead_;
}

void OtaFetch::finish_attempt(const HttpHead& head, const std::string& error) {
  download_.reset();
  if (dead_) return;
  const auto verdict_text = verdict(head, error);
  if (verdict_text.empty()) return finish({{}, image_, minimal_});
  voice_.say("fetch-failed url={} text={}", in_quotes(url_), in_quotes(verdict_text));
  if (verdict_text == kNoRoom && order_.may_be_minimal) minimal_ = true;
  if (attempts_left_ <= 1) return finish({verdict_text, {}, false});
  timer_ = loop_.after(settings_.fetch_delay, [this] { attempt(); });
}

// What ESPhttpUpdate's error text would be; empty when all is well.
std::string OtaFetch::verdict(const HttpHead& head, const std::string& error) {
  if (!complaint_.empty()) return complaint_;
  if (!error.empty()) return "HTTP error: " + error;
  switch (head.status) {
    case 200: return received_ == 0 ? "Server Did Not Report Size" : check_image(head);
    case 304: return {};
    case 403: return "Forbidden (403)";
    case 404: return "File Not Found (404)";
    default: return "Wrong HTTP Code";
  }
}

std::string OtaFetch::check_image(const HttpHead& head) {
  if (received_ != expected_) return "HTTP error: connection lost";
  if (!head.md5.empty()) {
    const auto computed = to_hex(md5_->finish());
    if (::strcasecmp(computed.c_str(), head.md5.c_str()) != 0) return "Wrong MD5";
  }
  if (settings_.chip == EspChip::esp8266) {
    if (body_[0] == kGzip) {
      auto unpacked = gunzip(body_, kMaxUnpacked);
      if (!unpacked) return "Update error: " + unpacked.error().text;
      body_ = std::move(*unpacked);
    }
    reader_->add(body_);
    body_.clear();
  }
  auto facts = reader_->finish();
  if (!facts) return "Update error: " + facts.error().text;
  image_ = std::move(*facts);
  return {};
}

void OtaFetch::disturb() {
  if (!download_) return;
  download_.reset();
  timer_ = loop_.after(std::chrono::milliseconds::zero(), [this] {
    finish({"HTTP error: connection lost", std::nullopt, false});
  });
}

void OtaFetch::finish(OtaOutcome outcome) {
  const auto done = std::move(events_.done);
  done(outcome);
}

}  // namespace homepatch::sim
