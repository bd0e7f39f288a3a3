#include "bus_contract.hpp"

#include <array>
#include <string>

namespace homepatch::cli {

namespace {

constexpr std::array kManagerProperties{
    Signature{"Version", "s"},        Signature{"Broker", "s"},          Signature{"BrokerText", "s"},
    Signature{"ClockTrusted", "b"},   Signature{"ClockText", "s"},       Signature{"AcceptNew", "s"},
    Signature{"Listening", "as"},     Signature{"Feeds", "aa{sv}"},      Signature{"Devices", "u"},
    Signature{"DevicesRefused", "t"}, Signature{"UpdatesUnderWay", "u"}, Signature{"CacheObjects", "u"},
    Signature{"CacheBytes", "t"},     Signature{"CacheQuota", "t"},      Signature{"WanBytes", "t"},
    Signature{"SavedBytes", "t"},     Signature{"ClockFloor", "x"},      Signature{"ClockBelowFloor", "b"}};
constexpr std::array kDeviceProperties{Signature{"Id", "s"},
                                       Signature{"Name", "s"},
                                       Signature{"Family", "s"},
                                       Signature{"Manufacturer", "s"},
                                       Signature{"Model", "s"},
                                       Signature{"Hardware", "s"},
                                       Signature{"Version", "s"},
                                       Signature{"Address", "s"},
                                       Signature{"Condition", "s"},
                                       Signature{"Standing", "s"},
                                       Signature{"Sleeps", "b"},
                                       Signature{"FirstSeen", "x"},
                                       Signature{"LastSeen", "x"},
                                       Signature{"Verdict", "s"},
                                       Signature{"Reason", "s"},
                                       Signature{"ReasonText", "s"},
                                       Signature{"Target", "s"},
                                       Signature{"Catalog", "s"},
                                       Signature{"Updatable", "s"},
                                       Signature{"Method", "s"},
                                       Signature{"SupportEnd", "s"},
                                       Signature{"SupportKind", "s"},
                                       Signature{"LastUpdate", "o"},
                                       Signature{"AdviceAfterEnd", "s"},
                                       Signature{"EndOfLife", "b"},
                                       Signature{"EndOfLifeSince", "s"},
                                       Signature{"EndOfLifeAdvice", "s"},
                                       Signature{"SecurityContact", "s"},
                                       Signature{"Provenance", "s"},
                                       Signature{"SignedBy", "s"},
                                       Signature{"VerifiedBy", "s"},
                                       Signature{"Emergency", "b"},
                                       Signature{"UserAction", "s"},
                                       Signature{"AdvisoryUrl", "s"}};
constexpr std::array kReleaseProperties{Signature{"Id", "s"},
                                        Signature{"Version", "s"},
                                        Signature{"Seq", "x"},
                                        Signature{"Feed", "s"},
                                        Signature{"Catalog", "s"},
                                        Signature{"Vendor", "s"},
                                        Signature{"Model", "s"},
                                        Signature{"Kind", "s"},
                                        Signature{"Severity", "s"},
                                        Signature{"Cves", "as"},
                                        Signature{"Date", "s"},
                                        Signature{"Summary", "s"},
                                        Signature{"Images", "u"},
                                        Signature{"Bytes", "t"},
                                        Signature{"Cached", "b"},
                                        Signature{"Provenance", "s"},
                                        Signature{"SupportEnd", "s"},
                                        Signature{"SignedBy", "s"},
                                        Signature{"VerifiedBy", "s"},
                                        Signature{"SupportKind", "s"},
                                        Signature{"AdviceAfterEnd", "s"},
                                        Signature{"EndOfLife", "b"},
                                        Signature{"EndOfLifeSince", "s"},
                                        Signature{"EndOfLifeAdvice", "s"},
                                        Signature{"SecurityContact", "s"},
                                        Signature{"Emergency", "b"},
                                        Signature{"UserAction", "s"},
                                        Signature{"AdvisoryUrl", "s"}};
constexpr std::array kUpdateProperties{
    Signature{"Id", "x"},       Signature{"Device", "s"},      Signature{"DeviceName", "s"},
    Signature{"Release", "s"},  Signature{"FromVersion", "s"}, Signature{"ToVersion", "s"},
    Signature{"Phase", "s"},    Signature{"Reason", "s"},      Signature{"ReasonText", "s"},
    Signature{"Detail", "s"},   Signature{"Done", "t"},        Signature{"Total", "t"},
    Signature{"Attempts", "u"}, Signature{"Created", "x"},     Signature{"PhaseSince", "x"},
    Signature{"NextStep", "x"}, Signature{"AskedBy", "s"}};
constexpr std::array kExplanation{Signature{"device", "s"},
                                  Signature{"name", "s"},
                                  Signature{"verdict", "s"},
                                  Signature{"reason", "s"},
                                  Signature{"text", "s"},
                                  Signature{"installed", "s"},
                                  Signature{"target", "s"},
                                  Signature{"release", "s"},
                                  Signature{"catalog", "s"},
                                  Signature{"path", "as"},
                                  Signature{"not_before", "x"},
                                  Signature{"protects", "as"},
                                  Signature{"kind", "s"},
                                  Signature{"severity", "s"},
                                  Signature{"support_end", "s"},
                                  Signature{"last_update", "o"},
                                  Signature{"emergency", "b"},
                                  Signature{"summary", "s"},
                                  Signature{"user_action", "s"},
                                  Signature{"advisory_url", "s"},
                                  Signature{"method", "s"},
                                  Signature{"provenance", "s"},
                                  Signature{"signed_by", "s"},
                                  Signature{"verified_by", "s"},
                                  Signature{"support_kind", "s"},
                                  Signature{"advice_after_end", "s"},
                                  Signature{"end_of_life", "b"},
                                  Signature{"end_of_life_since", "s"},
                                  Signature{"end_of_life_advice", "s"},
                                  Signature{"security_contact", "s"}};
constexpr std::array kFeed{Signature{"name", "s"},      Signature{"url", "s"},  Signature{"state", "s"},
                           Signature{"refreshed", "x"}, Signature{"text", "s"}, Signature{"catalogs", "u"}};

int append_list(sd_bus_message* out, std::string_view type, const nlohmann::json& values) {
  const std::string contents(type.substr(1));
  sd_bus_message_open_container(out, 'a', contents.c_str());
  for (const auto& value : values) {
    if (contents == "s") {
      append(out, "s", value);
    } else {
      append_dictionary(out, kFeed, value);
    }
  }
  return sd_bus_message_close_container(out);
}

}  // namespace

std::span<const Signature> properties_of(std::string_view interface) {
  if (interface == kManagerName) return kManagerProperties;
  if (interface == kDeviceName) return kDeviceProperties;
  if (interface == kReleaseName) return kReleaseProperties;
  return kUpdateProperties;
}

std::span<const Signature> explanation_fields() { return kExplanation; }

nlohmann::json member(const nlohmann::json& dictionary, const char* name) {
  return dictionary.contains(name) ? dictionary.at(name) : nlohmann::json();
}

int append(sd_bus_message* out, std::string_view type, const nlohmann::json& value) {
  switch (type[0]) {
    case 's': return sd_bus_message_append(out, "s", or_empty<std::string>(value).c_str());
    case 'o': return sd_bus_message_append(out, "o", value.is_null() ? "/" : value.get<std::string>().c_str());
    case 'b': return sd_bus_message_append(out, "b", static_cast<int>(or_empty<bool>(value)));
    case 'u': return sd_bus_message_append(out, "u", or_empty<std::uint32_t>(value));
    case 't': return sd_bus_message_append(out, "t", or_empty<std::uint64_t>(value));
    case 'x': return sd_bus_message_append(out, "x", or_empty<std::int64_t>(value));
    default: return append_list(out, type, value);
  }
}

int append_dictionary(sd_bus_message* out, std::span<const Signature> fields, const nlohmann::json& values) {
  sd_bus_message_open_container(out, 'a', "{sv}");
  for (const Signature& field : fields) {
    sd_bus_message_open_container(out, 'e', "sv");
    sd_bus_message_append(out, "s", field.name);
    sd_bus_message_open_container(out, 'v', field.type);
    append(out, field.type, member(values, field.name));
    sd_bus_message_close_container(out);
    sd_bus_message_close_container(out);
  }
  return sd_bus_message_close_container(out);
}

}  // namespace homepatch::cli
