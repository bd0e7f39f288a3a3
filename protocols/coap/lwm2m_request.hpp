// Requests to one resource of an LwM2M client (LwM2M core 1.x, device management interface), below the root path that
// it registered with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "protocols/coap/message.hpp"

namespace homepatch::coap {

struct ResourcePath {
  std::uint16_t object = 0;
  std::uint16_t instance = 0;
  std::uint16_t resource = 0;
};

namespace resource {
inline constexpr ResourcePath kManufacturer{3, 0, 0};
inline constexpr ResourcePath kModel{3, 0, 1};
inline constexpr ResourcePath kSerial{3, 0, 2};
inline constexpr ResourcePath kFirmwareVersion{3, 0, 3};
inline constexpr ResourcePath kPowerSources{3, 0, 6};
inline constexpr ResourcePath kHardwareVersion{3, 0, 18};
inline constexpr ResourcePath kBatteryStatus{3, 0, 20};
inline constexpr ResourcePath kPackage{5, 0, 0};
inline constexpr ResourcePath kPackageUri{5, 0, 1};
inline constexpr ResourcePath kUpdate{5, 0, 2};
inline constexpr ResourcePath kState{5, 0, 3};
inline constexpr ResourcePath kUpdateResult{5, 0, 5};
inline constexpr ResourcePath kPackageVersion{5, 0, 7};
inline constexpr ResourcePath kProtocols{5, 0, 8};
inline constexpr ResourcePath kDeliveryMethod{5, 0, 9};
inline constexpr ResourcePath kCancel{5, 0, 10};
}  // namespace resource

Request read(const Segments& root, const ResourcePath& path, std::optional<ContentFormat> accept);
Request write(const Segments& root, const ResourcePath& path, ContentFormat format, std::string payload);
Request execute(const Segments& root, const ResourcePath& path);

}  // namespace homepatch::coap
