// Small helpers over sd-bus messages, shared by the objects of this room: dictionaries, error names, who is calling.
#pragma once

#include <systemd/sd-bus.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "core/time.hpp"

namespace homepatch::bus {

// The one table from our errors to D-Bus error names.
std::string error_name(Errc code);

// Answers the call with the error. Returns what a method handler returns.
int reply_error(sd_bus_message* call, const Error& error);

// Success when the caller may administer: root, the daemon's own user, CAP_NET_ADMIN, or a member of the group
// homepatch. Else not_authorised.
homepatch::Result<void> require_administrator(sd_bus_message* call);

// "root (uid 0)": for records.
std::string caller_name(sd_bus_message* call);

// One entry of an open a{sv}.
int append_entry(sd_bus_message* message, const char* key, const std::string& value);
int append_entry(sd_bus_message* message, const char* key, std::int64_t value);
int append_entry(sd_bus_message* message, const char* key, std::uint32_t value);
int append_flag_entry(sd_bus_message* message, const char* key, bool value);
int append_entry(sd_bus_message* message, const char* key, const std::vector<std::string>& values);

template <typename List, typename Append>
int append_list(sd_bus_message* message, const List& list, Append append) {
  int r = sd_bus_message_open_container(message, 'a', "a{sv}");
  for (const auto& entry : list) {
    if (r >= 0) r = append(message, entry);
  }
  return r < 0 ? r : sd_bus_message_close_container(message);
}

int append_text(sd_bus_message* message, std::string_view text);
int append_texts(sd_bus_message* message, const std::vector<std::string>& texts);
inline int append_time(sd_bus_message* message, Time time) {
  return sd_bus_message_append(message, "x", to_millis(time));
}

// Answers the call with a list: aa{sv}, one dictionary an entry, which `append` writes whole.
template <typename List, typename Append>
int reply_list(sd_bus_message* call, const List& list, Append append) {
  sd_bus_message* reply = nullptr;
  int r = sd_bus_message_new_method_return(call, &reply);
  if (r >= 0) r = append_list(reply, list, append);
  if (r >= 0) r = sd_bus_message_send(reply);
  sd_bus_message_unref(reply);
  return r;
}

// The call, kept for an answer that comes later. It holds the bus connection.
std::shared_ptr<sd_bus_message> hold(sd_bus_message* call);

// A descriptor of a call, for longer than the call: the message closes its own.
Result<UniqueFd> duplicate(int fd);

// What answers the call when its deed is done: with a text for people, or with the error.
std::function<void(Result<std::string>)> answering(sd_bus_message* call);

// "/org/homepatch1/<kind>/<encoded name>" and back.
std::string object_path(const char* kind, const std::string& name);
Result<std::string> object_name(const char* kind, const char* path);

inline constexpr const char* kRoot = "/org/homepatch1";
inline constexpr const char* kBusName = "org.homepatch1";

}  // namespace homepatch::bus
