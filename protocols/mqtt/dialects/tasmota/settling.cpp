#include "protocols/mqtt/dialects/tasmota/settling.hpp"

#include <fmt/format.h>

#include "protocols/mqtt/dialects/tasmota/ota_url.hpp"

namespace homepatch::mqtt::tasmota {

namespace {

constexpr unsigned kTries = 2;

}  // namespace

void Settling::start() {
  if (!job_.facts.contains(kOtaUrlGiven)) return settled();  // it was never given one
  deadline_ = ports_.loop.after(limits_.settle, [this] { left_as_it_is("the device did not answer"); });
  meet(false, [this] { read_url(); });
}

void Settling::read_url() {
  ask(
      "OtaUrl", "", kTries, [this](const Words& words) { return on_url(words); },
      [this] { left_as_it_is("the device did not answer"); });
}

bool Settling::on_url(const Words& words) {
  const auto* url = std::get_if<OtaUrlWords>(&words);
  if (url == nullptr) return false;
  stop_asking();
  if (is_ours(url->url, job_)) {
    put_back();
  } else {
    settled();  // its owner has changed it meanwhile
  }
  return true;
}

void Settling::put_back() {
  const auto answer = [this](const Words& words) {
    const auto* url = std::get_if<OtaUrlWords>(&words);
    if (url == nullptr || is_ours(url->url, job_)) return false;
    stop_asking();
    settled();
    return true;
  };
  ask("OtaUrl", to_put_back(job_), kTries, answer, [this] { left_as_it_is("the device did not take it"); });
}

void Settling::left_as_it_is(const std::string& why) {
  if (!ports_.listens()) {  // later, then
    deadline_.cancel();
    return wait(limits_.reunion, [this] { start(); });
  }
  ports_.remark(fmt::format("{} keeps the OtaUrl of its last update: {}. It can be put back with OtaUrl {}",
                            job_.device.to_string(), why, to_put_back(job_)));
  settled();
}

void Settling::settled() {
  deadline_.cancel();
  ports_.quiet(job_.device, false);
  finish(Settled{});
}

}  // namespace homepatch::mqtt::tasmota
