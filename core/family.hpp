// The kinds of device that homepatch speaks with. A new kind is one enumerator here and one folder in protocols/.
#pragma once

#include <optional>
#include <string_view>

namespace homepatch {

enum class Family { tasmota, lwm2m };

constexpr std::string_view to_string(Family family) {
  switch (family) {
    case Family::tasmota: return "tasmota";
    case Family::lwm2m: return "lwm2m";
  }
  return "tasmota";
}

constexpr std::optional<Family> family_from(std::string_view text) {
  if (text == "tasmota") return Family::tasmota;
  if (text == "lwm2m") return Family::lwm2m;
  return std::nullopt;
}

}  // namespace homepatch
