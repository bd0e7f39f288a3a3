#include "daemon/bus/decision_dictionary.hpp"

#include "daemon/bus/message.hpp"
#include "daemon/bus/translation.hpp"

namespace homepatch::bus {

namespace {

std::vector<std::string> path_versions(const Decision& decision) {
  std::vector<std::string> versions;
  if (!decision.offer) return versions;
  for (const Release* release : decision.offer->path) versions.push_back(release->version);
  return versions;
}

std::vector<std::string> protects_against(const Decision& decision) {
  std::vector<std::string> cves;
  if (!decision.offer) return cves;
  for (const Release* release : decision.offer->path) {
    cves.insert(cves.end(), release->cves.begin(), release->cves.end());
  }
  return cves;
}

std::string last_update_text(const Update* last) {
  if (last == nullptr) return {};
  std::string text = std::string(to_string(last->phase)) + ": " + last->from_version + " to " + last->to_version;
  if (last->reason != Reason::none) text += ". " + std::string(sentence(last->reason));
  if (!last->detail.empty()) text += " (" + last->detail + ")";
  return text;
}

// What the maker says of the release that would be installed next, for the owner to read before.
int append_release(sd_bus_message* message, const Release& next) {
  int r = append_flag_entry(message, "emergency", next.emergency);
  if (r >= 0) r = append_entry(message, "summary", english(next.summary));
  if (r >= 0) r = append_entry(message, "user_action", english(next.user_action));
  return r < 0 ? r : append_entry(message, "advisory_url", next.advisory_url);
}

// What is known of the model whether there is a release or not.
int append_model(sd_bus_message* message, const Catalog& catalog) {
  int r = append_entry(message, "provenance", std::string(to_string(catalog.provenance)));
  const auto add = [&](const char* key, const std::string& value) {
    if (r >= 0) r = append_entry(message, key, value);
  };
  add("signed_by", catalog.signed_by);
  add("verified_by", std::string(catalog.verified_by()));
  add("method", catalog.method);
  add("security_contact", catalog.security_contact);
  add("support_kind", catalog.support ? catalog.support->kind : std::string());
  add("advice_after_end", catalog.support ? english(catalog.support->advice_after_end) : std::string());
  if (r >= 0) r = append_flag_entry(message, "end_of_life", catalog.end_of_life);
  add("end_of_life_since", catalog.end_of_life_since);
  add("end_of_life_advice", english(catalog.end_of_life_advice));
  return r;
}

}  // namespace

std::string decision_text(const Decision& decision) {
  std::string text(sentence(decision.reason));
  if (!decision.detail.empty()) text += " (" + decision.detail + ")";
  return text;
}

std::string target_version(const Decision& decision) {
  return decision.offer ? decision.offer->path.back()->version : std::string();
}

int append_decision(sd_bus_message* message, const Device& device, const Decision& decision, const Update* last) {
  const Release* next = decision.offer ? decision.offer->release : nullptr;
  const auto& support = decision.catalog != nullptr ? decision.catalog->support : std::optional<Support>();
  int r = sd_bus_message_open_container(message, 'a', "{sv}");
  const auto add = [&](const char* key, const auto& value) {
    if (r >= 0) r = append_entry(message, key, value);
  };
  add("device", device.id.to_string());
  add("name", device.name);
  add("verdict", std::string(to_string(decision.verdict)));
  add("reason", std::string(to_string(decision.reason)));
  add("text", decision_text(decision));
  add("installed", device.version);
  add("target", target_version(decision));
  add("release", next != nullptr ? next->id : std::string());
  add("catalog", decision.catalog != nullptr ? decision.catalog->path : std::string());
  add("path", path_versions(decision));
  add("not_before", decision.not_before ? to_millis(*decision.not_before) : std::int64_t{0});
  add("protects", protects_against(decision));
  add("kind", next != nullptr ? std::string(to_string(next->kind)) : std::string());
  add("severity", next != nullptr ? std::string(to_string(next->severity)) : std::string());
  add("support_end", support ? support->end : std::string());
  if (next != nullptr && r >= 0) r = append_release(message, *next);
  if (decision.catalog != nullptr && r >= 0) r = append_model(message, *decision.catalog);
  add("last_update", last_update_text(last));
  return r < 0 ? r : sd_bus_message_close_container(message);
}

}  // namespace homepatch::bus
