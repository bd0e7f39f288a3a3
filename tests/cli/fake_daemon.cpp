#include "fake_daemon.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <span>
#include <stdexcept>

namespace homepatch::cli {

namespace {

using Signature = FakeDaemon::Signature;

constexpr const char* kRootPath = "/org/homepatch1";
constexpr const char* kManagerName = "org.homepatch1.Manager";
constexpr const char* kDeviceName = "org.homepatch1.Device";
constexpr const char* kReleaseName = "org.homepatch1.Release";
constexpr const char* kUpdateName = "org.homepatch1.Update";

constexpr std::array kManagerProperties{
    Signature{"Version", "s"},        Signature{"Broker", "s"},          Signature{"BrokerText", "s"},
    Signature{"ClockTrusted", "b"},   Signature{"ClockText", "s"},       Signature{"AcceptNew", "s"},
    Signature{"Listening", "as"},     Signature{"Feeds", "aa{sv}"},      Signature{"Devices", "u"},
    Signature{"DevicesRefused", "t"}, Signature{"UpdatesUnderWay", "u"}, Signature{"CacheObjects", "u"},
    Signature{"CacheBytes", "t"},     Signature{"CacheQuota", "t"},      Signature{"WanBytes", "t"},
    Signature{"SavedBytes", "t"},     Signature{"ClockFloor", "x"},      Signature{"ClockBelowFloor", "b"}};
constexpr std::array kDeviceProperties{Signature{"Id", "s"},
                                       Signature{"Name", "s"},
                                       Signature{"Family", "s"},
                                       Signature{"Manufacturer", "s"},
                                       Signature{"Model", "s"},
                                       Signature{"Hardware", "s"},
                                       Signature{"Version", "s"},
                                       Signature{"Address", "s"},
                                       Signature{"Condition", "s"},
                                       Signature{"Standing", "s"},
                                       Signature{"Sleeps", "b"},
                                       Signature{"FirstSeen", "x"},
                                       Signature{"LastSeen", "x"},
                                       Signature{"Verdict", "s"},
                                       Signature{"Reason", "s"},
                                       Signature{"ReasonText", "s"},
                                       Signature{"Target", "s"},
                                       Signature{"Catalog", "s"},
                                       Signature{"Updatable", "s"},
                                       Signature{"Method", "s"},
                                       Signature{"SupportEnd", "s"},
                                       Signature{"SupportKind", "s"},
                                       Signature{"LastUpdate", "o"},
                                       Signature{"AdviceAfterEnd", "s"},
                                       Signature{"EndOfLife", "b"},
                                       Signature{"EndOfLifeSince", "s"},
                                       Signature{"EndOfLifeAdvice", "s"},
                                       Signature{"SecurityContact", "s"},
                                       Signature{"Provenance", "s"},
                                       Signature{"SignedBy", "s"},
                                       Signature{"VerifiedBy", "s"},
                                       Signature{"Emergency", "b"},
                                       Signature{"UserAction", "s"},
                                       Signature{"AdvisoryUrl", "s"}};
constexpr std::array kReleaseProperties{Signature{"Id", "s"},
                                        Signature{"Version", "s"},
                                        Signature{"Seq", "x"},
                                        Signature{"Feed", "s"},
                                        Signature{"Catalog", "s"},
                                        Signature{"Vendor", "s"},
                                        Signature{"Model", "s"},
                                        Signature{"Kind", "s"},
                                        Signature{"Severity", "s"},
                                        Signature{"Cves", "as"},
                                        Signature{"Date", "s"},
                                        Signature{"Summary", "s"},
                                        Signature{"Images", "u"},
                                        Signature{"Bytes", "t"},
                                        Signature{"Cached", "b"},
                                        Signature{"Provenance", "s"},
                                        Signature{"SupportEnd", "s"},
                                        Signature{"SignedBy", "s"},
                                        Signature{"VerifiedBy", "s"},
                                        Signature{"SupportKind", "s"},
                                        Signature{"AdviceAfterEnd", "s"},
                                        Signature{"EndOfLife", "b"},
                                        Signature{"EndOfLifeSince", "s"},
                                        Signature{"EndOfLifeAdvice", "s"},
                                        Signature{"SecurityContact", "s"},
                                        Signature{"Emergency", "b"},
                                        Signature{"UserAction", "s"},
                                        Signature{"AdvisoryUrl", "s"}};
constexpr std::array kUpdateProperties{
    Signature{"Id", "x"},       Signature{"Device", "s"},      Signature{"DeviceName", "s"},
    Signature{"Release", "s"},  Signature{"FromVersion", "s"}, Signature{"ToVersion", "s"},
    Signature{"Phase", "s"},    Signature{"Reason", "s"},      Signature{"ReasonText", "s"},
    Signature{"Detail", "s"},   Signature{"Done", "t"},        Signature{"Total", "t"},
    Signature{"Attempts", "u"}, Signature{"Created", "x"},     Signature{"PhaseSince", "x"},
    Signature{"NextStep", "x"}, Signature{"AskedBy", "s"}};
constexpr std::array kExplanation{Signature{"device", "s"},
                                  Signature{"name", "s"},
                                  Signature{"verdict", "s"},
                                  Signature{"reason", "s"},
                                  Signature{"text", "s"},
                                  Signature{"installed", "s"},
                                  Signature{"target", "s"},
                                  Signature{"release", "s"},
                                  Signature{"catalog", "s"},
                                  Signature{"path", "as"},
                                  Signature{"not_before", "x"},
                                  Signature{"protects", "as"},
                                  Signature{"kind", "s"},
                                  Signature{"severity", "s"},
                                  Signature{"support_end", "s"},
                                  Signature{"last_update", "o"},
                                  Signature{"emergency", "b"},
                                  Signature{"summary", "s"},
                                  Signature{"user_action", "s"},
                                  Signature{"advisory_url", "s"},
                                  Signature{"method", "s"},
                                  Signature{"provenance", "s"},
                                  Signature{"signed_by", "s"},
                                  Signature{"verified_by", "s"},
                                  Signature{"support_kind", "s"},
                                  Signature{"advice_after_end", "s"},
                                  Signature{"end_of_life", "b"},
                                  Signature{"end_of_life_since", "s"},
                                  Signature{"end_of_life_advice", "s"},
                                  Signature{"security_contact", "s"}};
constexpr std::array kFeed{Signature{"name", "s"},      Signature{"url", "s"},  Signature{"state", "s"},
                           Signature{"refreshed", "x"}, Signature{"text", "s"}, Signature{"catalogs", "u"}};

void must(int result, const char* what) {
  if (result < 0) throw std::runtime_error(fmt::format("{}: {}", what, std::strerror(-result)));
}

nlohmann::json member(const nlohmann::json& dictionary, const char* name) {
  return dictionary.contains(name) ? dictionary.at(name) : nlohmann::json();
}

template <typename T>
T or_empty(const nlohmann::json& value) {
  return value.is_null() ? T() : value.get<T>();
}

int append(sd_bus_message* out, std::string_view type, const nlohmann::json& value);

int append_dictionary(sd_bus_message* out, std::span<const Signature> fields, const nlohmann::json& values) {
  sd_bus_message_open_container(out, 'a', "{sv}");
  for (const Signature& field : fields) {
    sd_bus_message_open_container(out, 'e', "sv");
    sd_bus_message_append(out, "s", field.name);
    sd_bus_message_open_container(out, 'v', field.type);
    append(out, field.type, member(values, field.name));
    sd_bus_message_close_container(out);
    sd_bus_message_close_container(out);
  }
  return sd_bus_message_close_container(out);
}

int append_list(sd_bus_message* out, std::string_view type, const nlohmann::json& values) {
  const std::string contents(type.substr(1));
  sd_bus_message_open_container(out, 'a', contents.c_str());
  for (const auto& value : values) {
    if (contents == "s") {
      append(out, "s", value);
    } else {
      append_dictionary(out, kFeed, value);
    }
  }
  return sd_bus_message_close_container(out);
}

int append(sd_bus_message* out, std::string_view type, const nlohmann::json& value) {
  switch (type[0]) {
    case 's': return sd_bus_message_append(out, "s", or_empty<std::string>(value).c_str());
    case 'o': return sd_bus_message_append(out, "o", value.is_null() ? "/" : value.get<std::string>().c_str());
    case 'b': return sd_bus_message_append(out, "b", static_cast<int>(or_empty<bool>(value)));
    case 'u': return sd_bus_message_append(out, "u", or_empty<std::uint32_t>(value));
    case 't': return sd_bus_message_append(out, "t", or_empty<std::uint64_t>(value));
    case 'x': return sd_bus_message_append(out, "x", or_empty<std::int64_t>(value));
    default: return append_list(out, type, value);
  }
}

std::span<const Signature> properties_of(std::string_view interface) {
  if (interface == kManagerName) return kManagerProperties;
  if (interface == kDeviceName) return kDeviceProperties;
  if (interface == kReleaseName) return kReleaseProperties;
  return kUpdateProperties;
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
  return append_dictionary(reply, kExplanation, all);
}

}  // namespace homepatch::cli
