// One getter for all properties of an interface: a table from the property's name to the function that appends its
// value.
#pragma once

#include <systemd/sd-bus.h>

#include <string_view>

namespace homepatch::bus {

template <typename Subject>
struct Property {
  std::string_view name;
  int (*append)(sd_bus_message*, const Subject&);
};

template <typename Subject, typename Table>
int append_property(const Table& table, std::string_view name, sd_bus_message* reply, const Subject& subject) {
  for (const Property<Subject>& property : table) {
    if (property.name == name) return property.append(reply, subject);
  }
  return -ENOENT;
}

}  // namespace homepatch::bus
