#include "protocols/mqtt/dialects/tasmota/dialect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace homepatch::mqtt::tasmota {

namespace {

using std::chrono::seconds;

// A retained announcement may be that of a device long gone, a periodic state comes again: each is worth one question.
// A sign that something changed is worth more.
constexpr unsigned kAsksForFaintSign = 1;
constexpr unsigned kAsksForLive = 3;
constexpr Duration kAnswerWait = seconds(15);
// Time for a retained last will to say "Offline" first, and for a device that has just connected to settle.
constexpr Duration kBeforeAsking = seconds(2);
// INFO3 follows INFO1 at once; alone it is the sign of a boot whose INFO1 was lost.
constexpr Duration kOneBoot = seconds(20);
constexpr Duration kRemarkWindow = std::chrono::minutes(1);

Announcement announcement(const Member& member, Now now, bool live) {
  return Announcement(member.id, Family::tasmota, now.wall, live);
}

Announcement from_config(const Member& member, const Config& config, bool live, Now now) {
  auto out = announcement(member, now, live);
  out.manufacturer = "Tasmota";
  if (!config.name.empty()) out.name = config.name;
  if (!config.model.empty()) out.model = config.model;
  if (!member.place_known) out.address = config.address;
  out.sleepy = config.sleepy;
  // "sw" does not name the image: safeboot says the version of the image that it is yet to install. Live, it counts
  // only beside an INFO1 or STATUS2 that did.
  if (!live || member.on_helper) out.version = config.version;
  out.intermediate = member.on_helper.value_or(false);
  out.facts = {{"command_topic", member.topics.command},
               {"status_topic", member.topics.status},
               {"telemetry_topic", member.topics.telemetry}};
  if (config.battery) out.facts.emplace(kPowerFact, *config.battery ? kBatteryPower : kMainsPower);
  return out;
}

// The image's name selects the file to serve, so that a helper's name must not take its place.
void put_version(Announcement& out, Member& member, const VersionText& version) {
  out.version = version.version;
  out.intermediate = version.intermediate;
  member.on_helper = version.intermediate;
  if (!version.intermediate && !version.image.empty()) out.facts["image"] = version.image;
}

// "ESP32-D0WD-V3 rev3.1" is the chip "ESP32-D0WD-V3" of a revision.
std::string chip_of(const std::string& hardware) { return hardware.substr(0, hardware.find(' ')); }

std::optional<InstallResult> result_of(const UpgradeWords& words) {
  using Kind = UpgradeWords::Kind;
  const auto text = printable(words.text, Announcement::kMaxText - 3);
  if (words.kind == Kind::succeeded) return InstallResult{InstallResult::Kind::success, false, text};
  if (words.kind == Kind::failed) return InstallResult{InstallResult::Kind::failure, words.may_retry, text};
  return std::nullopt;
}

std::size_t fingerprint_of(const std::string& payload) {
  return std::max<std::size_t>(1, std::hash<std::string>{}(payload));
}

// No prefix has a wildcard in it.
std::string in_one(const Topics& topics) { return topics.command + '+' + topics.status + '+' + topics.telemetry; }

// An invented announcement that came first must not keep a device of this home out. Whoever abuses a known device's
// name gains no more than the question who is there.
bool gives_way(const Member& first, const Member& second) {
  return !first.confirmed && first.acquaintance < second.acquaintance;
}

}  // namespace

Effects Dialect::on_connected() {
  Effects out;
  Subscribe all;
  for (const Member* member : roster_.seated()) {
    auto own = filters(member->topics);
    std::ranges::move(own, std::back_inserter(all.filters));
  }
  if (!all.filters.empty()) out.emplace_back(std::move(all));
  return out;
}

