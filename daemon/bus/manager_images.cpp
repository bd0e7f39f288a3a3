#include "daemon/bus/manager_images.hpp"

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

int append_image(sd_bus_message* message, const FoundImage& image) {
  int r = sd_bus_message_open_container(message, 'a', "{sv}");
  const auto add = [&](const char* key, const auto& value) {
    if (r >= 0) r = append_entry(message, key, value);
  };
  add("index", image.index);
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
  return r < 0 ? r : sd_bus_message_close_container(message);
}

}  // namespace

int on_list_indexes(sd_bus_message* call, void* userdata, sd_bus_error*) noexcept {
  return reply_list(call, static_cast<Server*>(userdata)->sources().indexes->list(), append_index);
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
