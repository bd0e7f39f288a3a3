#include "daemon/bus/message.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <pwd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <optional>

#include "base/text.hpp"
#include "daemon/bus/membership.hpp"

namespace homepatch::bus {

namespace {

constexpr std::size_t kMaxErrorText = 800;
constexpr const char* kAdministrators = "homepatch";  // the group; config/org.homepatch1.conf lets it through the bus

struct Unref {
  void operator()(sd_bus_creds* creds) const { sd_bus_creds_unref(creds); }
  void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};

std::optional<uid_t> sender_of(sd_bus_message* call) {
  sd_bus_creds* raw = nullptr;
  if (sd_bus_query_sender_creds(call, SD_BUS_CREDS_EUID, &raw) < 0) return std::nullopt;
  const std::unique_ptr<sd_bus_creds, Unref> creds(raw);
  uid_t uid = 0;
  if (sd_bus_creds_get_euid(creds.get(), &uid) < 0) return std::nullopt;
  return uid;
}

template <typename Append>
int entry(sd_bus_message* message, const char* key, const char* signature, Append append) {
  int r = sd_bus_message_open_container(message, 'e', "sv");
  if (r >= 0) r = sd_bus_message_append(message, "s", key);
  if (r >= 0) r = sd_bus_message_open_container(message, 'v', signature);
  if (r >= 0) r = append();
  if (r >= 0) r = sd_bus_message_close_container(message);
  if (r >= 0) r = sd_bus_message_close_container(message);
  return r;
}

}  // namespace

std::string error_name(Errc code) {
  // The code's own word, in the case that D-Bus names have: not_found -> NotFound.
  std::string name = "org.homepatch1.Error.";
  bool upper = true;
  for (const char c : to_string(code)) {
    if (c == '_') {
      upper = true;
      continue;
    }
    name += upper ? static_cast<char>(c - 'a' + 'A') : c;
    upper = false;
  }
  return name;
}

int reply_error(sd_bus_message* call, const Error& error) {
  const std::string name = error.code == Errc::not_authorised ? SD_BUS_ERROR_ACCESS_DENIED : error_name(error.code);
  return sd_bus_reply_method_errorf(call, name.c_str(), "%s", printable(error.text, kMaxErrorText).c_str());
}

homepatch::Result<void> require_administrator(sd_bus_message* call) {
  if (sd_bus_query_sender_privilege(call, CAP_NET_ADMIN) > 0) return {};
  if (const auto uid = sender_of(call); uid && is_member(*uid, kAdministrators)) return {};
  return fail(
      Errc::not_authorised,
      "this changes what homepatch does and needs an administrator: use sudo, or ask one to make you a member of "
      "the group homepatch");
}

std::string caller_name(sd_bus_message* call) {
  const auto uid = sender_of(call);
  if (!uid) return "somebody on the bus";
  const passwd* user = ::getpwuid(*uid);
  return user == nullptr ? fmt::format("uid {}", *uid) : fmt::format("{} (uid {})", printable(user->pw_name, 40), *uid);
}

std::shared_ptr<sd_bus_message> hold(sd_bus_message* call) { return {sd_bus_message_ref(call), Unref{}}; }

Result<UniqueFd> duplicate(int fd) {
  UniqueFd file(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!file) return fail(errno_error("taking the file over", errno));
  return file;
}

std::function<void(Result<std::string>)> answering(sd_bus_message* call) {
  const auto held = hold(call);
  return [held](Result<std::string> done) {
    if (done) {
      sd_bus_reply_method_return(held.get(), "s", printable(*done, 2000).c_str());
    } else {
      reply_error(held.get(), done.error());
    }
  };
}

int append_flag_entry(sd_bus_message* message, const char* key, bool value) {
  return sd_bus_message_append(message, "{sv}", key, "b", value ? 1 : 0);
}

int append_text(sd_bus_message* message, std::string_view text) {
  // sd-bus refuses what is not UTF-8; what is shown has been made plain before, this is the last line.
  return sd_bus_message_append(message, "s", printable(text, 4096).c_str());
}

int append_texts(sd_bus_message* message, const std::vector<std::string>& texts) {
  int r = sd_bus_message_open_container(message, 'a', "s");
  for (const auto& text : texts) {
    if (r >= 0) r = append_text(message, text);
  }
  return r < 0 ? r : sd_bus_message_close_container(message);
}

int append_entry(sd_bus_message* message, const char* key, const std::string& value) {
  return entry(message, key, "s", [&] { return append_text(message, value); });
}
int append_entry(sd_bus_message* message, const char* key, std::int64_t value) {
  return entry(message, key, "x", [&] { return sd_bus_message_append(message, "x", value); });
}
int append_entry(sd_bus_message* message, const char* key, std::uint32_t value) {
  return entry(message, key, "u", [&] { return sd_bus_message_append(message, "u", value); });
}
int append_entry(sd_bus_message* message, const char* key, const std::vector<std::string>& values) {
  return entry(message, key, "as", [&] { return append_texts(message, values); });
}

std::string object_path(const char* kind, const std::string& name) {
  char* path = nullptr;
  if (sd_bus_path_encode((std::string(kRoot) + "/" + kind).c_str(), name.c_str(), &path) < 0) return "/";
  std::string out(path);
  std::free(path);
  return out;
}

Result<std::string> object_name(const char* kind, const char* path) {
  char* name = nullptr;
  if (sd_bus_path_decode(path, (std::string(kRoot) + "/" + kind).c_str(), &name) <= 0) {
    return fail(Errc::not_found, "no such object");
  }
  std::string out(name);
  std::free(name);
  return out;
}

}  // namespace homepatch::bus