Effects Dialect::on_message(const Message& message, Now now) {
  Effects out;
  if (const auto mac = discovery_mac(message.topic)) {
    on_config(*mac, message, now, out);
    return out;
  }
  const auto place = roster_.locate(message.topic);
  if (!place) return out;
  if (place->name == "LWT") {
    on_last_will(*place->member, message, now, out);
    return out;
  }
  if (message.retained) return out;  // of all else only what is said now counts
  if (place->name == "STATE") {
    on_state(*place->member, now, out);
  } else if (const auto words = parse_words(place->name, message.payload)) {
    on_words(*place->member, *words, now, out);
  }
  return out;
}

Effects Dialect::on_time(Now now) {
  Effects out;
  while (const auto id = asking_.next(now.ticks)) {
    if (Member* member = roster_.find(*id)) ask(*member, now, out);
  }
  return out;
}

Effects Dialect::dismiss(const DeviceId& device) {
  Effects out;
  Member* member = roster_.find(device);
  if (member == nullptr) return out;
  ++counters_.dismissed;
  asking_.cancel(*member);
  const auto topics = member->seated ? std::optional(member->topics) : std::nullopt;
  roster_.remove(*member);
  if (topics) {
    out.emplace_back(Unsubscribe{filters(*topics)});
    vacated(*topics, out);
  }
  return out;
}

void Dialect::quiet(const DeviceId& device, bool on, Now now) {
  Member* member = roster_.find(device);
  if (on) {
    quiet_.insert(device);
    if (member != nullptr) asking_.cancel(*member);
  } else if (quiet_.erase(device) > 0 && member != nullptr) {
    occasion(*member, kAsksForLive, Duration::zero(), now);
  }
}

std::optional<Contact> Dialect::contact(const DeviceId& device) {
  const Member* member = roster_.find(device);
  if (member == nullptr || !member->seated) return std::nullopt;
  return Contact{member->topics.command, in_one(member->topics), member->confirmed};
}

void Dialect::on_config(std::string_view topic_mac, const Message& message, Now now, Effects& out) {
  if (message.payload.empty()) {
    // The device took its announcement back (SetOption19): it is still there, only less talkative.
    const auto id = DeviceId::from_mac(topic_mac);
    if (Member* member = id ? roster_.find(*id) : nullptr) member->fingerprint = 0;
    return;
  }
  const auto config = parse_config(topic_mac, message.payload);
  if (!config) {
    ++counters_.malformed;
    return remark(
        fmt::format("the announcement of the Tasmota device {} is ignored: {}", topic_mac, config.error().text), now,
        out);
  }
  Member* member = admit(config->device, now, out);
  if (member == nullptr) return;
  const auto fingerprint = fingerprint_of(message.payload);
  const bool changed = member->fingerprint != fingerprint;
  if (message.retained && !changed) return;
  member->fingerprint = fingerprint;
  if (!take_seat(*member, *config, now, out)) return;
  member->online_text = config->online_text;
  member->offline_text = config->offline_text;
  if (changed) member->firmware_wanted = true;
  out.emplace_back(from_config(*member, *config, !message.retained, now));
  out.emplace_back(Heard{member->id, std::nullopt});
  occasion(*member, message.retained ? kAsksForFaintSign : kAsksForLive, kBeforeAsking, now);
}

Member* Dialect::admit(const DeviceId& device, Now now, Effects& out) {
  std::optional<Member> gone;
  Member* member = roster_.admit(device, acquaintance(device), gone);
  if (gone) {
    asking_.cancel(*gone);
    if (gone->seated) {
      out.emplace_back(Unsubscribe{filters(gone->topics)});
      vacated(gone->topics, out);
    }
  }
  if (gone || member == nullptr) {
    ++counters_.crowded_out;
    remark("too many Tasmota devices are announced: those that never answered make room", now, out);
  }
  return member;
}

