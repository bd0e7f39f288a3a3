#include "cli/documents.hpp"

#include "cli/words.hpp"

namespace homepatch::cli {

namespace {

Json json_number(std::optional<std::int64_t> number) { return number ? Json(*number) : Json(nullptr); }

void add(Json& json, const SupportView& s) {
  json["support_end"] = s.end;
  json["support_kind"] = s.kind;
  json["advice_after_end"] = s.advice_after_end;
  json["end_of_life"] = s.end_of_life;
  json["end_of_life_since"] = s.end_of_life_since;
  json["end_of_life_advice"] = s.end_of_life_advice;
  json["security_contact"] = s.security_contact;
}

void add(Json& json, const TrustView& t) {
  json["provenance"] = t.provenance;
  json["signed_by"] = t.signed_by;
  json["verified_by"] = t.verified_by;
}

}  // namespace

Json json_time(std::int64_t millis) {
  const std::string text = rfc3339(millis);
  return text.empty() ? Json(nullptr) : Json(text);
}

Json to_json(const DeviceView& d) {
  Json json{{"id", d.id},
            {"name", d.name},
            {"family", d.family},
            {"manufacturer", d.manufacturer},
            {"model", d.model},
            {"hardware", d.hardware},
            {"installed", d.version},
            {"address", d.address},
            {"condition", d.condition},
            {"standing", d.standing},
            {"sleeps", d.sleeps},
            {"first_seen", json_time(d.first_seen)},
            {"last_seen", json_time(d.last_seen)},
            {"verdict", d.verdict},
            {"reason", d.reason},
            {"text", d.reason_text},
            {"target", d.target},
            {"catalog", d.catalog},
            {"updatable", d.updatable},
            {"method", d.method},
            {"emergency", d.emergency},
            {"user_action", d.user_action},
            {"advisory_url", d.advisory_url},
            {"last_update", json_number(d.last_update_number())}};
  add(json, d.support);
  add(json, d.trust);
  return json;
}

Json to_json(const ReleaseView& r) {
  Json json{{"id", r.id},
            {"version", r.version},
            {"seq", r.seq},
            {"feed", r.feed},
            {"catalog", r.catalog},
            {"vendor", r.vendor},
            {"model", r.model},
            {"kind", r.kind},
            {"severity", r.severity},
            {"cves", r.cves},
            {"date", r.date},
            {"summary", r.summary},
            {"images", r.images},
            {"bytes", r.bytes},
            {"cached", r.cached},
            {"emergency", r.emergency},
            {"user_action", r.user_action},
            {"advisory_url", r.advisory_url}};
  add(json, r.trust);
  add(json, r.support);
  return json;
}

Json to_json(const UpdateView& u) {
  return {{"id", u.id},
          {"device", u.device},
          {"name", u.device_name},
          {"release", u.release},
          {"from", u.from_version},
          {"to", u.to_version},
          {"phase", u.phase},
          {"reason", u.reason},
          {"text", u.reason_text},
          {"detail", u.detail},
          {"done", u.done},
          {"total", u.total},
          {"attempts", u.attempts},
          {"created", json_time(u.created)},
          {"phase_since", json_time(u.phase_since)},
          {"next_step", json_time(u.next_step)},
          {"asked_by", u.asked_by}};
}

Json to_json(const DecisionView& d) {
  Json json{{"device", d.device},
            {"name", d.name},
            {"verdict", d.verdict},
            {"reason", d.reason},
            {"text", d.text},
            {"installed", d.installed},
            {"target", d.target},
            {"release", d.release},
            {"catalog", d.catalog},
            {"path", d.path},
            {"not_before", json_time(d.not_before)},
            {"protects", d.protects},
            {"kind", d.kind},
            {"severity", d.severity},
            {"emergency", d.emergency},
            {"summary", d.summary},
            {"user_action", d.user_action},
            {"advisory_url", d.advisory_url},
            {"method", d.method}};
  add(json, d.support);
  add(json, d.trust);
  return json;
}

Json to_json(const Error& error) { return {{"error", {{"code", to_string(error.code)}, {"text", error.text}}}}; }

std::string document(const Json& json, bool compact) {
  // Escaping all that is not ASCII also escapes DEL, C1 controls and what reorders a line.
  return json.dump(compact ? -1 : 2, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace homepatch::cli
