#include "fake_daemon.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "bus_contract.hpp"

namespace homepatch::cli {

namespace {

void must(int result, const char* what) {
  if (result < 0) throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(-result)));
}

struct Method {
  const char* name;
  const char* in;
  const char* out;
};

// Lives as long as the process: sd-bus keeps pointing at it.
const sd_bus_vtable* vtable(const char* interface, std::vector<Method> methods) {
  static std::map<std::string, std::vector<sd_bus_vtable>> made;
  auto& table = made[interface];
  if (!table.empty()) return table.data();
  table.push_back(SD_BUS_VTABLE_START(0));
  for (const Method& m : methods) {
    table.push_back(SD_BUS_METHOD(m.name, m.in, m.out, &FakeDaemon::on_call, SD_BUS_VTABLE_UNPRIVILEGED));
  }
  for (const Signature& p : properties_of(interface)) {
    table.push_back(SD_BUS_PROPERTY(p.name, p.type, &FakeDaemon::on_get, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE));
  }
  table.push_back(SD_BUS_VTABLE_END);
  return table.data();
}

std::string object_path(const char* folder, const std::string& name) {
  char* encoded = nullptr;
  must(sd_bus_path_encode(folder, name.c_str(), &encoded), "sd_bus_path_encode");
  std::string path = encoded;
  std::free(encoded);
  return path;
}

const char* kind_at(std::string_view path) {
  if (path.starts_with("/org/homepatch1/device/")) return kDeviceName;
  if (path.starts_with("/org/homepatch1/release/")) return kReleaseName;
  return kUpdateName;
}

}  // namespace

FakeDaemon::FakeDaemon(EventLoop& loop, std::string address)
    : loop_(loop), address_(std::move(address)), manager_{kManagerName, Properties::object()} {
  manager_.properties = {{"Version", "0.1.0"},
                         {"Broker", "connected"},
                         {"BrokerText", "127.0.0.1:1883"},
                         {"ClockTrusted", true},
                         {"AcceptNew", "ask"},
                         {"Listening", {"coap 127.0.0.1:5683", "http 127.0.0.1:8080"}},
                         {"Feeds", Properties::array()}};
  start();
}

FakeDaemon::~FakeDaemon() { stop(); }

void FakeDaemon::start() {
  must(sd_bus_new(&bus_), "sd_bus_new");
  must(sd_bus_set_address(bus_, address_.c_str()), "sd_bus_set_address");
  must(sd_bus_set_bus_client(bus_, 1), "sd_bus_set_bus_client");
  must(sd_bus_start(bus_), "sd_bus_start");
  publish();
  must(sd_bus_attach_event(bus_, loop_.handle(), SD_EVENT_PRIORITY_NORMAL), "sd_bus_attach_event");
  must(sd_bus_request_name(bus_, "org.homepatch1", 0), "sd_bus_request_name");
}

void FakeDaemon::publish() {
  const auto* manager = vtable(
      kManagerName, {{"Plan", "", "aa{sv}"}, {"Refresh", "", "s"}, {"FindDevice", "s", "o"}, {"ResetClock", "", "s"}});
  const auto* device =
      vtable(kDeviceName, {{"Accept", "", ""}, {"Update", "a{sv}", "o"}, {"Explain", "", "a{sv}"}, {"Forget", "", ""}});
  const auto* release = vtable(kReleaseName, {});
  const auto* update = vtable(kUpdateName, {{"Cancel", "", ""}});
  must(sd_bus_add_object_manager(bus_, nullptr, kRootPath), "object manager");
  must(sd_bus_add_object_vtable(bus_, nullptr, kRootPath, kManagerName, manager, this), "manager");
  const std::array folders{std::tuple("/org/homepatch1/device", kDeviceName, device),
                           std::tuple("/org/homepatch1/release", kReleaseName, release),
                           std::tuple("/org/homepatch1/update", kUpdateName, update)};
  for (const auto& [prefix, interface, table] : folders) {
    must(sd_bus_add_fallback_vtable(bus_, nullptr, prefix, interface, table, &on_find, this), prefix);
    must(sd_bus_add_node_enumerator(bus_, nullptr, prefix, &on_enumerate, this), prefix);
  }
}

