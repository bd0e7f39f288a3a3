#include "daemon/bus/manager_lists.hpp"

#include "daemon/bus/message.hpp"

namespace homepatch::bus {

namespace {

int append_request(sd_bus_message* message, const Ledger::Entry& entry) {
  const LedgerEntry& request = entry.request;
  int r = sd_bus_message_open_container(message, 'a', "{sv}");
  const auto add = [&](const char* key, const auto& value) {
    if (r >= 0) r = append_entry(message, key, value);
  };
  add("at", to_millis(entry.at));
  add("host", request.host);
  add("path", request.path);
  add("status", static_cast<std::int64_t>(request.status));
  add("received", static_cast<std::int64_t>(request.bytes_received));
  add("sent", static_cast<std::int64_t>(request.bytes_sent));
  add("user_agent", request.user_agent);
  add("validator_sent", static_cast<std::uint32_t>(request.validator_sent ? 1 : 0));
  return r < 0 ? r : sd_bus_message_close_container(message);
}

int append_host(sd_bus_message* message, const std::pair<const std::string, Ledger::Sum>& host) {
  int r = sd_bus_message_open_container(message, 'a', "{sv}");
  const auto add = [&](const char* key, const auto& value) {
    if (r >= 0) r = append_entry(message, key, value);
  };
  add("host", host.first);
  add("requests", static_cast<std::int64_t>(host.second.requests));
  add("received", static_cast<std::int64_t>(host.second.bytes_received));
  add("sent", static_cast<std::int64_t>(host.second.bytes_sent));
  return r < 0 ? r : sd_bus_message_close_container(message);
}

int append_item(sd_bus_message* message, const StockItem& item) {
  int r = sd_bus_message_open_container(message, 'a', "{sv}");
  const auto add = [&](const char* key, const auto& value) {
    if (r >= 0) r = append_entry(message, key, value);
  };
  add("sha256", item.artifact.sha256.hex());
  add("bytes", static_cast<std::int64_t>(item.artifact.length));
  add("added", to_millis(item.artifact.added));
  add("last_used", to_millis(item.artifact.last_used));
  add("use", std::string(to_string(item.use.rank)));
  add("catalog", item.use.catalog);
  add("version", item.use.version);
  return r < 0 ? r : sd_bus_message_close_container(message);
}

int append_damage(sd_bus_message* message, const Damage& damage) {
  int r = sd_bus_message_open_container(message, 'a', "{sv}");
  const auto add = [&](const char* key, const auto& value) {
    if (r >= 0) r = append_entry(message, key, value);
  };
  add("sha256", damage.sha256.hex());
  add("bytes", static_cast<std::int64_t>(damage.length));
  add("times", static_cast<std::int64_t>(damage.times));
  add("last", to_millis(damage.last));
  return r < 0 ? r : sd_bus_message_close_container(message);
}

}  // namespace

int on_list_requests(sd_bus_message* call, void* userdata, sd_bus_error*) noexcept {
  const Ledger& ledger = *static_cast<Server*>(userdata)->sources().ledger;
  sd_bus_message* reply = nullptr;
  int r = sd_bus_message_new_method_return(call, &reply);
  if (r >= 0) r = append_list(reply, ledger.entries(), append_request);
  if (r >= 0) r = append_list(reply, ledger.hosts(), append_host);
  if (r >= 0) r = sd_bus_message_append(reply, "t", ledger.total());
  if (r >= 0) r = sd_bus_message_send(reply);
  sd_bus_message_unref(reply);
  return r;
}

int on_list_images(sd_bus_message* call, void* userdata, sd_bus_error*) noexcept {
  return reply_list(call, static_cast<Server*>(userdata)->sources().stock(), append_item);
}

int on_list_damages(sd_bus_message* call, void* userdata, sd_bus_error*) noexcept {
  return reply_list(call, static_cast<Server*>(userdata)->sources().damages(), append_damage);
}

}  // namespace homepatch::bus
