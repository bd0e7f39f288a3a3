// The connection to homepatchd: blocking calls with their errors put into words. Commands speak through this; what
// follows the daemon live (update_follower) takes the raw connection. Holds nothing that must outlive the program.
#pragma once

#include <systemd/sd-bus.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/value.hpp"

namespace homepatch::cli {

inline constexpr const char* kService = "org.homepatch1";
inline constexpr const char* kRoot = "/org/homepatch1";
inline constexpr const char* kUpdates = "/org/homepatch1/update";
inline constexpr const char* kManager = "org.homepatch1.Manager";
inline constexpr const char* kDevice = "org.homepatch1.Device";
inline constexpr const char* kRelease = "org.homepatch1.Release";
inline constexpr const char* kUpdate = "org.homepatch1.Update";
inline constexpr const char* kObjectManager = "org.freedesktop.DBus.ObjectManager";
inline constexpr const char* kProperties = "org.freedesktop.DBus.Properties";

struct MessageUnref {
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, MessageUnref>;

// An error as it came over the bus, as ours: its kind from its name, its text ready for a person.
Error error_from_bus(const sd_bus_error& error);

// As a person names it; below zero and empty: not known.
struct ZigbeeDevice {
  std::uint16_t manufacturer_code = 0;
  std::uint16_t image_type = 0;
  std::int64_t installed = -1;
  std::int64_t hardware_version = -1;
  std::string manufacturer_name;
  std::vector<std::string> model_ids;
};

class Bus {
 public:
  static constexpr std::chrono::seconds kAnswerLimit{25};
  static constexpr std::chrono::minutes kRefreshLimit{15};  // feeds are fetched over slow lines

  // The system bus, or the one that DBUS_SYSTEM_BUS_ADDRESS names.
  static Result<Bus> open();

  // Calls a method without arguments, or with one text: the value of its reply, null where that is empty, an array
  // where it has several.
  // That there is nothing to do is an error like others (Errc::nothing_to_do).
  Result<Value> get(const std::string& path, const char* interface, const char* method,
                    const std::optional<std::string>& text = std::nullopt,
                    std::chrono::microseconds limit = kAnswerLimit);

  // The object path of the one device that `text` means.
  Result<std::string> find_device(const std::string& text);

  // Manager.Import(): hands the open file over; the text for people.
  Result<std::string> import(int file, const std::string& feed);

  // Manager.MatchZigbee().
  Result<Value> match_zigbee(const ZigbeeDevice& device);

  // Manager.InspectImage() and Manager.ImportImage(): the same open file twice. `device` is an id.
  Result<Value> inspect_image(int file, const std::string& device, const std::string& version);
  Result<std::string> import_image(int file, const std::string& device, const std::string& version,
                                   const std::string& sha256);

  // Device.Update(): the path of the new update.
  Result<std::string> start_update(const std::string& device_path);

  [[nodiscard]] sd_bus* handle() const { return bus_.get(); }

 private:
  struct Unref {
    void operator()(sd_bus* bus) const { sd_bus_flush_close_unref(bus); }
  };
  explicit Bus(sd_bus* bus) : bus_(bus) {}
  Result<Message> new_call(const std::string& path, const char* interface, const char* method);
  Result<Value> send(const Message& call, std::chrono::microseconds limit);

  std::unique_ptr<sd_bus, Unref> bus_;
};

}  // namespace homepatch::cli
