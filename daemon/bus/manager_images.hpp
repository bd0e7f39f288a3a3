// The Manager's calls about images that no feed signed: what the indexes hold, and the import of a raw image.
#pragma once

#include <systemd/sd-bus.h>

#include "daemon/bus/server.hpp"

namespace homepatch::bus {

// ListIndexes() -> aa{sv}: name, kind (zigbee, esp), from, entries, left_out, complaints, taken, checked (ms), failure.
int on_list_indexes(sd_bus_message* call, void* userdata, sd_bus_error* error) noexcept;

// Search(s words) -> aa{sv}, t: at most 100 images, each with index, kind, name, version, url, bytes (0: not told),
// hash (sha512, md5 or empty), provenance, and for Zigbee manufacturer_code, image_type, models, for ESP chip; then how
// many more were found.
int on_search(sd_bus_message* call, void* userdata, sd_bus_error* error) noexcept;

// MatchZigbee(q manufacturer_code, q image_type, x installed, x hardware_version, s manufacturer_name, as model_ids) ->
// aa{sv}: what each index of Zigbee images has for such a device: index, match (update, up_to_date, unknown_image,
// restricted, version_unknown, no_hash, ambiguous), restriction, and where an image was chosen what Search says of it.
// A number below zero, an empty name: not known, and what is restricted by it does not match.
int on_match_zigbee(sd_bus_message* call, void* userdata, sd_bus_error* error) noexcept;

// InspectImage(h image, s device, s version) -> a{sv}: length, sha256, sha512, md5, format, version, project, chip,
// own_hash (none, not_checkable, agrees), known, contradictions, provenance; and with a device's id, of what an import
// for it as that version would do: match, devices, refusal. For administrators.
int on_inspect_image(sd_bus_message* call, void* userdata, sd_bus_error* error) noexcept;

// ImportImage(h image, s device, s version, s sha256) -> s: a text for people. For administrators.
int on_import_image(sd_bus_message* call, void* userdata, sd_bus_error* error) noexcept;

// RemoveImage(s release) -> s: a text for people; `release` is an imported one's id or version. For administrators.
int on_remove_image(sd_bus_message* call, void* userdata, sd_bus_error* error) noexcept;

}  // namespace homepatch::bus
