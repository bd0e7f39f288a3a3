#include "protocols/mqtt/dialects/tasmota/messages.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.hpp"
#include "core/announcement.hpp"
#include "protocols/mqtt/dialects/tasmota/fields.hpp"
#include "trust/strict_json.hpp"

namespace homepatch::mqtt::tasmota {

namespace {

using nlohmann::json;
using Kind = UpgradeWords::Kind;

constexpr std::size_t kMaxShownUpgrade = 200;

JsonLimits limits() {
  JsonLimits out;
  out.max_bytes = kMaxMessage;
  out.max_depth = 8;
  out.max_nodes = 1024;
  out.reject_duplicate_keys = false;  // some drivers append theirs to a RESULT that has them
  return out;
}

const json& unwrapped(const json& object, std::string_view wrapper) {
  const auto inner = object.find(wrapper);
  return inner != object.end() && inner->is_object() ? *inner : object;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// ESP8266HTTPUpdate::getLastErrorString in its old and its new wording: the image is for other hardware, or is none.
bool is_wrong_image(std::string_view text) {
  constexpr std::array<std::string_view, 4> kWrong{"verify bin header failed", "wrong flash size",
                                                   "does not fit flash size", "magic byte"};
  const auto words = lower(text);
  return std::ranges::any_of(kWrong, [&](std::string_view w) { return words.find(w) != std::string::npos; });
}

// Tasmota's JSON words are English in every language of its own (i18n.h, D_JSON_*).
UpgradeWords upgrade_words(std::string_view text) {
  UpgradeWords out;
  out.text = printable(text, kMaxShownUpgrade);
  if (text.starts_with("Version ") || text == "Safeboot") {
    out.kind = Kind::accepted;
  } else if (text.starts_with("Successful")) {
    out.kind = Kind::succeeded;
  } else if (text.starts_with("Failed")) {
    out.kind = Kind::failed;
    out.may_retry = !is_wrong_image(text);
  }
  return out;
}

std::optional<Words> boot(const json& object) {
  const auto text = text_field(unwrapped(object, "Info1"), "Version");
  if (!text) return std::nullopt;
  return BootWords{parse_version_text(*text)};
}

std::optional<Words> host(const json& object) {
  return HostWords{address_field(unwrapped(object, "Info2"), "IPAddress")};
}

std::optional<Words> restart(const json& object) {
  if (!unwrapped(object, "Info3").contains("RestartReason")) return std::nullopt;
  return RestartWords{};
}

std::optional<Words> firmware(const json& object) {
  const auto inner = object.find("StatusFWR");
  if (inner == object.end()) return std::nullopt;
  const auto version = text_field(*inner, "Version");
  if (!version) return std::nullopt;
  FirmwareWords out;
  out.foreign = lower(text_field(*inner, "SDK").value_or("")) == "obk" || version->starts_with("OpenBK");
  out.version = parse_version_text(*version);
  const auto hardware = text_field(*inner, "Hardware").value_or("");
  if (is_plain_text(hardware, Announcement::kMaxText)) out.hardware = hardware;
  return out;
}

std::optional<Words> network(const json& object) {
  const auto inner = object.find("StatusNET");
  if (inner == object.end()) return std::nullopt;
  NetworkWords out;
  if (auto mac = DeviceId::from_mac(text_field(*inner, "Mac").value_or(""))) out.mac = *std::move(mac);
  out.address = address_field(*inner, "IPAddress");
  if (!out.address && inner->is_object() && inner->contains("Ethernet")) {
    out.address = address_field(inner->at("Ethernet"), "IPAddress");
  }
  return out;
}

std::optional<Words> answer(const json& object) {
  if (const auto url = text_field(object, "OtaUrl"); url && is_plain_text(*url, Announcement::kMaxFact)) {
    return OtaUrlWords{*url};
  }
  for (const auto* key : {"Upgrade", "Upload"}) {
    if (const auto text = text_field(object, key)) return upgrade_words(*text);
  }
  if (text_field(object, "Command").value_or("") == "Unknown") return UnknownCommandWords{};
  return std::nullopt;
}

}  // namespace

std::optional<Words> parse_words(std::string_view name, std::string_view payload) {
  // Versions before about 7 said the result without JSON around it.
  if (name == "UPGRADE" && !payload.empty() && payload.front() != '{' && payload.size() <= kMaxMessage) {
    return upgrade_words(payload);
  }
  const auto object = parse_json(payload, limits());
  if (!object || !object->is_object()) return std::nullopt;
  if (name == "INFO1") return boot(*object);
  if (name == "INFO2") return host(*object);
  if (name == "INFO3") return restart(*object);
  if (name == "STATUS2") return firmware(*object);
  if (name == "STATUS5") return network(*object);
  if (name == "RESULT" || name == "OTAURL" || name == "UPGRADE") return answer(*object);
  return std::nullopt;
}

}  // namespace homepatch::mqtt::tasmota
