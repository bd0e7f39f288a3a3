#include "protocols/mqtt/dialects/tasmota/fields.hpp"

#include <arpa/inet.h>

#include <charconv>

#include "base/text.hpp"
#include "core/announcement.hpp"

namespace homepatch::mqtt::tasmota {

namespace {

// printable() puts "..." behind what it cuts.
constexpr std::size_t kMaxShown = Announcement::kMaxText - 3;

const nlohmann::json* find(const nlohmann::json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

bool is_host_v4(const in_addr& address) {
  const auto host = ntohl(address.s_addr);
  return host != INADDR_ANY && host != INADDR_BROADCAST && !IN_MULTICAST(host);
}

bool is_host_v6(const in6_addr& address) {
  return !IN6_IS_ADDR_UNSPECIFIED(&address) && !IN6_IS_ADDR_MULTICAST(&address);
}

}  // namespace

std::optional<std::string> text_field(const nlohmann::json& object, std::string_view key) {
  const auto* value = find(object, key);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return value->get<std::string>();
}

std::optional<std::string> shown_field(const nlohmann::json& object, std::string_view key) {
  const auto* value = find(object, key);
  return value == nullptr ? std::nullopt : shown_value(*value);
}

std::optional<std::string> shown_value(const nlohmann::json& value) {
  if (!value.is_string() || value.get_ref<const std::string&>().empty()) return std::nullopt;
  return printable(value.get_ref<const std::string&>(), kMaxShown);
}

std::optional<std::int64_t> number_field(const nlohmann::json& object, std::string_view key) {
  const auto* value = find(object, key);
  if (value == nullptr) return std::nullopt;
  if (value->is_number_integer()) return value->get<std::int64_t>();
  if (!value->is_string()) return std::nullopt;
  const auto& text = value->get_ref<const std::string&>();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<std::string> address_field(const nlohmann::json& object, std::string_view key) {
  const auto text = text_field(object, key);
  if (!text || text->find('\0') != std::string::npos) return std::nullopt;
  in_addr v4{};
  if (::inet_pton(AF_INET, text->c_str(), &v4) == 1 && is_host_v4(v4)) return text;
  in6_addr v6{};
  if (::inet_pton(AF_INET6, text->c_str(), &v6) == 1 && is_host_v6(v6)) return text;
  return std::nullopt;
}

}  // namespace homepatch::mqtt::tasmota
