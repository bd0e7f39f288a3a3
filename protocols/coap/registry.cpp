#include "protocols/coap/registry.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/text.hpp"

namespace homepatch::coap {

using std::chrono::milliseconds;

namespace {

constexpr std::uint32_t kBusySeconds = 60;

// 48 random bits in 8 characters: without DTLS this is all that keeps a stranger from speaking for a device.
std::string fresh_id() {
  std::array<std::uint8_t, 6> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
  return to_base64url(bytes.data(), bytes.size());
}

std::string key_of(const Incoming& request) {
  return fmt::format("{} {} {} {}", request.route.remote.to_string(), request.method, request.message_id,
                     to_hex(request.token));
}

Answer refusal_for(const Error& error) {
  return refuse(error.code == Errc::unsupported ? kPreconditionFailed
                : error.code == Errc::too_large ? kTooLarge
                                                : kBadRequest,
                error.text);
}

Answer status(Code value) {
  Answer out;
  out.status = value;
  return out;
}

// Clients leave the format out or send 0 where 40 is meant.
bool is_link_format(const std::optional<ContentFormat>& format) {
  return !format || *format == kLinkFormat || *format == kText;
}

}  // namespace

Registry::Outcome Registry::handle(const Incoming& request, milliseconds now) {
  if (request.path.empty() || request.path.size() > 2) return {refuse(kNotFound, "no such registration"), {}};
  return request.path.size() == 1 ? handle_collection(request, now) : handle_registration(request, now);
}

Registry::Outcome Registry::handle_collection(const Incoming& request, milliseconds now) {
  if (request.method != kPost) return {refuse(kMethodNotAllowed, "register here by POST"), {}};
  if (!request.confirmable) return {refuse(kBadRequest, "a registration must be confirmable"), {}};
  if (const Answer* before = answered_.find(key_of(request), now)) return {*before, {}};
  if (!is_link_format(request.content_format)) {
    return {refuse(kUnsupportedFormat, "object links come in link format (40)"), {}};
  }
  auto body = reassembly_.take(request, now);
  if (auto* intermediate = std::get_if<Answer>(&body)) return {std::move(*intermediate), {}};
  Outcome out = enter(request, std::get<std::string>(body), now);
  if (request.block1) out.answer.block1 = request.block1;
  if (out.change) answered_.put(key_of(request), out.answer, now);
  return out;
}

Registry::Outcome Registry::handle_registration(const Incoming& request, milliseconds now) {
  if (request.method != kPost && request.method != kDelete) {
    return {refuse(kMethodNotAllowed, "a registration takes POST and DELETE"), {}};
  }
  const auto found = by_id_.find(request.path[1]);
  if (found == by_id_.end()) {
    // Only what is gone can have been deregistered before.
    if (const Answer* before = answered_.find(key_of(request), now)) return {*before, {}};
    if (request.method == kPost) sent_away_.put(request.route.remote, true, now);
    return {refuse(kNotFound, "no such registration: register anew"), {}};
  }
  if (request.method == kDelete) {
    Outcome out{status(kDeleted), Change{Change::Kind::deregistered, found->second.device}};
    answered_.put(key_of(request), out.answer, now);
    erase(found->first);
    return out;
  }
  auto body = reassembly_.take(request, now);
  if (auto* intermediate = std::get_if<Answer>(&body)) return {std::move(*intermediate), {}};
  Outcome out = update(found->second, request, std::get<std::string>(body), now);
  if (request.block1) out.answer.block1 = request.block1;
  return out;
}

Registry::Outcome Registry::enter(const Incoming& request, const std::string& payload, milliseconds now) {
  const auto query = parse_registration_query(request.query);
  if (!query) return {refusal_for(query.error()), {}};
  if (!query->endpoint) return {refuse(kBadRequest, "ep is missing"), {}};
  if (payload.empty()) return {refuse(kBadRequest, "the object links are missing"), {}};
  auto tree = parse_object_links(payload);
  if (!tree) return {refusal_for(tree.error()), {}};
  // LwM2M 1.0 clients may leave the version out; a client of a plain resource directory (RFC 9176) posts here as well.
  if (!query->version && tree->objects.empty()) {
    return {refuse(kBadRequest, "only LwM2M clients register here: lwm2m= and object links are missing"), {}};
  }
  auto device = DeviceId::from_endpoint(*query->endpoint);
  if (!device) return {refusal_for(device.error()), {}};
  if (auto refusal = refusal_for_room(*query->endpoint, request.route.remote)) return {std::move(*refusal), {}};

  Registration fresh(*device);
  fresh.id = fresh_id();
  fresh.request = key_of(request);
  fresh.endpoint = *query->endpoint;
  fresh.route = request.route;
  fresh.lifetime = query->lifetime.value_or(kDefaultLifetime);
  fresh.version = query->version.value_or("1.0");
  fresh.binding = query->binding.value_or("U");
  fresh.queue = query->queue;
  fresh.tree = std::move(*tree);
  fresh.last_heard = now;
  fresh.expires = now + fresh.lifetime + kExchangeLifetime;

  Outcome out{status(kCreated), Change{Change::Kind::registered, *device}};
  out.answer.location = {"rd", fresh.id};
  out.change->restarted = sent_away_.find(request.route.remote, now) == nullptr;
  sent_away_.erase(request.route.remote);
  remove(*device);
  insert(std::move(fresh));
  return out;
}

Registry::Outcome Registry::update(Registration& known, const Incoming& request, const std::string& payload,
                                   milliseconds now) {
  const auto query = parse_registration_query(request.query);
  if (!query) return {refusal_for(query.error()), {}};
  if (query->endpoint) return {refuse(kBadRequest, "ep does not belong into an update"), {}};
  Change change{Change::Kind::updated, known.device};
  if (!payload.empty()) {
    auto tree = parse_object_links(payload);
    if (!tree) return {refusal_for(tree.error()), {}};
    change.new_objects = *tree != known.tree;
    known.tree = std::move(*tree);
  }
  if (query->lifetime) known.lifetime = *query->lifetime;
  if (query->binding) {
    known.binding = *query->binding;
    known.queue = query->queue;
  }
  known.last_heard = now;
  known.expires = now + known.lifetime + kExchangeLifetime;
  change.moved = known.route.remote != request.route.remote;
  count_out(known.route.remote);
  known.route = request.route;
  count_in(known.route.remote);
  return {status(kChanged), change};
}

std::optional<Answer> Registry::refusal_for_room(const std::string& endpoint, const Address& from) const {
  const auto device = DeviceId::from_endpoint(endpoint);
  const bool replaces = device && id_of_.contains(*device);
  const auto count = per_address_.find(from.with_port(0));
  const bool full = by_id_.size() >= kMaxRegistrations;
  const bool crowded = count != per_address_.end() && count->second >= kMaxPerAddress;
  if (replaces || (!full && !crowded)) return std::nullopt;
  auto out = refuse(kServiceUnavailable,
                    full ? "too many devices are registered" : "too many devices are registered from this address");
  out.max_age = kBusySeconds;
  return out;
}

Status Registry::restore(Registration registration) {
  if (id_of_.contains(registration.device)) {
    return fail(Errc::already_exists, "the device has registered meanwhile");
  }
  if (by_id_.size() >= kMaxRegistrations) return fail(Errc::too_large, "too many devices are registered");
  insert(std::move(registration));
  return {};
}

void Registry::remove(const DeviceId& device) {
  if (const auto known = id_of_.find(device); known != id_of_.end()) erase(std::string(known->second));
}

void Registry::insert(Registration registration) {
  count_in(registration.route.remote);
  id_of_.insert_or_assign(registration.device, registration.id);
  by_id_.insert_or_assign(std::string(registration.id), std::move(registration));
}

void Registry::erase(const std::string& id) {
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  count_out(found->second.route.remote);
  // The answer names a location that is gone: a device that begins with the same numbers after each boot registers
  // anew.
  answered_.erase(found->second.request);
  id_of_.erase(found->second.device);
  by_id_.erase(found);
}

void Registry::count_in(const Address& remote) { ++per_address_[remote.with_port(0)]; }

void Registry::count_out(const Address& remote) {
  const auto count = per_address_.find(remote.with_port(0));
  if (count != per_address_.end() && --count->second == 0) per_address_.erase(count);
}

std::vector<DeviceId> Registry::expire(milliseconds now) {
  std::vector<DeviceId> gone;
  for (const auto& [id, registration] : by_id_) {
    if (registration.expires <= now) gone.push_back(registration.device);
  }
  for (const auto& device : gone) remove(device);
  return gone;
}

std::optional<milliseconds> Registry::next_expiry() const {
  const auto first = std::ranges::min_element(by_id_, {}, [](const auto& entry) { return entry.second.expires; });
  if (first == by_id_.end()) return std::nullopt;
  return first->second.expires;
}

const Registration* Registry::find(const DeviceId& device) const {
  const auto id = id_of_.find(device);
  return id == id_of_.end() ? nullptr : &by_id_.find(id->second)->second;
}

void Registry::heard(const DeviceId& device, milliseconds at) {
  if (const auto id = id_of_.find(device); id != id_of_.end()) by_id_.find(id->second)->second.last_heard = at;
}

void Registry::expect_restart(const DeviceId& device) {
  const Registration* known = find(device);
  if (known == nullptr) return;
  const auto prefix = known->route.remote.to_string() + ' ';
  answered_.erase_if([&prefix](const Key& key) { return key.starts_with(prefix); });
}

}  // namespace homepatch::coap
