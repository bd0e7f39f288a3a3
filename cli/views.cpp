#include "cli/views.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <tuple>

#include "core/update.hpp"

namespace homepatch::cli {

namespace {

void take(const Value& properties, const char* key, std::string& field) {
  if (properties.contains(key)) field = text_of(properties, key);
}
void take(const Value& properties, const char* key, std::int64_t& field) {
  if (properties.contains(key)) field = number_of(properties, key);
}
void take(const Value& properties, const char* key, std::uint64_t& field) {
  if (properties.contains(key)) field = count_of(properties, key);
}

const Value* interface_of(const Value& interfaces, const char* name) {
  if (!interfaces.is_object()) return nullptr;
  const auto found = interfaces.find(name);
  return found != interfaces.end() && found->is_object() ? &*found : nullptr;
}

// The daemon spells the same members in two ways: of an object's properties and of a dictionary.
SupportView support_of_object(const Value& p) {
  return {text_of(p, "SupportEnd"),     text_of(p, "SupportKind"),    text_of(p, "AdviceAfterEnd"),
          flag_of(p, "EndOfLife"),      text_of(p, "EndOfLifeSince"), text_of(p, "EndOfLifeAdvice"),
          text_of(p, "SecurityContact")};
}
SupportView support_of_dictionary(const Value& d) {
  return {text_of(d, "support_end"),     text_of(d, "support_kind"),      text_of(d, "advice_after_end"),
          flag_of(d, "end_of_life"),     text_of(d, "end_of_life_since"), text_of(d, "end_of_life_advice"),
          text_of(d, "security_contact")};
}
TrustView trust_of_object(const Value& p) {
  return {text_of(p, "Provenance"), text_of(p, "SignedBy"), text_of(p, "VerifiedBy")};
}

// Falling order by ~, which unlike minus holds for every number.
void sort(Home& home) {
  std::ranges::sort(home.devices, {}, [](const DeviceView& d) { return std::tie(d.name, d.id); });
  std::ranges::sort(home.releases, {}, [](const ReleaseView& r) {
    return std::tuple(std::string_view(r.vendor), std::string_view(r.model), ~r.seq);
  });
  std::ranges::sort(home.updates, {}, [](const UpdateView& u) { return std::tuple(u.over(), ~u.created, ~u.id); });
}

}  // namespace

DeviceView DeviceView::from(std::string path, const Value& p) {
  DeviceView d;
  d.path = std::move(path);
  d.id = text_of(p, "Id");
  d.name = text_of(p, "Name");
  d.family = text_of(p, "Family");
  d.manufacturer = text_of(p, "Manufacturer");
  d.model = text_of(p, "Model");
  d.hardware = text_of(p, "Hardware");
  d.version = text_of(p, "Version");
  d.address = text_of(p, "Address");
  d.condition = text_of(p, "Condition");
  d.standing = text_of(p, "Standing");
  d.sleeps = flag_of(p, "Sleeps");
  d.first_seen = number_of(p, "FirstSeen");
  d.last_seen = number_of(p, "LastSeen");
  d.verdict = text_of(p, "Verdict");
  d.reason = text_of(p, "Reason");
  d.reason_text = text_of(p, "ReasonText");
  d.target = text_of(p, "Target");
  d.catalog = text_of(p, "Catalog");
  d.updatable = text_of(p, "Updatable");
  d.method = text_of(p, "Method");
  d.support = support_of_object(p);
  d.trust = trust_of_object(p);
  d.emergency = flag_of(p, "Emergency");
  d.user_action = text_of(p, "UserAction");
  d.advisory_url = text_of(p, "AdvisoryUrl");
  d.last_update = text_of(p, "LastUpdate");
  return d;
}

std::optional<std::int64_t> DeviceView::last_update_number() const {
  char* decoded = nullptr;
  if (sd_bus_path_decode(last_update.c_str(), kUpdates, &decoded) <= 0) return std::nullopt;
  const std::unique_ptr<char, decltype(&std::free)> held(decoded, &std::free);
  const std::string_view text(held.get());
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

ReleaseView ReleaseView::from(const Value& p) {
  ReleaseView r;
  r.id = text_of(p, "Id");
  r.version = text_of(p, "Version");
  r.seq = number_of(p, "Seq");
  r.feed = text_of(p, "Feed");
  r.catalog = text_of(p, "Catalog");
  r.vendor = text_of(p, "Vendor");
  r.model = text_of(p, "Model");
  r.kind = text_of(p, "Kind");
  r.severity = text_of(p, "Severity");
  r.cves = texts_of(p, "Cves");
  r.date = text_of(p, "Date");
  r.summary = text_of(p, "Summary");
  r.images = count_of(p, "Images");
  r.bytes = count_of(p, "Bytes");
  r.cached = flag_of(p, "Cached");
  r.emergency = flag_of(p, "Emergency");
  r.user_action = text_of(p, "UserAction");
  r.advisory_url = text_of(p, "AdvisoryUrl");
  r.trust = trust_of_object(p);
  r.support = support_of_object(p);
  return r;
}

UpdateView UpdateView::from(std::string path, const Value& properties) {
  UpdateView u;
  u.path = std::move(path);
  u.change(properties);
  return u;
}

void UpdateView::change(const Value& p) {
  if (!p.is_object()) return;
  take(p, "Id", id);
  take(p, "Device", device);
  take(p, "DeviceName", device_name);
  take(p, "Release", release);
  take(p, "FromVersion", from_version);
  take(p, "ToVersion", to_version);
  take(p, "Phase", phase);
  take(p, "Reason", reason);
  take(p, "ReasonText", reason_text);
  take(p, "Detail", detail);
  take(p, "Done", done);
  take(p, "Total", total);
  take(p, "Attempts", attempts);
  take(p, "Created", created);
  take(p, "PhaseSince", phase_since);
  take(p, "NextStep", next_step);
  take(p, "AskedBy", asked_by);
}

bool UpdateView::over() const {
  // A word that this program does not know is taken as still running.
  const auto known = phase_from(phase);
  return known && is_terminal(*known);
}

unsigned UpdateView::percent() const {
  if (total == 0) return 0;
  return static_cast<unsigned>(100.0 * static_cast<double>(std::min(done, total)) / static_cast<double>(total));
}

DecisionView DecisionView::from(const Value& d) {
  DecisionView v;
  v.device = text_of(d, "device");
  v.name = text_of(d, "name");
  v.verdict = text_of(d, "verdict");
  v.reason = text_of(d, "reason");
  v.text = text_of(d, "text");
  v.installed = text_of(d, "installed");
  v.target = text_of(d, "target");
  v.release = text_of(d, "release");
  v.catalog = text_of(d, "catalog");
  v.path = texts_of(d, "path");
  v.not_before = number_of(d, "not_before");
  v.protects = texts_of(d, "protects");
  v.kind = text_of(d, "kind");
  v.severity = text_of(d, "severity");
  v.emergency = flag_of(d, "emergency");
  v.summary = text_of(d, "summary");
  v.user_action = text_of(d, "user_action");
  v.advisory_url = text_of(d, "advisory_url");
  v.method = text_of(d, "method");
  v.support = support_of_dictionary(d);
  v.trust = {text_of(d, "provenance"), text_of(d, "signed_by"), text_of(d, "verified_by")};
  return v;
}

Home Home::from(const Value& managed_objects) {
  Home home;
  for (const auto& [path, interfaces] : managed_objects.items()) {
    if (const Value* p = interface_of(interfaces, kDevice)) home.devices.push_back(DeviceView::from(path, *p));
    if (const Value* p = interface_of(interfaces, kRelease)) home.releases.push_back(ReleaseView::from(*p));
    if (const Value* p = interface_of(interfaces, kUpdate)) home.updates.push_back(UpdateView::from(path, *p));
  }
  sort(home);
  for (std::size_t i = 0; i < home.updates.size(); ++i) home.update_places[home.updates[i].path] = i;
  return home;
}

const UpdateView* Home::update_at(const std::string& path) const {
  const auto found = update_places.find(path);
  return found == update_places.end() ? nullptr : &updates[found->second];
}

const DeviceView* Home::device_at(std::string_view path) const {
  const auto found = std::ranges::find(devices, path, &DeviceView::path);
  return found == devices.end() ? nullptr : &*found;
}

Result<Home> read_home(Bus& bus) { return Home::from(TRY(bus.get(kRoot, kObjectManager, "GetManagedObjects"))); }

Result<DeviceView> read_device(Bus& bus, const std::string& path) {
  return DeviceView::from(path, TRY(bus.get(path, kProperties, "GetAll", kDevice)));
}

Result<UpdateView> read_update(Bus& bus, const std::string& path) {
  return UpdateView::from(path, TRY(bus.get(path, kProperties, "GetAll", kUpdate)));
}

std::optional<UpdateView> read_last_update(Bus& bus, const DeviceView& device) {
  if (device.last_update.size() <= 1) return std::nullopt;
  auto update = read_update(bus, device.last_update);
  if (!update) return std::nullopt;
  return *std::move(update);
}

Result<DeviceView> find_one_device(Bus& bus, const std::string& text) {
  const std::string path = TRY(bus.find_device(text));
  return read_device(bus, path);
}

Result<std::vector<DeviceView>> find_devices(Bus& bus, const std::vector<std::string>& texts) {
  std::vector<DeviceView> devices;
  for (const std::string& text : texts) {
    const std::string path = TRY(bus.find_device(text));
    if (std::ranges::find(devices, path, &DeviceView::path) != devices.end()) continue;
    devices.push_back(TRY(read_device(bus, path)));
  }
  return devices;
}

}  // namespace homepatch::cli
