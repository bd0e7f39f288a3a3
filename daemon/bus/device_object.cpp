#include <array>
#include <cerrno>

#include "daemon/bus/decision_dictionary.hpp"
#include "daemon/bus/message.hpp"
#include "daemon/bus/objects.hpp"
#include "daemon/bus/properties.hpp"
#include "daemon/bus/translation.hpp"

namespace homepatch::bus {

namespace {

// A device with its decision, which many properties tell of.
struct Subject {
  const Device& device;
  Decision decision;
  const Update* last;
};

const Update* newest_update(const Engine& engine, const DeviceId& id) {
  if (const Update* running = engine.updater.running(id)) return running;
  return engine.updater.newest_finished(id);
}

std::string_view updatable_word(const Catalog* catalog) {
  if (catalog == nullptr) return "unknown";
  return catalog->updatable ? "yes" : "no";
}

// What its catalog says of the model; "" without one.
template <typename Read>
int append_of_model(sd_bus_message* m, const Subject& s, Read read) {
  return append_text(m, s.decision.catalog != nullptr ? std::string(read(*s.decision.catalog)) : std::string());
}

// What the maker says of the release that would be installed next; "" without one.
template <typename Read>
int append_of_offer(sd_bus_message* m, const Subject& s, Read read) {
  return append_text(m, s.decision.offer ? std::string(read(*s.decision.offer->release)) : std::string());
}

constexpr std::array<Property<Subject>, 34> kProperties{{
    {"Id", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.device.id.to_string()); }},
    {"Name", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.device.name); }},
    {"Family", [](sd_bus_message* m, const Subject& s) { return append_text(m, to_string(s.device.family)); }},
    {"Manufacturer", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.device.manufacturer); }},
    {"Model", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.device.model); }},
    {"Hardware", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.device.hardware); }},
    {"Version", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.device.version); }},
    {"Address", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.device.address); }},
    {"Condition", [](sd_bus_message* m, const Subject& s) { return append_text(m, to_string(s.device.condition)); }},
    {"Standing", [](sd_bus_message* m, const Subject& s) { return append_text(m, to_string(s.device.standing)); }},
    {"Sleeps",
     [](sd_bus_message* m, const Subject& s) { return sd_bus_message_append(m, "b", s.device.sleepy ? 1 : 0); }},
    {"FirstSeen", [](sd_bus_message* m, const Subject& s) { return append_time(m, s.device.first_seen); }},
    {"LastSeen", [](sd_bus_message* m, const Subject& s) { return append_time(m, s.device.last_seen); }},
    {"Verdict", [](sd_bus_message* m, const Subject& s) { return append_text(m, to_string(s.decision.verdict)); }},
    {"Reason", [](sd_bus_message* m, const Subject& s) { return append_text(m, to_string(s.decision.reason)); }},
    {"ReasonText", [](sd_bus_message* m, const Subject& s) { return append_text(m, decision_text(s.decision)); }},
    {"Target", [](sd_bus_message* m, const Subject& s) { return append_text(m, target_version(s.decision)); }},
    {"Catalog",
     [](sd_bus_message* m, const Subject& s) {
       return append_text(m, s.decision.catalog != nullptr ? s.decision.catalog->path : std::string());
     }},
    {"Updatable",
     [](sd_bus_message* m, const Subject& s) { return append_text(m, updatable_word(s.decision.catalog)); }},
    {"Method",
     [](sd_bus_message* m, const Subject& s) {
       return append_text(m, s.decision.catalog != nullptr ? s.decision.catalog->method : std::string());
     }},
    {"SupportEnd",
     [](sd_bus_message* m, const Subject& s) {
       const Catalog* catalog = s.decision.catalog;
       return append_text(m, catalog != nullptr && catalog->support ? catalog->support->end : std::string());
     }},
    {"SupportKind",
     [](sd_bus_message* m, const Subject& s) {
       const Catalog* catalog = s.decision.catalog;
       return append_text(m, catalog != nullptr && catalog->support ? catalog->support->kind : std::string());
     }},
    {"AdviceAfterEnd",
     [](sd_bus_message* m, const Subject& s) {
       return append_of_model(
           m, s, [](const Catalog& c) { return c.support ? english(c.support->advice_after_end) : std::string(); });
     }},
    {"EndOfLife",
     [](sd_bus_message* m, const Subject& s) {
       const Catalog* catalog = s.decision.catalog;
       return sd_bus_message_append(m, "b", catalog != nullptr && catalog->end_of_life ? 1 : 0);
     }},
    {"EndOfLifeSince",
     [](sd_bus_message* m, const Subject& s) {
       return append_of_model(m, s, [](const Catalog& c) { return c.end_of_life_since; });
     }},
    {"EndOfLifeAdvice",
     [](sd_bus_message* m, const Subject& s) {
       return append_of_model(m, s, [](const Catalog& c) { return english(c.end_of_life_advice); });
     }},
    {"SecurityContact",
     [](sd_bus_message* m, const Subject& s) {
       return append_of_model(m, s, [](const Catalog& c) { return c.security_contact; });
     }},
    {"Provenance",
     [](sd_bus_message* m, const Subject& s) {
       return append_of_model(m, s, [](const Catalog& c) { return to_string(c.provenance); });
     }},
    {"SignedBy", [](sd_bus_message* m,
                    const Subject& s) { return append_of_model(m, s, [](const Catalog& c) { return c.signed_by; }); }},
    {"VerifiedBy",
     [](sd_bus_message* m, const Subject& s) {
       return append_of_model(m, s, [](const Catalog& c) { return c.verified_by(); });
     }},
    {"Emergency",
     [](sd_bus_message* m, const Subject& s) {
       return sd_bus_message_append(m, "b", s.decision.offer && s.decision.offer->release->emergency ? 1 : 0);
     }},
    {"UserAction",
     [](sd_bus_message* m, const Subject& s) {
       return append_of_offer(m, s, [](const Release& r) { return english(r.user_action); });
     }},
    {"AdvisoryUrl",
     [](sd_bus_message* m, const Subject& s) {
       return append_of_offer(m, s, [](const Release& r) { return r.advisory_url; });
     }},
    {"LastUpdate",
     [](sd_bus_message* m, const Subject& s) {
       return sd_bus_message_append(m, "o", s.last != nullptr ? update_path(s.last->id).c_str() : "/");
     }},
}};

