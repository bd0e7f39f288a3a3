#include "protocols/mqtt/dialects/tasmota/transfer.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "protocols/mqtt/dialects/tasmota/ota_url.hpp"

namespace homepatch::mqtt::tasmota {

namespace {

constexpr unsigned kTries = 2;

}  // namespace

void Transfer::start() {
  if (!can_be_given(job_.url)) {
    return refused(fmt::format("'{}' is no address that a Tasmota device can keep", printable(job_.url)), false);
  }
  ports_.quiet(job_.device, true);
  if (!job_.resumed) return meet(true, [this] { read_url(); });
  // The device may be in the middle of it: its own news come first.
  listening_ = true;
  wait(limits_.quiet_after_restart, [this] {
    listening_ = false;
    meet(true, [this] { read_url(); });
  });
}

void Transfer::read_url() {
  const auto answer = [this](const Words& words) {
    const auto* url = std::get_if<OtaUrlWords>(&words);
    if (url == nullptr) return false;
    stop_asking();
    url_before_ = url->url;
    give_url();
    return true;
  };
  ask("OtaUrl", "", kTries, answer, [this] { failed(silence_failure("OtaUrl")); });
}

// What was there before goes into the device's record first: settling needs it, perhaps after a crash.
void Transfer::give_url() {
  Announcement record(job_.device, Family::tasmota, ports_.loop.now(), true);
  record.facts.emplace(kOtaUrlGiven, job_.url);
  if (!is_ours(url_before_, job_)) record.facts.emplace(kOtaUrlBefore, url_before_);
  ports_.announce(record);
  const auto answer = [this](const Words& words) {
    if (std::holds_alternative<UnknownCommandWords>(words)) {
      refused("the device does not know the command OtaUrl");
      return true;
    }
    const auto* url = std::get_if<OtaUrlWords>(&words);
    // A late second answer to the question before is none to this one.
    if (url == nullptr || (url->url == url_before_ && url->url != job_.url)) return false;
    stop_asking();
    if (url->url == job_.url) {
      start_upgrade();
    } else {
      refused(fmt::format("the device keeps another OtaUrl: '{}'", printable(url->url)));
    }
    return true;
  };
  // Announcements are taken in on a later turn, and this comes after that one.
  wait(Duration::zero(), [this, answer] {
    ask("OtaUrl", job_.url, kTries, answer, [this] { refused("the device did not take the new OtaUrl"); });
  });
}

// Once only: a second Upgrade could meet a device that is flashing. Without an answer there may still be a download.
void Transfer::start_upgrade() {
  ask(
      "Upgrade", "1", 1, [this](const Words& words) { return on_start_answer(words); }, [this] { listen(); });
}

bool Transfer::on_start_answer(const Words& words) {
  if (std::holds_alternative<UnknownCommandWords>(words)) {
    refused("the device does not know the command Upgrade");
    return true;
  }
  const auto* upgrade = std::get_if<UpgradeWords>(&words);
  if (upgrade == nullptr) return false;
  stop_asking();
  if (upgrade->kind == UpgradeWords::Kind::other) {
    refused(fmt::format("the device refused to start: {}", upgrade->text));
  } else if (upgrade->kind != UpgradeWords::Kind::accepted) {
    on_upgrade_words(*upgrade);
  } else if (upgrade->text.starts_with("Version ") && !upgrade->text.ends_with(job_.url)) {
    refused(fmt::format("the device fetches from another place: {}", upgrade->text));
  } else {
    listen();
  }
  return true;
}

void Transfer::listen() { listening_ = true; }

void Transfer::overheard(const Words& words) {
  const auto* upgrade = std::get_if<UpgradeWords>(&words);
  if (listening_ && upgrade != nullptr) on_upgrade_words(*upgrade);
}

void Transfer::on_upgrade_words(const UpgradeWords& words) {
  if (words.kind == UpgradeWords::Kind::succeeded) {
    finish(Transferred{});
  } else if (words.kind == UpgradeWords::Kind::failed) {
    failed({Reason::transfer_failed, words.may_retry, true, words.text});
  }
}

void Transfer::refused(std::string text, bool may_retry) {
  failed({Reason::transfer_refused, may_retry, true, std::move(text)});
}

void Transfer::failed(DeliveryFailed why) {
  ports_.quiet(job_.device, false);
  finish(std::move(why));
}

}  // namespace homepatch::mqtt::tasmota