void FakeDaemon::stop() {
  if (bus_ == nullptr) return;
  sd_bus_detach_event(bus_);
  bus_ = sd_bus_flush_close_unref(bus_);
}

std::string FakeDaemon::update_path(std::int64_t id) {
  return object_path("/org/homepatch1/update", std::to_string(id));
}

std::string FakeDaemon::add_device(const std::string& id, Properties properties) {
  std::string path = object_path("/org/homepatch1/device", id);
  properties["Id"] = id;
  objects_[path] = {kDeviceName, std::move(properties)};
  return path;
}

std::string FakeDaemon::add_release(Properties properties) {
  std::string path = fmt::format("/org/homepatch1/release/{}", next_release_++);
  objects_[path] = {kReleaseName, std::move(properties)};
  return path;
}

std::string FakeDaemon::add_update(const std::string& device_path, Properties properties) {
  const std::int64_t id = next_update_++;
  std::string path = update_path(id);
  Properties& device = at(device_path);
  Properties all{{"Id", id},
                 {"Device", member(device, "Id")},
                 {"DeviceName", member(device, "Name")},
                 {"FromVersion", member(device, "Version")},
                 {"ToVersion", member(device, "Target")},
                 {"Phase", "waiting"},
                 {"Reason", "waits_for_slot"},
                 {"Created", 1'760'000'000'000}};
  all.update(properties);
  objects_[path] = {kUpdateName, std::move(all)};
  device["LastUpdate"] = path;
  if (bus_ != nullptr) must(sd_bus_emit_object_added(bus_, path.c_str()), "InterfacesAdded");
  return path;
}

void FakeDaemon::change(const std::string& path, const Properties& properties) {
  at(path).update(properties);
  std::vector<std::string> names;
  for (const auto& [name, value] : properties.items()) names.push_back(name);
  std::vector<char*> list;
  for (std::string& name : names) list.push_back(name.data());
  list.push_back(nullptr);
  if (bus_ != nullptr) {
    must(sd_bus_emit_properties_changed_strv(bus_, path.c_str(), kind_at(path), list.data()), "PropertiesChanged");
  }
}

void FakeDaemon::progress(std::int64_t update, std::uint64_t done, std::uint64_t total) {
  at(update_path(update)).update({{"Done", done}, {"Total", total}});
  must(sd_bus_emit_signal(bus_, kRootPath, kManagerName, "Progress", "a(xtt)", 1, update, done, total), "Progress");
}

void FakeDaemon::remove(const std::string& path) {
  if (bus_ != nullptr) must(sd_bus_emit_object_removed(bus_, path.c_str()), "InterfacesRemoved");
  objects_.erase(path);
}

int FakeDaemon::on_find(sd_bus*, const char* path, const char* interface, void* userdata, void** found,
                        sd_bus_error*) noexcept {
  auto* self = static_cast<FakeDaemon*>(userdata);
  const auto object = self->objects_.find(path);
  if (object == self->objects_.end() || std::string_view(object->second.interface) != interface) return 0;
  *found = self;
  return 1;
}

int FakeDaemon::on_enumerate(sd_bus*, const char* prefix, void* userdata, char*** paths, sd_bus_error*) noexcept {
  auto* self = static_cast<FakeDaemon*>(userdata);
  const std::string begin = std::string(prefix) + "/";
  std::vector<char*> list;
  for (const auto& [path, object] : self->objects_) {
    if (path.starts_with(begin)) list.push_back(::strdup(path.c_str()));
  }
  list.push_back(nullptr);
  *paths = static_cast<char**>(std::malloc(list.size() * sizeof(char*)));  // NOLINT: sd-bus frees it
  std::memcpy(*paths, list.data(), list.size() * sizeof(char*));
  return 1;
}

int FakeDaemon::on_get(sd_bus*, const char* path, const char* interface, const char* property, sd_bus_message* reply,
                       void* userdata, sd_bus_error*) noexcept {
  auto* self = static_cast<FakeDaemon*>(userdata);
  const bool root = std::string_view(interface) == kManagerName;
  const Properties& properties = root ? self->manager_.properties : self->at(path);
  for (const Signature& p : properties_of(interface)) {
    if (std::string_view(p.name) == property) return append(reply, p.type, member(properties, property));
  }
  return -ENOENT;
}