const Device* device_at(Server& server, const char* path) {
  const auto name = object_name("device", path);
  if (!name) return nullptr;
  const auto id = DeviceId::parse(*name);
  return id ? server.engine().inventory.find(*id) : nullptr;
}

int get(sd_bus*, const char* path, const char*, const char* property, sd_bus_message* reply, void* userdata,
        sd_bus_error*) noexcept {
  Server& server = *static_cast<Server*>(userdata);
  const Device* device = device_at(server, path);
  if (device == nullptr) return -ENOENT;
  const Subject subject{*device, server.engine().scheduler.decide(*device), newest_update(server.engine(), device->id)};
  return append_property(kProperties, property, reply, subject);
}

// A method of one device, as an administrator: runs `work` and answers with its error or nothing.
template <typename Work>
int administer(sd_bus_message* call, void* userdata, Work work) {
  Server& server = *static_cast<Server*>(userdata);
  if (auto allowed = require_administrator(call); !allowed) return reply_error(call, allowed.error());
  const Device* device = device_at(server, sd_bus_message_get_path(call));
  if (device == nullptr) return reply_error(call, Error{Errc::not_found, "there is no such device"});
  return work(server, device->id);
}

int on_accept(sd_bus_message* call, void* userdata, sd_bus_error*) noexcept {
  return administer(call, userdata, [call](Server& server, const DeviceId& id) {
    if (auto done = server.engine().inventory.accept(id); !done) {
      if (done.error().code == Errc::already_exists) done.error().code = Errc::nothing_to_do;
      return reply_error(call, done.error());
    }
    return sd_bus_reply_method_return(call, "");
  });
}

int on_update(sd_bus_message* call, void* userdata, sd_bus_error*) noexcept {
  return administer(call, userdata, [call](Server& server, const DeviceId& id) {
    // None is known yet, and one that is not understood must not be passed over: it may have been a condition.
    if (sd_bus_message_enter_container(call, 'a', "{sv}") < 0 || sd_bus_message_at_end(call, 0) == 0) {
      return reply_error(call, Error{Errc::invalid_argument, "Update takes no options yet; call it with none"});
    }
    const auto started = server.engine().scheduler.start_by_hand(id, caller_name(call));
    if (!started) return reply_error(call, started.error());
    return sd_bus_reply_method_return(call, "o", update_path(*started).c_str());
  });
}

int on_forget(sd_bus_message* call, void* userdata, sd_bus_error*) noexcept {
  return administer(call, userdata, [call](Server& server, const DeviceId& id) {
    if (auto done = server.engine().forget(id); !done) return reply_error(call, done.error());
    return sd_bus_reply_method_return(call, "");
  });
}

