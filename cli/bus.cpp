#include "cli/bus.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdlib>

#include "base/text.hpp"

namespace homepatch::cli {

namespace {

constexpr std::size_t kMaxErrorText = 1000;

struct Kind {
  std::string_view name;
  Errc code;
  std::string_view text;  // instead of the bus's own, which is written for programmers
};

constexpr std::string_view kNotRunning =
    "homepatchd is not running on this bus. Start it with: systemctl start homepatchd (and look for what it says with: "
    "journalctl -u homepatchd)";
constexpr std::string_view kNotAllowed =
    "You are not allowed to do this. Try it as root, or as a member of the group homepatch.";
constexpr std::string_view kOtherVersion =
    "homepatchd does not understand this. It may be older or newer than this homepatchctl: compare homepatchctl "
    "--version "
    "and homepatchctl status.";
constexpr std::string_view kNoAnswer =
    "homepatchd did not answer in time. Look for what it says with: journalctl -u homepatchd";

constexpr std::array kKinds{
    Kind{"org.homepatch1.Error.InvalidArgument", Errc::invalid_argument, ""},
    Kind{"org.homepatch1.Error.Malformed", Errc::malformed, ""},
    Kind{"org.homepatch1.Error.NotFound", Errc::not_found, ""},
    Kind{"org.homepatch1.Error.AlreadyExists", Errc::already_exists, ""},
    Kind{"org.homepatch1.Error.NotAuthorised", Errc::not_authorised, ""},
    Kind{"org.homepatch1.Error.NotTrusted", Errc::not_trusted, ""},
    Kind{"org.homepatch1.Error.TooLarge", Errc::too_large, ""},
    Kind{"org.homepatch1.Error.NoSpace", Errc::no_space, ""},
    Kind{"org.homepatch1.Error.Io", Errc::io, ""},
    Kind{"org.homepatch1.Error.Unavailable", Errc::unavailable, ""},
    Kind{"org.homepatch1.Error.Busy", Errc::busy, ""},
    Kind{"org.homepatch1.Error.Unsupported", Errc::unsupported, ""},
    Kind{"org.homepatch1.Error.Cancelled", Errc::cancelled, ""},
    Kind{"org.homepatch1.Error.NothingToDo", Errc::nothing_to_do, ""},
    Kind{"org.freedesktop.DBus.Error.ServiceUnknown", Errc::unavailable, kNotRunning},
    Kind{"org.freedesktop.DBus.Error.NameHasNoOwner", Errc::unavailable, kNotRunning},
    Kind{"org.freedesktop.DBus.Error.AccessDenied", Errc::not_authorised, kNotAllowed},
    Kind{"org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", Errc::not_authorised, kNotAllowed},
    Kind{"org.freedesktop.DBus.Error.UnknownObject", Errc::not_found, "It is not there (any more)."},
    Kind{"org.freedesktop.DBus.Error.UnknownMethod", Errc::unsupported, kOtherVersion},
    Kind{"org.freedesktop.DBus.Error.UnknownInterface", Errc::unsupported, kOtherVersion},
    Kind{"org.freedesktop.DBus.Error.InvalidArgs", Errc::unsupported, kOtherVersion},
    Kind{"org.freedesktop.DBus.Error.NoReply", Errc::unavailable, kNoAnswer},
    Kind{"org.freedesktop.DBus.Error.Timeout", Errc::unavailable, kNoAnswer},
};

class CallError {
 public:
  CallError() = default;
  CallError(const CallError&) = delete;
  CallError& operator=(const CallError&) = delete;
  ~CallError() { sd_bus_error_free(&error_); }
  sd_bus_error* get() { return &error_; }