bool Dialect::take_seat(Member& member, const Config& config, Now now, Effects& out) {
  if (member.seated && member.topics == config.topics) return true;
  const auto before = member.seated ? std::optional(member.topics) : std::nullopt;
  while (const auto taken = roster_.seat(member, config.topics)) {
    ++counters_.contested;
    if (gives_way(*taken->by, member)) {
      displace(*taken->by, out);
      continue;
    }
    waiting_.insert_or_assign(taken->prefix, member.id);
    remark(fmt::format("{} announces the MQTT topic '{}', or one above or below it, which another device has: give one "
                       "of them a topic of its own (Topic command)",
                       member.id.to_string(), printable(taken->prefix)),
           now, out);
    return false;
  }
  if (before) {
    out.emplace_back(Unsubscribe{filters(*before)});
    vacated(*before, out);
  }
  member.offline = false;
  member.on_helper.reset();
  member.firmware_wanted = true;
  out.emplace_back(Subscribe{filters(member.topics)});
  return true;
}

// It is not listened to until it announces itself on other topics, or is better known by then.
void Dialect::displace(Member& member, Effects& out) {
  asking_.cancel(member);
  roster_.unseat(member);
  member.fingerprint = 0;
  out.emplace_back(Unsubscribe{filters(member.topics)});
  vacated(member.topics, out);
}

void Dialect::on_last_will(Member& member, const Message& message, Now now, Effects& out) {
  auto says = announcement(member, now, !message.retained);
  if (message.payload == member.offline_text) {
    member.offline = true;
    asking_.cancel(member);
    says.reachable = false;
    out.emplace_back(std::move(says));
  } else if (message.payload == member.online_text) {
    const bool was_offline = std::exchange(member.offline, false);
    // The broker's memory is no life. But a broker that restarts tells of everybody's end, and devices may be back with
    // it before we are: then only a question brings them back here.
    if (message.retained && !was_offline) return;
    if (!message.retained) {
      says.reachable = true;
      out.emplace_back(std::move(says));
    }
    // It may have restarted meanwhile: what image runs now is yet to be said.
    member.on_helper.reset();
    member.firmware_wanted = true;
    occasion(member, kAsksForLive, kBeforeAsking, now);
  }
}

// Sent every few minutes (TelePeriod); what is in it does not matter here.
void Dialect::on_state(Member& member, Now now, Effects& out) {
  member.offline = false;
  out.emplace_back(announcement(member, now, true));
  occasion(member, kAsksForFaintSign, kBeforeAsking, now);
}

void Dialect::on_words(Member& member, const Words& words, Now now, Effects& out) {
  const DeviceId id = member.id;
  auto says = announcement(member, now, true);
  member.offline = false;
  if (const auto* boot = std::get_if<BootWords>(&words)) {
    says.restarted = true;
    member.booted = now.ticks;
    if (boot->version) put_version(says, member, *boot->version);
    out.emplace_back(std::move(says));
    occasion(member, kAsksForLive, kBeforeAsking, now);
  } else if (const auto* host = std::get_if<HostWords>(&words)) {
    if (member.confirmed) says.address = host->address;
    member.place_known = member.place_known || says.address.has_value();
    out.emplace_back(std::move(says));
  } else if (std::holds_alternative<RestartWords>(words)) {
    says.restarted = !member.booted || now.ticks - *member.booted > kOneBoot;
    member.booted = now.ticks;
    out.emplace_back(std::move(says));
  } else if (const auto* firmware = std::get_if<FirmwareWords>(&words)) {
    on_firmware(member, *firmware, now, out);
  } else if (const auto* network = std::get_if<NetworkWords>(&words)) {
    on_network(member, *network, now, out);
  } else if (const auto* upgrade = std::get_if<UpgradeWords>(&words)) {
    says.result = result_of(*upgrade);
    if (says.result) out.emplace_back(std::move(says));
  }
  out.emplace_back(Heard{id, words});
}

