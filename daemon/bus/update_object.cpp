#include <array>
#include <cerrno>
#include <charconv>

#include "daemon/bus/message.hpp"
#include "daemon/bus/objects.hpp"
#include "daemon/bus/properties.hpp"

namespace homepatch::bus {

namespace {

struct Subject {
  const Update& update;
  const Device* device;
  Progress progress;
};

std::string reason_text(const Update& update) {
  if (update.phase == Phase::waiting && update.next_step)
    return std::string(sentence(Reason::retry_later)) + " " + std::string(sentence(update.reason));
  return std::string(sentence(update.reason));
}

constexpr std::array<Property<Subject>, 16> kProperties{{
    {"Id", [](sd_bus_message* m, const Subject& s) { return sd_bus_message_append(m, "x", s.update.id); }},
    {"Device", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.update.device.to_string()); }},
    {"DeviceName",
     [](sd_bus_message* m, const Subject& s) {
       return append_text(m, s.device != nullptr ? s.device->name : std::string());
     }},
    {"Release", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.update.release); }},
    {"FromVersion", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.update.from_version); }},
    {"ToVersion", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.update.to_version); }},
    {"Phase", [](sd_bus_message* m, const Subject& s) { return append_text(m, to_string(s.update.phase)); }},
    {"Reason", [](sd_bus_message* m, const Subject& s) { return append_text(m, to_string(s.update.reason)); }},
    {"ReasonText", [](sd_bus_message* m, const Subject& s) { return append_text(m, reason_text(s.update)); }},
    {"Detail", [](sd_bus_message* m, const Subject& s) { return append_text(m, s.update.detail); }},
    {"Done", [](sd_bus_message* m, const Subject& s) { return sd_bus_message_append(m, "t", s.progress.done); }},
    {"Total",
     [](sd_bus_message* m, const Subject& s) {
       return sd_bus_message_append(m, "t", s.update.images.empty() ? 0 : s.update.images.front().length);
     }},
    {"Attempts", [](sd_bus_message* m, const Subject& s) { return sd_bus_message_append(m, "u", s.update.attempts); }},
    {"Created", [](sd_bus_message* m, const Subject& s) { return append_time(m, s.update.created); }},
    {"PhaseSince", [](sd_bus_message* m, const Subject& s) { return append_time(m, s.update.phase_since); }},
    {"NextStep",
     [](sd_bus_message* m, const Subject& s) { return append_time(m, s.update.next_step.value_or(Time{})); }},
}};

const Update* update_at(Server& server, const char* path) {
  const auto name = object_name("update", path);
  if (!name) return nullptr;
  UpdateId id = 0;
  const auto parsed = std::from_chars(name->data(), name->data() + name->size(), id);
  if (parsed.ec != std::errc() || parsed.ptr != name->data() + name->size()) return nullptr;
  return server.engine().updater.find(id);
}

int get(sd_bus*, const char* path, const char*, const char* property, sd_bus_message* reply, void* userdata,
        sd_bus_error*) noexcept {
  Server& server = *static_cast<Server*>(userdata);
  const Update* update = update_at(server, path);
  if (update == nullptr) return -ENOENT;
  if (std::string_view(property) == "AskedBy") return append_text(reply, update->asked_by);
  const Subject subject{*update, server.engine().inventory.find(update->device),
                        server.engine().updater.progress(update->id)};
  return append_property(kProperties, property, reply, subject);
}

int on_cancel(sd_bus_message* call, void* userdata, sd_bus_error*) noexcept {
  Server& server = *static_cast<Server*>(userdata);
  if (auto allowed = require_administrator(call); !allowed) return reply_error(call, allowed.error());
  const Update* update = update_at(server, sd_bus_message_get_path(call));
  if (update == nullptr) return reply_error(call, Error{Errc::not_found, "there is no such update"});
  if (is_terminal(update->phase)) return reply_error(call, Error{Errc::nothing_to_do, "this update is over"});
  if (auto done = server.engine().updater.cancel(update->id, caller_name(call)); !done) {
    return reply_error(call, done.error());
  }
  return sd_bus_reply_method_return(call, "");
}

int find(sd_bus*, const char* path, const char*, void* userdata, void** found, sd_bus_error*) noexcept {
  Server& server = *static_cast<Server*>(userdata);
  if (update_at(server, path) == nullptr) return 0;
  *found = &server;
  return 1;
}

int enumerate(sd_bus*, const char*, void* userdata, char*** nodes, sd_bus_error*) noexcept {
  Server& server = *static_cast<Server*>(userdata);
  const auto& updates = server.engine().updater.updates();
  auto** list = static_cast<char**>(std::calloc(updates.size() + 1, sizeof(char*)));
  if (list == nullptr) return -ENOMEM;
  std::size_t i = 0;
  for (const auto& [id, update] : updates) list[i++] = ::strdup(update_path(id).c_str());
  *nodes = list;
  return 0;
}

constexpr std::uint64_t kChanges = SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE;
constexpr std::uint64_t kConst = SD_BUS_VTABLE_PROPERTY_CONST;

const sd_bus_vtable kVtable[] = {
    SD_BUS_VTABLE_START(0),
    SD_BUS_PROPERTY("Id", "x", get, 0, kConst),
    SD_BUS_PROPERTY("Device", "s", get, 0, kConst),
    SD_BUS_PROPERTY("DeviceName", "s", get, 0, 0),
    SD_BUS_PROPERTY("Release", "s", get, 0, kConst),
    SD_BUS_PROPERTY("FromVersion", "s", get, 0, kConst),
    SD_BUS_PROPERTY("ToVersion", "s", get, 0, kConst),
    SD_BUS_PROPERTY("Phase", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("Reason", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("ReasonText", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("Detail", "s", get, 0, kChanges),
    SD_BUS_PROPERTY("Done", "t", get, 0, 0),
    SD_BUS_PROPERTY("Total", "t", get, 0, kConst),
    SD_BUS_PROPERTY("Attempts", "u", get, 0, kChanges),
    SD_BUS_PROPERTY("Created", "x", get, 0, kConst),
    SD_BUS_PROPERTY("PhaseSince", "x", get, 0, kChanges),
    SD_BUS_PROPERTY("NextStep", "x", get, 0, kChanges),
    SD_BUS_PROPERTY("AskedBy", "s", get, 0, kConst),
    SD_BUS_METHOD_WITH_ARGS("Cancel", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, on_cancel, SD_BUS_VTABLE_UNPRIVILEGED),
    SD_BUS_VTABLE_END,
};

}  // namespace

std::string update_path(UpdateId id) { return object_path("update", std::to_string(id)); }

int add_updates(sd_bus* bus, Server& server) {
  const std::string prefix = std::string(kRoot) + "/update";
  const int r = sd_bus_add_fallback_vtable(bus, nullptr, prefix.c_str(), kUpdateInterface, kVtable, find, &server);
  return r < 0 ? r : sd_bus_add_node_enumerator(bus, nullptr, prefix.c_str(), enumerate, &server);
}

}  // namespace homepatch::bus