 private:
  sd_bus_error error_ = SD_BUS_ERROR_NULL;
};

Result<std::string> text_in(const Value& answer) {
  if (!answer.is_string()) return fail(Errc::internal, "homepatchd's answer is not what was asked for");
  return answer.get<std::string>();
}

Error cannot_connect(int error_number) {
  const char* address = std::getenv("DBUS_SYSTEM_BUS_ADDRESS");
  const std::string at = address != nullptr ? fmt::format(" at {}", printable(address)) : std::string();
  const Error cause = errno_error("", error_number);
  if (error_number == EACCES || error_number == EPERM) {
    return Error{Errc::not_authorised, fmt::format("You are not allowed to use the system bus{}{}", at, cause.text)};
  }
  return Error{
      Errc::unavailable,
      fmt::format("The system bus cannot be reached{}{}. homepatchctl speaks to homepatchd through it: is dbus "
                  "running? (systemctl status dbus)",
                  at, cause.text)};
}

}  // namespace

Error error_from_bus(const sd_bus_error& error) {
  const std::string_view name = error.name == nullptr ? "" : error.name;
  const std::string text = printable(error.message == nullptr ? name : error.message, kMaxErrorText);
  for (const Kind& kind : kKinds) {
    if (kind.name == name) return Error{kind.code, kind.text.empty() ? text : std::string(kind.text)};
  }
  return Error{Errc::internal, text};
}

Result<Bus> Bus::open() {
  sd_bus* bus = nullptr;
  if (const int r = sd_bus_open_system_with_description(&bus, "homepatchctl"); r < 0) return fail(cannot_connect(-r));
  Bus open_bus(bus);
  // Connecting and saying hello happen in the background: wait, so that their errors are not taken for the daemon's.
  const char* own_name = nullptr;
  if (const int r = sd_bus_get_unique_name(bus, &own_name); r < 0) return fail(cannot_connect(-r));
  sd_bus_set_allow_interactive_authorization(bus, 1);
  return open_bus;
}

Result<Message> Bus::new_call(const std::string& path, const char* interface, const char* method) {
  sd_bus_message* call = nullptr;
  const int r = sd_bus_message_new_method_call(handle(), &call, kService, path.c_str(), interface, method);
  if (r < 0) return fail(errno_error("writing a call to homepatchd", -r));
  sd_bus_message_set_auto_start(call, 0);
  return Message(call);
}

Result<Value> Bus::send(const Message& call, std::chrono::microseconds limit) {
  CallError error;
  sd_bus_message* raw = nullptr;
  const auto usec = static_cast<std::uint64_t>(limit.count());
  if (sd_bus_call(handle(), call.get(), usec, error.get(), &raw) < 0) return fail(error_from_bus(*error.get()));
  const Message reply(raw);
  if (sd_bus_message_at_end(reply.get(), 1) > 0) return Value();
  Value first = TRY(read_value(reply.get()));
  if (sd_bus_message_at_end(reply.get(), 1) > 0) return first;
  Value all = Value::array({std::move(first)});
  while (sd_bus_message_at_end(reply.get(), 1) == 0) all.push_back(TRY(read_value(reply.get())));
  return all;
}

Result<Value> Bus::get(const std::string& path, const char* interface, const char* method,
                       const std::optional<std::string>& text, std::chrono::microseconds limit) {
  const Message call = TRY(new_call(path, interface, method));
  if (text && sd_bus_message_append(call.get(), "s", text->c_str()) < 0) {
    return fail(Errc::invalid_argument, fmt::format("'{}' is not text that can be asked for", printable(*text)));
  }
  return send(call, limit);
}

Result<std::string> Bus::import(int file, const std::string& feed) {
  const Message call = TRY(new_call(kRoot, kManager, "Import"));
  if (const int r = sd_bus_message_append(call.get(), "hs", file, feed.c_str()); r < 0) {
    return fail(errno_error("handing the file to homepatchd", -r));
  }
  return text_in(TRY(send(call, kRefreshLimit)));
}

Result<Value> Bus::match_zigbee(const ZigbeeDevice& device) {
  const Message call = TRY(new_call(kRoot, kManager, "MatchZigbee"));
  int r = sd_bus_message_append(call.get(), "qqxxs", device.manufacturer_code, device.image_type, device.installed,
                                device.hardware_version, device.manufacturer_name.c_str());
  if (r >= 0) r = sd_bus_message_open_container(call.get(), 'a', "s");
  for (const auto& model : device.model_ids) {
    if (r >= 0) r = sd_bus_message_append(call.get(), "s", model.c_str());
  }
  if (r >= 0) r = sd_bus_message_close_container(call.get());
  if (r < 0) return fail(errno_error("asking homepatchd", -r));
  return send(call, kAnswerLimit);
}

Result<Value> Bus::inspect_image(int file, const std::string& device, const std::string& version) {
  const Message call = TRY(new_call(kRoot, kManager, "InspectImage"));
  if (const int r = sd_bus_message_append(call.get(), "hss", file, device.c_str(), version.c_str()); r < 0) {
    return fail(errno_error("handing the file to homepatchd", -r));
  }
  return send(call, kRefreshLimit);
}

Result<std::string> Bus::import_image(int file, const std::string& device, const std::string& version,
                                      const std::string& sha256) {
  const Message call = TRY(new_call(kRoot, kManager, "ImportImage"));
  if (const int r = sd_bus_message_append(call.get(), "hsss", file, device.c_str(), version.c_str(), sha256.c_str());
      r < 0) {
    return fail(errno_error("handing the file to homepatchd", -r));
  }
  return text_in(TRY(send(call, kRefreshLimit)));
}

Result<std::string> Bus::find_device(const std::string& text) {
  return text_in(TRY(get(kRoot, kManager, "FindDevice", text)));
}

Result<std::string> Bus::start_update(const std::string& device_path) {
  const Message call = TRY(new_call(device_path, kDevice, "Update"));
  if (const int r = sd_bus_message_append(call.get(), "a{sv}", 0); r < 0) {
    return fail(errno_error("writing a call to homepatchd", -r));
  }
  return text_in(TRY(send(call, kAnswerLimit)));
}

}  // namespace homepatch::cli