void Dialect::on_firmware(Member& member, const FirmwareWords& words, Now now, Effects& out) {
  if (words.foreign) {
    return strike(member, "its firmware is not Tasmota, it only speaks like it", now, out);
  }
  auto says = announcement(member, now, true);
  if (words.version) put_version(says, member, *words.version);
  if (!words.hardware.empty()) {
    says.hardware = words.hardware;
    says.facts["chip"] = chip_of(words.hardware);
  }
  out.emplace_back(std::move(says));
  member.firmware_wanted = false;
  asking_.cancel(member);
}

void Dialect::on_network(Member& member, const NetworkWords& words, Now now, Effects& out) {
  if (!words.mac) return;
  const bool same = *words.mac == member.id;
  auto says = announcement(member, now, same);
  says.facts["mac_checked"] = same ? "yes" : "no";
  if (same) {
    if (auto topics = in_one(member.topics); topics.size() <= Announcement::kMaxFact) {
      says.facts[std::string(kCheckedTopics)] = std::move(topics);
    }
    says.address = words.address;
    member.place_known = member.place_known || words.address.has_value();
  }
  out.emplace_back(std::move(says));
  if (!same) {
    return strike(member, fmt::format("on its topic answers {}", words.mac->to_string()), now, out);
  }
  roster_.confirm(member);
  asking_.cancel(member);
  occasion(member, kAsksForLive, Duration::zero(), now);
}

void Dialect::strike(Member& member, const std::string& why, Now now, Effects& out) {
  ++counters_.impostors;
  const Topics topics = member.topics;
  asking_.cancel(member);
  roster_.unseat(member);
  out.emplace_back(Unsubscribe{filters(topics)});
  remark(fmt::format("{} announced as a Tasmota device is not believed: {}", member.id.to_string(), why), now, out);
  vacated(topics, out);
}

// Makes the broker repeat the announcement of who waited for one of the topics.
void Dialect::vacated(const Topics& topics, Effects& out) {
  for (const auto* prefix : {&topics.command, &topics.status, &topics.telemetry}) {
    const auto waiter = waiting_.extract(*prefix);
    Member* member = waiter ? roster_.find(waiter.mapped()) : nullptr;
    if (member == nullptr || member->seated) continue;
    member->fingerprint = 0;
    out.emplace_back(Subscribe{{discovery_topic(member->id)}});
    out.emplace_back(Unsubscribe{{discovery_topic(member->id)}});
  }
}

void Dialect::occasion(Member& member, unsigned asks, Duration delay, Now now) {
  const bool wanted = !member.confirmed || member.firmware_wanted;
  if (!wanted || !member.seated || member.offline || quiet_.contains(member.id)) return;
  member.asks_left = std::max(member.asks_left, asks);
  if (!member.ask_at || *member.ask_at > now.ticks + delay) asking_.schedule(member, now.ticks + delay);
}

void Dialect::ask(Member& member, Now now, Effects& out) {
  member.ask_at.reset();
  if (member.asks_left == 0) return;
  if (acquainted_ && acquaintance(member.id) == Acquaintance::stranger) {  // the home let go of it since
    std::ranges::move(dismiss(member.id), std::back_inserter(out));
    return;
  }
  --member.asks_left;
  ++counters_.asked;
  out.emplace_back(Publish{member.topics.command + "Status", member.confirmed ? "2" : "5"});
  if (member.asks_left > 0) asking_.schedule(member, now.ticks + kAnswerWait);
}

Acquaintance Dialect::acquaintance(const DeviceId& device) const {
  return acquainted_ ? acquainted_(device) : Acquaintance::stranger;
}

void Dialect::remark(std::string text, Now now, Effects& out) {
  if (!remarks_since_ || now.ticks - *remarks_since_ >= kRemarkWindow) {
    remarks_since_ = now.ticks;
    remarks_ = 0;
  }
  if (remarks_++ < kMaxRemarks) out.emplace_back(Remark{std::move(text)});
}

}  // namespace homepatch::mqtt::tasmota
