#include "protocols/coap/registration_facts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace homepatch::coap {

namespace {

std::string value_of(const Facts& facts, std::string_view name) {
  const auto found = facts.find(name);
  return found == facts.end() ? std::string() : found->second;
}

std::string root_text(const Segments& root) {
  std::string out;
  for (const auto& segment : root) out += '/' + segment;
  return out.empty() ? "/" : out;
}

}  // namespace

Facts facts_of(const Registration& registration) {
  Facts out;
  const auto say = [&out](std::string_view name, std::string value) { out.emplace(name, std::move(value)); };
  say(fact::kEndpoint, registration.endpoint);
  say(fact::kRegistration, registration.id);
  say(fact::kRemote, registration.route.remote.to_string());
  say(fact::kLocal, registration.route.local.to_string());
  say(fact::kRoot, root_text(registration.tree.root));
  say(fact::kBinding, registration.binding);
  say(fact::kQueue, registration.queue ? "1" : "0");
  say(fact::kLifetime, std::to_string(registration.lifetime.count()));
  say(fact::kVersion, registration.version);
  say(fact::kObjects, to_text(registration.tree.objects, Announcement::kMaxFact));
  return out;
}

Result<Registration> registration_from(const DeviceId& device, const Facts& facts) {
  Registration out(device);
  out.endpoint = value_of(facts, fact::kEndpoint);
  out.id = value_of(facts, fact::kRegistration);
  if (out.endpoint.empty() || out.id.empty()) return fail(Errc::malformed, "the device's facts hold no registration");
  out.route.remote = TRY(Address::parse(value_of(facts, fact::kRemote)));
  out.route.local = TRY(Address::parse(value_of(facts, fact::kLocal)));
  // The same rules as for what a client sends: a lifetime and a version that it could have sent.
  const auto query = TRY(parse_registration_query({fmt::format("lt={}", value_of(facts, fact::kLifetime)),
                                                   fmt::format("lwm2m={}", value_of(facts, fact::kVersion))}));
  out.lifetime = query.lifetime.value_or(kDefaultLifetime);
  out.version = query.version.value_or("1.0");
  out.binding = value_of(facts, fact::kBinding);
  out.queue = value_of(facts, fact::kQueue) == "1";
  out.tree = TRY(parse_object_links(fmt::format("<{}>;rt=\"oma.lwm2m\"", value_of(facts, fact::kRoot))));
  out.tree.objects = objects_from(value_of(facts, fact::kObjects));
  return out;
}

}  // namespace homepatch::coap