int on_explain(sd_bus_message* call, void* userdata, sd_bus_error*) noexcept {
  Server& server = *static_cast<Server*>(userdata);
  const Device* device = device_at(server, sd_bus_message_get_path(call));
  if (device == nullptr) return reply_error(call, Error{Errc::not_found, "there is no such device"});
  sd_bus_message* reply = nullptr;
  int r = sd_bus_message_new_method_return(call, &reply);
  if (r >= 0) {
    r = append_decision(reply, *device, server.engine().scheduler.decide(*device),
                        newest_update(server.engine(), device->id));
  }
  if (r >= 0) r = sd_bus_message_send(reply);
  sd_bus_message_unref(reply);
  return r;
}

int find(sd_bus*, const char* path, const char*, void* userdata, void** found, sd_bus_error*) noexcept {
  Server& server = *static_cast<Server*>(userdata);
  if (device_at(server, path) == nullptr) return 0;
  *found = &server;
  return 1;
}

int enumerate(sd_bus*, const char*, void* userdata, char*** nodes, sd_bus_error*) noexcept {
  Server& server = *static_cast<Server*>(userdata);
  const auto& devices = server.engine().inventory.devices();
  auto** list = static_cast<char**>(std::calloc(devices.size() + 1, sizeof(char*)));
  if (list == nullptr) return -ENOMEM;
  std::size_t i = 0;
  for (const auto& [id, device] : devices) list[i++] = ::strdup(device_path(id).c_str());
  *nodes = list;
  return 0;
}

constexpr std::uint64_t kChanges = SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE;
constexpr std::uint64_t kConst = SD_BUS_VTABLE_PROPERTY_CONST;
constexpr std::uint64_t kOpen = SD_BUS_VTABLE_UNPRIVILEGED;  // rights are checked by the handler, with a text

const sd_bus_vtable kVtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Id", "s", get, 0, kConst),
    SD_BUS_PROPERTY("Name", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("Family", "s", get, 0, kConst),
    SD_BUS_PROPERTY("Manufacturer", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("Model", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("Hardware", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("Version", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("Address", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("Condition", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("Standing", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("Sleeps", "b", get, 0, kChanges),
    SD_BUS_PROPERTY("FirstSeen", "x", get, 0, 0),
    SD_BUS_PROPERTY("LastSeen", "x", get, 0, 0),
    SD_BUS_PROPERTY("Verdict", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("Reason", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("ReasonText", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("Target", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("Catalog", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("Updatable", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("Method", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("SupportEnd", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("SupportKind", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("AdviceAfterEnd", "s", get, 0, 0),
    SD_BUS_PROPERTY("EndOfLife", "b", get, 0, 0),
    SD_BUS_PROPERTY("EndOfLifeSince", "s", get, 0, 0),
    SD_BUS_PROPERTY("EndOfLifeAdvice", "s", get, 0, 0),
    SD_BUS_PROPERTY("SecurityContact", "s", get, 0, 0),
    SD_BUS_PROPERTY("Provenance", "s", get, 0, 0),
    SD_BUS_PROPERTY("SignedBy", "s", get, 0, 0),
    SD_BUS_PROPERTY("VerifiedBy", "s", get, 0, 0),
    SD_BUS_PROPERTY("Emergency", "b", get, 0, 0),
    SD_BUS_PROPERTY("UserAction", "s", get, 0, 0),
    SD_BUS_PROPERTY("AdvisoryUrl", "s", get, 0, 0),
    SD_BUS_PROPERTY("LastUpdate", "o", get, 0, kChanges),
    SD_BUS_METHOD_WITH_ARGS("Accept", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, on_accept, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Update", SD_BUS_ARGS("a{sv}", options), SD_BUS_RESULT("o", update), on_update, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Explain", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", decision), on_explain, kOpen),
    SD_BUS_METHOD_WITH_ARGS("Forget", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, on_forget, kOpen),
    SD_BUS_VTABLE_END,
};

}  // namespace

std::string device_path(const DeviceId& id) { return object_path("device", id.to_string()); }

int add_devices(sd_bus* bus, Server& server) {
  const std::string prefix = std::string(kRoot) + "/device";
  const int r = sd_bus_add_fallback_vtable(bus, nullptr, prefix.c_str(), kDeviceInterface, kVtable, find, &server);
  return r < 0 ? r : sd_bus_add_node_enumerator(bus, nullptr, prefix.c_str(), enumerate, &server);
}

}  // namespace homepatch::bus
