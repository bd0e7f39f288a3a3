// What org.homepatch1 looks like on the bus: names and types of its properties and dictionaries, written apart from the
// daemon's own tables, and how JSON values become them.
#pragma once

#include <systemd/sd-bus.h>

#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

namespace homepatch::cli {

inline constexpr const char* kRootPath = "/org/homepatch1";
inline constexpr const char* kManagerName = "org.homepatch1.Manager";
inline constexpr const char* kDeviceName = "org.homepatch1.Device";
inline constexpr const char* kReleaseName = "org.homepatch1.Release";
inline constexpr const char* kUpdateName = "org.homepatch1.Update";

struct Signature {
  const char* name;
  const char* type;
};

// Of an interface by its name.
std::span<const Signature> properties_of(std::string_view interface);
// Of what Explain() and Plan() give of one device.
std::span<const Signature> explanation_fields();

// A value that is missing: null.
nlohmann::json member(const nlohmann::json& dictionary, const char* name);

template <typename T>
T or_empty(const nlohmann::json& value) {
  return value.is_null() ? T() : value.get<T>();
}

// Append to a message; null is the type's empty value. What sd-bus answers.
int append(sd_bus_message* out, std::string_view type, const nlohmann::json& value);
int append_dictionary(sd_bus_message* out, std::span<const Signature> fields, const nlohmann::json& values);

}  // namespace homepatch::cli
