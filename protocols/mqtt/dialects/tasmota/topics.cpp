#include "protocols/mqtt/dialects/tasmota/topics.hpp"

#include <algorithm>
#include <cctype>

#include "base/text.hpp"

namespace homepatch::mqtt::tasmota {

namespace {

constexpr std::array<std::string_view, 3> kReserved{"tasmota/discovery/", "homeassistant/", "homepatch/"};
// The firmware's own names for the topic on which all devices listen, today's and the one of old settings (GroupTopic).
constexpr std::array<std::string_view, 2> kGroupTopics{"tasmotas", "sonoffs"};
constexpr std::size_t kMaxTemplate = 200;
constexpr std::size_t kMaxPart = 100;

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

// A part goes into the template as it is: one with a token of its own could bring in another part a second time.
bool is_part(std::string_view part) {
  return is_plain_text(part, kMaxPart) && part.find_first_of("+#%") == std::string_view::npos;
}

Result<std::string> fill(const TopicTemplate& announced, const std::string& prefix, const std::string& id) {
  std::string topic = announced.full_topic;
  replace_all(topic, "%prefix%", prefix);
  replace_all(topic, "%topic%", announced.topic);
  replace_all(topic, "%hostname%", announced.hostname);
  replace_all(topic, "%id%", id);
  if (!topic.ends_with('/')) topic += '/';
  if (topic.find_first_of("+#%") != std::string::npos) {
    return fail(Errc::malformed, "its topic template has a wildcard or an unknown %token%");
  }
  if (!is_plain_text(topic, kMaxTopic)) return fail(Errc::malformed, "its topic is too long or no plain text");
  if (topic.starts_with('/') || topic.find("//") != std::string::npos) {
    return fail(Errc::malformed, "its topic has an empty level");
  }
  const bool reserved = std::ranges::any_of(kReserved, [&](std::string_view r) { return topic.starts_with(r); });
  if (reserved || topic.starts_with('$')) return fail(Errc::malformed, "its topic is one that no device may have");
  return topic;
}

// "DVES_80FF6D_fb": listened on by the device of that MAC address, whatever its own topic is.
bool is_fallback(std::string_view level) {
  return level.size() == std::string_view("DVES_80FF6D_fb").size() && level.starts_with("DVES_") &&
         level.ends_with("_fb");
}

// Wherever the level stands: the order of levels is each owner's own.
bool others_listen(std::string_view command) {
  while (!command.empty()) {
    const auto level = command.substr(0, command.find('/'));
    if (is_fallback(level) || std::ranges::find(kGroupTopics, level) != kGroupTopics.end()) return true;
    command.remove_prefix(std::min(level.size() + 1, command.size()));
  }
  return false;
}

}  // namespace

Result<Topics> build_topics(const TopicTemplate& announced, const DeviceId& device) {
  const auto& format = announced.full_topic;
  const bool complete = format.find("%prefix%") != std::string::npos && format.find("%topic%") != std::string::npos;
  if (!complete || format.size() > kMaxTemplate) {
    return fail(Errc::malformed, "its topic template lacks %prefix% or %topic%");
  }
  const bool parts = is_part(announced.topic) && std::ranges::all_of(announced.prefixes, is_part) &&
                     (announced.hostname.empty() || is_part(announced.hostname));
  if (!parts) return fail(Errc::malformed, "a part of its topic is empty, too long or holds what no topic may hold");
  const auto id = mac_digits(device);
  Topics topics;
  topics.command = TRY(fill(announced, announced.prefixes[0], id));
  topics.status = TRY(fill(announced, announced.prefixes[1], id));
  topics.telemetry = TRY(fill(announced, announced.prefixes[2], id));
  if (others_listen(topics.command)) {
    return fail(Errc::malformed, "on its command topic other devices listen too: give it a topic of its own");
  }
  if (topics.command == topics.status || topics.command == topics.telemetry || topics.status == topics.telemetry) {
    return fail(Errc::malformed, "its command, status and telemetry topics are not three");
  }
  return topics;
}

std::string mac_digits(const DeviceId& device) {
  std::string digits = device.to_string().substr(device.to_string().find(':') + 1);
  std::ranges::transform(digits, digits.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return digits;
}

std::vector<std::string> filters(const Topics& topics) {
  std::vector<std::string> out;
  // OTAURL beside RESULT: with SetOption4 1 an answer comes under the command's own name.
  for (const auto* name : {"RESULT", "OTAURL", "UPGRADE", "STATUS2", "STATUS5"}) out.push_back(topics.status + name);
  for (const auto* name : {"LWT", "INFO1", "INFO2", "INFO3", "STATE"}) out.push_back(topics.telemetry + name);
  return out;
}

bool is_state_topic(std::string_view topic) {
  const auto slash = topic.rfind('/');
  const auto name = slash == std::string_view::npos ? topic : topic.substr(slash + 1);
  return name == "config" || name == "LWT" || name == "STATE";
}

}  // namespace homepatch::mqtt::tasmota
