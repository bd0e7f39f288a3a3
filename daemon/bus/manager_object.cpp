#include <array>
#include <cerrno>
#include <map>

#include "base/text.hpp"
#include "daemon/bus/decision_dictionary.hpp"
#include "daemon/bus/manager_images.hpp"
#include "daemon/bus/manager_lists.hpp"
#include "daemon/bus/message.hpp"
#include "daemon/bus/objects.hpp"
#include "daemon/bus/properties.hpp"

namespace homepatch::bus {

namespace {

struct Subject {
  Server& server;
  Status status;
};

int append_feeds(sd_bus_message* message, const std::vector<FeedStatus>& feeds) {
  int r = sd_bus_message_open_container(message, 'a', "a{sv}");
  for (const auto& feed : feeds) {
    if (r >= 0) r = sd_bus_message_open_container(message, 'a', "{sv}");
    if (r >= 0) r = append_entry(message, "name", feed.name);
    if (r >= 0) r = append_entry(message, "url", feed.url);
    if (r >= 0) r = append_entry(message, "state", feed.state);
    if (r >= 0) r = append_entry(message, "refreshed", to_millis(feed.refreshed));
    if (r >= 0)
      r = append_entry(message, "stale_since", feed.stale_since ? to_millis(*feed.stale_since) : std::int64_t{0});
    if (r >= 0) r = append_entry(message, "text", feed.text);
    if (r >= 0) r = append_entry(message, "catalogs", static_cast<std::uint32_t>(feed.catalogs));
    if (r >= 0) r = sd_bus_message_close_container(message);
  }
  return r < 0 ? r : sd_bus_message_close_container(message);
}

int append_number(sd_bus_message* m, std::uint64_t value) { return sd_bus_message_append(m, "t", value); }
int append_count(sd_bus_message* m, std::uint64_t value) {
  return sd_bus_message_append(m, "u", static_cast<std::uint32_t>(value));
}

constexpr std::array<Property<Subject>, 21> kProperties{{
    {"Version", [](sd_bus_message* m, const Subject&) { return append_text(m, HOMEPATCH_VERSION); }},
    {"Broker", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.status.broker); }},
    {"BrokerText", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.status.broker_text); }},
    {"ClockTrusted",
     [](sd_bus_message* m, const Subject& s) { return sd_bus_message_append(m, "b", s.status.clock_trusted ? 1 : 0); }},
    {"ClockText", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.status.clock_text); }},
    {"ClockFloor", [](sd_bus_message* m, const Subject& s) { return append_time(m, s.status.clock_floor); }},
    {"ClockBelowFloor",
     [](sd_bus_message* m, const Subject& s) {
       return sd_bus_message_append(m, "b", s.status.clock_below_floor ? 1 : 0);
     }},
    {"AcceptNew",
     [](sd_bus_message* m, const Subject& s) { return append_text(m, s.status.accept_always ? "always" : "ask"); }},
    {"Listening", [](sd_bus_message* m, const Subject& s) { return append_texts(m, s.status.listening); }},
    {"Feeds", [](sd_bus_message* m, const Subject& s) { return append_feeds(m, s.status.feeds); }},
    {"Devices",
     [](sd_bus_message* m, const Subject& s) { return append_count(m, s.server.engine().inventory.devices().size()); }},
    {"DevicesRefused",
     [](sd_bus_message* m, const Subject& s) { return append_number(m, s.server.engine().inventory.refused()); }},
    {"UpdatesUnderWay",
     [](sd_bus_message* m, const Subject& s) { return append_count(m, s.server.engine().updater.under_way()); }},
    {"CacheObjects", [](sd_bus_message* m, const Subject& s) { return append_count(m, s.status.cache_objects); }},
    {"CacheBytes", [](sd_bus_message* m, const Subject& s) { return append_number(m, s.status.cache_bytes); }},
    {"CacheQuota", [](sd_bus_message* m, const Subject& s) { return append_number(m, s.status.cache_quota); }},
    {"CacheWritten", [](sd_bus_message* m, const Subject& s) { return append_number(m, s.status.cache_written); }},
    {"CacheWriteBudget",
     [](sd_bus_message* m, const Subject& s) { return append_number(m, s.status.cache_write_budget); }},
    {"WanBytes", [](sd_bus_message* m, const Subject& s) { return append_number(m, s.status.wan_bytes); }},
    {"SavedBytes", [](sd_bus_message* m, const Subject& s) { return append_number(m, s.status.saved_bytes); }},
    {"UpdatesKept",
     [](sd_bus_message* m, const Subject& s) { return append_count(m, s.server.engine().updater.updates().size()); }},
}};

