#include "daemon/bus/manager_images.hpp"

#include <fmt/format.h>

#include <limits>
#include <optional>

#include "core/provenance.hpp"
#include "daemon/bus/message.hpp"

namespace homepatch::bus {

namespace {

int append_index(sd_bus_message* message, const IndexStatus& index) {
  int r = sd_bus_message_open_container(message, 'a', "{sv}");
  const auto add = [&](const char* key, const auto& value) {
    if (r >= 0) r = append_entry(message, key, value);
  };
  add("name", index.name);
  add("kind", std::string(to_string(index.kind)));
  add("from", index.from);
  add("entries", static_cast<std::uint32_t>(index.entries));
  add("left_out", static_cast<std::uint32_t>(index.left_out));
  add("complaints", index.complaints);
  add("taken", to_millis(index.taken));
  add("checked", to_millis(index.checked));
  add("failure", index.failure);
  return r < 0 ? r : sd_bus_message_close_container(message);
}

// An index that names a hash by which bytes can be told vouches for them, however weakly.
Provenance provenance_of(const FoundImage& image) {
  return image.hash == "sha512" ? Provenance::hash_only : Provenance::local_admin;
}

// The entries of an open dictionary, all but the index's name.
int append_facts(sd_bus_message* message, const FoundImage& image) {
  int r = 0;
  const auto add = [&](const char* key, const auto& value) {
    if (r >= 0) r = append_entry(message, key, value);
  };
  add("kind", std::string(to_string(image.kind)));
  add("name", image.name);
  add("version", image.version);
  add("url", image.url);
  add("bytes", static_cast<std::int64_t>(image.bytes.value_or(0)));
  add("hash", image.hash);
  add("provenance", std::string(to_string(provenance_of(image))));
  if (image.manufacturer_code) add("manufacturer_code", static_cast<std::uint32_t>(*image.manufacturer_code));
  if (image.image_type) add("image_type", static_cast<std::uint32_t>(*image.image_type));
  if (image.kind == IndexKind::zigbee) add("models", image.models);
  if (image.kind == IndexKind::esp) add("chip", image.chip);
  return r;
}

int append_image(sd_bus_message* message, const FoundImage& image) {
  int r = sd_bus_message_open_container(message, 'a', "{sv}");
  if (r >= 0) r = append_entry(message, "index", image.index);
  if (r >= 0) r = append_facts(message, image);
  return r < 0 ? r : sd_bus_message_close_container(message);
}

int append_match(sd_bus_message* message, const MatchedImage& matched) {
  int r = sd_bus_message_open_container(message, 'a', "{sv}");
  const auto add = [&](const char* key, const std::string& value) {
    if (r >= 0) r = append_entry(message, key, value);
  };
  add("index", matched.index);
  add("match", std::string(feeds::to_string(matched.match)));
  add("restriction", matched.restriction);
  if (r >= 0 && matched.image) r = append_facts(message, *matched.image);
  return r < 0 ? r : sd_bus_message_close_container(message);
}

// A number of at most `Number`'s size, or none where it is below zero.
template <typename Number>
homepatch::Result<std::optional<Number>> known(std::string_view what, std::int64_t value) {
  if (value < 0) return std::optional<Number>();
  if (value > std::numeric_limits<Number>::max()) {
    return fail(Errc::invalid_argument,
                fmt::format("{} is {}; it is at most {}", what, value, std::numeric_limits<Number>::max()));
  }
  return std::optional(static_cast<Number>(value));
}

homepatch::Result<feeds::ZigbeeDevice> read_zigbee_device(sd_bus_message* call) {
  feeds::ZigbeeDevice device;
  std::int64_t installed = -1;
  std::int64_t hardware = -1;
  const char* manufacturer = nullptr;
  int r = sd_bus_message_read(call, "qqxxs", &device.manufacturer_code, &device.image_type, &installed, &hardware,
                              &manufacturer);
  if (r >= 0) r = sd_bus_message_enter_container(call, 'a', "s");
  const char* model = nullptr;
  while (r >= 0 && sd_bus_message_read_basic(call, 's', &model) > 0) device.model_ids.emplace_back(model);
  if (r < 0) return fail(errno_error("reading the call", -r));
  device.file_version = TRY(known<std::uint32_t>("the installed version", installed));
  device.hardware_version = TRY(known<std::uint16_t>("the hardware version", hardware));
  if (*manufacturer != '\0') device.manufacturer_name = manufacturer;
  return device;
}

std::string_view to_string(ImageHash hash) {
  switch (hash) {
    case ImageHash::none: return "none";
    case ImageHash::not_checkable: return "not_checkable";
    case ImageHash::agrees: return "agrees";
  }
  return "none";
}

int append_inspection(sd_bus_message* message, const Inspection& inspection) {
  const ImageFacts& facts = inspection.facts;
  const ImageHeader header = facts.header.value_or(ImageHeader());
  int r = sd_bus_message_open_container(message, 'a', "{sv}");
  const auto add = [&](const char* key, const auto& value) {
    if (r >= 0) r = append_entry(message, key, value);
  };
  add("length", static_cast<std::int64_t>(facts.length));
  add("sha256", facts.sha256.hex());
  add("sha512", facts.sha512);
  add("md5", facts.md5);
  add("format", facts.format());
  add("version", header.version);
  add("project", header.project);
  add("chip", header.chip);
  add("own_hash", std::string(to_string(header.hash)));
  add("known", facts.known);
  add("contradictions", facts.contradictions);
  add("provenance", std::string(homepatch::to_string(facts.provenance)));
  add("match", inspection.match);
  add("devices", static_cast<std::uint32_t>(inspection.devices));
  add("refusal", inspection.refusal);
  return r < 0 ? r : sd_bus_message_close_container(message);
}

int reply_inspection(sd_bus_message* call, const Inspection& inspection) {
  sd_bus_message* reply = nullptr;
  int r = sd_bus_message_new_method_return(call, &reply);
  if (r >= 0) r = append_inspection(reply, inspection);
  if (r >= 0) r = sd_bus_message_send(reply);
  sd_bus_message_unref(reply);
  return r;
}

}  // namespace

int on_inspect_image(sd_bus_message* call, void* userdata, sd_bus_error*) noexcept {
  if (auto allowed = require_administrator(call); !allowed) return reply_error(call, allowed.error());
  int fd = -1;
  const char* device = nullptr;
  const char* version = nullptr;
  if (const int r = sd_bus_message_read(call, "hss", &fd, &device, &version); r < 0) return r;
  auto file = duplicate(fd);
  if (!file) return reply_error(call, file.error());
  const auto held = hold(call);
  static_cast<Server*>(userdata)->sources().image_importer->inspect(
      std::move(*file), device, version, [held](Result<Inspection> inspection) {
        inspection ? reply_inspection(held.get(), *inspection) : reply_error(held.get(), inspection.error());
      });
  return 1;
}

int on_import_image(sd_bus_message* call, void* userdata, sd_bus_error*) noexcept {
  if (auto allowed = require_administrator(call); !allowed) return reply_error(call, allowed.error());
  int fd = -1;
  const char* device = nullptr;
  const char* version = nullptr;
  const char* sha256 = nullptr;
  if (const int r = sd_bus_message_read(call, "hsss", &fd, &device, &version, &sha256); r < 0) return r;
  auto file = duplicate(fd);
  if (!file) return reply_error(call, file.error());
  static_cast<Server*>(userdata)->sources().image_importer->import(std::move(*file), device, version, sha256,
                                                                   caller_name(call), answering(call));
  return 1;
}

int on_remove_image(sd_bus_message* call, void* userdata, sd_bus_error*) noexcept {
  if (auto allowed = require_administrator(call); !allowed) return reply_error(call, allowed.error());
  const char* release = nullptr;
  if (const int r = sd_bus_message_read(call, "s", &release); r < 0) return r;
  answering(call)(static_cast<Server*>(userdata)->sources().local_releases->remove(release));
  return 1;
}

int on_list_indexes(sd_bus_message* call, void* userdata, sd_bus_error*) noexcept {
  return reply_list(call, static_cast<Server*>(userdata)->sources().indexes->list(), append_index);
}

int on_match_zigbee(sd_bus_message* call, void* userdata, sd_bus_error*) noexcept {
  const auto device = read_zigbee_device(call);
  if (!device) return reply_error(call, device.error());
  return reply_list(call, static_cast<Server*>(userdata)->sources().indexes->match(*device), append_match);
}

int on_search(sd_bus_message* call, void* userdata, sd_bus_error*) noexcept {
  const char* words = nullptr;
  if (const int r = sd_bus_message_read(call, "s", &words); r < 0) return r;
  const auto found = static_cast<Server*>(userdata)->sources().indexes->search(words);
  sd_bus_message* reply = nullptr;
  int r = sd_bus_message_new_method_return(call, &reply);
  if (r >= 0) r = append_list(reply, found.images, append_image);
  if (r >= 0) r = sd_bus_message_append(reply, "t", static_cast<std::uint64_t>(found.more));
  if (r >= 0) r = sd_bus_message_send(reply);
  sd_bus_message_unref(reply);
  return r;
}

}  // namespace homepatch::bus