int FakeDaemon::on_call(sd_bus_message* call, void* userdata, sd_bus_error* error) noexcept {
  return static_cast<FakeDaemon*>(userdata)->answer(call, error);
}

int FakeDaemon::answer(sd_bus_message* call, sd_bus_error* error) {
  const std::string method = sd_bus_message_get_member(call);
  const std::string path = sd_bus_message_get_path(call);
  calls_.push_back(fmt::format("{} {}", method, path));
  if (const auto refusal = refusals.find(method); refusal != refusals.end()) {
    return sd_bus_error_set(error, refusal->second.first.c_str(), refusal->second.second.c_str());
  }
  if (method == "FindDevice") return find_device(call, error);
  if (method == "Refresh") return sd_bus_reply_method_return(call, "s", refresh_text.c_str());
  if (method == "ResetClock") return sd_bus_reply_method_return(call, "s", "the clock's floors are forgotten");
  if (method == "Update") return begin_update(call, path, error);
  if (method == "Accept") change(path, {{"Standing", "accepted"}});
  if (method == "Cancel") change(path, {{"Phase", "cancelled"}, {"Reason", "cancelled_by_owner"}});
  if (method == "Forget") remove(path);
  if (method != "Explain" && method != "Plan") return sd_bus_reply_method_return(call, "");

  sd_bus_message* reply = nullptr;
  must(sd_bus_message_new_method_return(call, &reply), "reply");
  if (method == "Explain") {
    append_explanation(reply, path);
  } else {
    sd_bus_message_open_container(reply, 'a', "a{sv}");
    for (const auto& [device, object] : objects_) {
      if (std::string_view(object.interface) == kDeviceName) append_explanation(reply, device);
    }
    sd_bus_message_close_container(reply);
  }
  const int sent = sd_bus_send(bus_, reply, nullptr);
  sd_bus_message_unref(reply);
  return sent < 0 ? sent : 1;
}

int FakeDaemon::find_device(sd_bus_message* call, sd_bus_error* error) {
  const char* text = nullptr;
  must(sd_bus_message_read(call, "s", &text), "FindDevice");
  std::vector<std::string> found;
  for (const auto& [path, object] : objects_) {
    if (std::string_view(object.interface) != kDeviceName) continue;
    const std::string id = object.properties.at("Id");
    const bool begins = id.starts_with(text) || id.substr(id.find(':') + 1).starts_with(text);
    if (begins || member(object.properties, "Name") == text) found.push_back(path);
  }
  if (found.empty()) {
    return sd_bus_error_setf(error, "org.homepatch1.Error.NotFound", "There is no device '%s'.", text);
  }
  if (found.size() > 1) {
    return sd_bus_error_setf(error, "org.homepatch1.Error.InvalidArgument", "'%s' fits %zu devices.", text,
                             found.size());
  }
  return sd_bus_reply_method_return(call, "o", found[0].c_str());
}

int FakeDaemon::begin_update(sd_bus_message* call, const std::string& path, sd_bus_error* error) {
  if (or_empty<std::string>(member(at(path), "Target")).empty()) {
    return sd_bus_error_set(error, "org.homepatch1.Error.NothingToDo", "It runs the newest release that fits it.");
  }
  return sd_bus_reply_method_return(call, "o", add_update(path).c_str());
}

int FakeDaemon::append_explanation(sd_bus_message* reply, const std::string& path) {
  const Properties& device = at(path);
  Properties all{{"device", member(device, "Id")},
                 {"name", member(device, "Name")},
                 {"verdict", member(device, "Verdict")},
                 {"reason", member(device, "Reason")},
                 {"text", member(device, "ReasonText")},
                 {"installed", member(device, "Version")},
                 {"target", member(device, "Target")},
                 {"catalog", member(device, "Catalog")},
                 {"support_end", member(device, "SupportEnd")},
                 {"user_action", member(device, "UserAction")},
                 {"end_of_life", member(device, "EndOfLife")},
                 {"last_update", member(device, "LastUpdate")}};
  if (const auto more = explanations.find(path); more != explanations.end()) all.update(more->second);
  return append_dictionary(reply, explanation_fields(), all);
}

}  // namespace homepatch::cli