int get(sd_bus*, const char*, const char*, const char* property, sd_bus_message* reply, void* userdata,
        sd_bus_error*) noexcept {
  Server& server = *static_cast<Server*>(userdata);
  return append_property(kProperties, property, reply, Subject{server, server.sources().status()});
}

int on_plan(sd_bus_message* call, void* userdata, sd_bus_error*) noexcept {
  const Engine& engine = static_cast<Server*>(userdata)->engine();
  sd_bus_message* reply = nullptr;
  int r = sd_bus_message_new_method_return(call, &reply);
  if (r >= 0) r = sd_bus_message_open_container(reply, 'a', "a{sv}");
  for (const auto& decision : engine.scheduler.decide_all()) {
    const Device* device = engine.inventory.find(decision.device);
    const Update* last = engine.updater.running(decision.device);
    if (last == nullptr) last = engine.updater.newest_finished(decision.device);
    if (r >= 0) r = append_decision(reply, *device, decision, last);
  }
  if (r >= 0) r = sd_bus_message_close_container(reply);
  if (r >= 0) r = sd_bus_message_send(reply);
  sd_bus_message_unref(reply);
  return r;
}

int on_import(sd_bus_message* call, void* userdata, sd_bus_error*) noexcept {
  Server& server = *static_cast<Server*>(userdata);
  if (auto allowed = require_administrator(call); !allowed) return reply_error(call, allowed.error());
  int fd = -1;
  const char* feed = nullptr;
  if (const int r = sd_bus_message_read(call, "hs", &fd, &feed); r < 0) return r;
  auto file = duplicate(fd);
  if (!file) return reply_error(call, file.error());
  server.sources().import(std::move(*file), feed, answering(call));
  return 1;
}

int on_refresh(sd_bus_message* call, void* userdata, sd_bus_error*) noexcept {
  Server& server = *static_cast<Server*>(userdata);
  if (auto allowed = require_administrator(call); !allowed) return reply_error(call, allowed.error());
  server.sources().refresh(answering(call));
  return 1;
}

int on_reset_clock(sd_bus_message* call, void* userdata, sd_bus_error*) noexcept {
  Server& server = *static_cast<Server*>(userdata);
  if (auto allowed = require_administrator(call); !allowed) return reply_error(call, allowed.error());
  const auto text = server.sources().reset_clock(caller_name(call));
  if (!text) return reply_error(call, text.error());
  return sd_bus_reply_method_return(call, "s", text->c_str());
}

// By identity, by name, or by the beginning of an identity with or without its kind.
std::vector<const Device*> devices_called(const Engine& engine, std::string_view text) {
  std::vector<const Device*> named;
  std::vector<const Device*> begun;
  for (const auto& [id, device] : engine.inventory.devices()) {
    const std::string_view whole = id.to_string();
    if (whole == text || whole.substr(whole.find(':') + 1) == text) return {&device};
    if (device.name == text) named.push_back(&device);
    if (whole.starts_with(text) || whole.substr(whole.find(':') + 1).starts_with(text)) begun.push_back(&device);
  }
  return named.empty() ? begun : named;
}

int on_find_device(sd_bus_message* call, void* userdata, sd_bus_error*) noexcept {
  const char* text = nullptr;
  if (const int r = sd_bus_message_read(call, "s", &text); r < 0) return r;
  const std::string_view wanted(text);
  const auto found =
      wanted.empty() ? std::vector<const Device*>() : devices_called(static_cast<Server*>(userdata)->engine(), wanted);
  if (found.empty()) {
    return reply_error(call, Error{Errc::not_found, "no device is called '" + printable(wanted, 80) +
                                                        "'; homepatchctl devices lists them"});
  }
  if (found.size() > 1) {
    std::string names;
    for (std::size_t i = 0; i < found.size() && i < 5; ++i) names += (i == 0 ? "" : ", ") + found[i]->id.to_string();
    return reply_error(
        call, Error{Errc::invalid_argument, std::to_string(found.size()) + " devices fit '" + printable(wanted, 80) +
                                                "', name one of them: " + names});
  }
  return sd_bus_reply_method_return(call, "o", device_path(found.front()->id).c_str());
}

constexpr std::uint64_t kChanges = SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE;
constexpr std::uint64_t kOpen = SD_BUS_VTABLE_UNPRIVILEGED;

const sd_bus_vtable kVtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Version", "s", get, 0, SD_BUS_VTABLE_PROPERTY_CONST),
    SD_BUS_PROPERTY("Broker", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("BrokerText", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("ClockTrusted", "b", get, 0, kChanges),
    SD_BUS_PROPERTY("ClockText", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("ClockFloor", "x", get, 0, kChanges),
    SD_BUS_PROPERTY("ClockBelowFloor", "b", get, 0, kChanges),
    SD_BUS_PROPERTY("AcceptNew", "s", get, 0, 0),
    SD_BUS_PROPERTY("Listening", "as", get, 0, 0),
    SD_BUS_PROPERTY("Feeds", "aa{sv}", get, 0, kChanges),
    SD_BUS_PROPERTY("Devices", "u", get, 0, 0),
    SD_BUS_PROPERTY("DevicesRefused", "t", get, 0, 0),
    SD_BUS_PROPERTY("UpdatesUnderWay", "u", get, 0, 0),
    SD_BUS_PROPERTY("UpdatesKept", "u", get, 0, 0),
    SD_BUS_PROPERTY("CacheObjects", "u", get, 0, 0),
    SD_BUS_PROPERTY("CacheBytes", "t", get, 0, 0),
    SD_BUS_PROPERTY("CacheQuota", "t", get, 0, 0),
    SD_BUS_PROPERTY("CacheWritten", "t", get, 0, 0),
    SD_BUS_PROPERTY("CacheWriteBudget", "t", get, 0, 0),
    SD_BUS_PROPERTY("WanBytes", "t", get, 0, 0),
    SD_BUS_PROPERTY("SavedBytes", "t", get, 0, 0),
    SD_BUS_METHOD_WITH_ARGS("Plan", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", decisions), on_plan, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Refresh", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", text), on_refresh, kOpen),
    SD_BUS_METHOD_WITH_ARGS("ResetClock", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", text), on_reset_clock, kOpen),
    SD_BUS_METHOD_WITH_ARGS("FindDevice", SD_BUS_ARGS("s", text), SD_BUS_RESULT("o", device), on_find_device, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Import", SD_BUS_ARGS("h", bundle, "s", feed), SD_BUS_RESULT("s", text), on_import, kOpen),
    SD_BUS_METHOD_WITH_ARGS("InspectImage", SD_BUS_ARGS("h", image, "s", device, "s", version),
                            SD_BUS_RESULT("a{sv}", inspection), on_inspect_image, kOpen),
    SD_BUS_METHOD_WITH_ARGS("ImportImage", SD_BUS_ARGS("h", image, "s", device, "s", version, "s", sha256),
                            SD_BUS_RESULT("s", text), on_import_image, kOpen),
    SD_BUS_METHOD_WITH_ARGS("RemoveImage", SD_BUS_ARGS("s", release), SD_BUS_RESULT("s", text), on_remove_image, kOpen),
    SD_BUS_METHOD_WITH_ARGS("ListIndexes", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", indexes), on_list_indexes, kOpen),
    SD_BUS_METHOD_WITH_ARGS("MatchZigbee",
                            SD_BUS_ARGS("q", manufacturer_code, "q", image_type, "x", installed, "x", hardware_version,
                                        "s", manufacturer_name, "as", model_ids),
                            SD_BUS_RESULT("aa{sv}", matches), on_match_zigbee, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Search", SD_BUS_ARGS("s", words), SD_BUS_RESULT("aa{sv}", images, "t", more), on_search,
                            kOpen),
    SD_BUS_METHOD_WITH_ARGS("ListRequests", SD_BUS_NO_ARGS,
                            SD_BUS_RESULT("aa{sv}", requests, "aa{sv}", hosts, "t", total), on_list_requests, kOpen),
    SD_BUS_METHOD_WITH_ARGS("ListImages", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", images), on_list_images, kOpen),
    SD_BUS_METHOD_WITH_ARGS("ListDamages", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", damages), on_list_damages, kOpen),
    SD_BUS_SIGNAL_WITH_ARGS("Progress", SD_BUS_ARGS("a(xtt)", updates), 0),
    SD_BUS_VTABLE_END,
};

}  // namespace

int add_manager(sd_bus* bus, Server& server) {
  return sd_bus_add_object_vtable(bus, nullptr, kRoot, kManagerInterface, kVtable, &server);
}

}  // namespace homepatch::bus
