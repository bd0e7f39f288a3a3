#include "protocols/coap/lwm2m_server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/log.hpp"
#include "protocols/coap/lwm2m_announcement.hpp"
#include "protocols/coap/registration_facts.hpp"
#include "protocols/coap/resource_value.hpp"

namespace homepatch::coap {

using std::chrono::milliseconds;

Lwm2mServer::Lwm2mServer(Loop& loop, Context& context, Exchanges& exchanges, Lwm2mTimes times, Announce announce)
    : loop_(loop), context_(context), exchanges_(exchanges), times_(times), announce_(std::move(announce)) {
  context_.on_request([this](const Incoming& request) { return answer(request); });
}

Lwm2mServer::~Lwm2mServer() { context_.on_request(nullptr); }

Answer Lwm2mServer::answer(const Incoming& request) {
  if (request.path == Segments{".well-known", "core"}) return list_resources(request);
  if (request.path.empty() || request.path.front() != "rd") return refuse(kNotFound, "nothing is served here");
  auto outcome = registry_.handle(request, loop_.monotonic());
  if (outcome.change) {
    later([this, change = std::move(*outcome.change)] { act_on(change); });
  }
  return std::move(outcome.answer);
}

// The registration resource, for who looks for it (RFC 6690 section 4). Without rt="core.rd", for a plain resource
// directory this is not.
Answer Lwm2mServer::list_resources(const Incoming& request) const {
  if (request.method != kGet) return refuse(kMethodNotAllowed, "read this by GET");
  std::vector<Link> links{{"/rd", {{"ct", "40"}, {"title", "LwM2M registration"}}}};
  std::erase_if(links, [&request](const auto& link) {
    return !std::ranges::all_of(request.query, [&link](const auto& filter) { return passes(link, filter); });
  });
  Answer out;
  out.status = kContent;
  out.content_format = kLinkFormat;
  const std::string whole = to_text(links);
  const Block asked = request.block2.value_or(Block{});
  if (asked.number > 0 && asked.offset() >= whole.size()) return refuse(kBadRequest, "there is no such block");
  out.payload = whole.substr(asked.offset(), asked.size());
  const bool more = asked.offset() + asked.size() < whole.size();
  if (request.block2 || more) out.block2 = Block{asked.number, more, asked.exponent};
  return out;
}

void Lwm2mServer::act_on(const Registry::Change& change) {
  if (change.kind == Registry::Change::Kind::deregistered) {
    gone(change.device, true, "the device deregistered");
    return;
  }
  const Registration* registration = registry_.find(change.device);
  if (registration == nullptr) return;
  arm_expiry(registration->expires);
  if (change.kind == Registry::Change::Kind::registered) {
    act_on_registration(*registration, change.restarted);
  } else {
    act_on_update(*registration, change);
  }
}

void Lwm2mServer::act_on_registration(const Registration& registration, bool restarted) {
  const DeviceId device = registration.device;
  auto& conversation = conversations_[device];
  // Observations end with the registration that they were made in.
  conversation.watch_state.cancel();
  conversation.watch_result.cancel();
  conversation.interview.reset();
  interviewing_.erase(device);
  conversation.accept = kText;
  announce_(announce_registration(registration, restarted, loop_.now()));
  if (restarted) {
    interrupt(device, Reason::device_restarted, "the device restarted");
  } else {
    // It was sent away by a gateway that had forgotten it: not the device's failure.
    interrupt(device, Reason::transfer_failed, "the device had to register anew", false);
  }
  want(device, Interview::Scope::everything);
}

void Lwm2mServer::act_on_update(const Registration& registration, const Registry::Change& change) {
  const DeviceId device = registration.device;
  const bool changed = change.moved || change.new_objects;
  announce_(changed ? announce_registration(registration, false, loop_.now()) : announce_seen(device, loop_.now()));
  auto& conversation = conversations_[device];
  if (change.moved) {
    conversation.watch_state.cancel();
    conversation.watch_result.cancel();
    // A router between us gave it another port: not the device's failure.
    interrupt(device, Reason::transfer_failed, "the device moved to another address", false);
  }
  // Who moved is the same as before: only what runs is asked, and watched from there.
  if (changed) want(device, change.new_objects ? Interview::Scope::everything : Interview::Scope::version);
  consider(device);
}

void Lwm2mServer::gone(const DeviceId& device, bool live, std::string_view why) {
  if (registry_.find(device) != nullptr) return;  // it has registered again meanwhile
  interrupt(device, Reason::transfer_failed, why);
  end_conversation(device);
  announce_(announce_gone(device, live, loop_.now()));
}

void Lwm2mServer::end_conversation(const DeviceId& device) {
  if (interviewing_.erase(device) > 0) later([this] { hold_interviews(); });
  const auto found = conversations_.find(device);
  if (found == conversations_.end()) return;
  Claim* claim = found->second.claim;
  found->second = Conversation();
  found->second.claim = claim;
  if (claim == nullptr) conversations_.erase(found);
}

Status Lwm2mServer::restore(const DeviceId& device, const Facts& facts, Time expires) {
  auto registration = TRY(registration_from(device, facts));
  const auto left = expires - loop_.now();
  if (left <= milliseconds::zero()) return fail(Errc::unavailable, "the registration has expired");
  const auto most = milliseconds(registration.lifetime + Registry::kExchangeLifetime);
  registration.expires = loop_.monotonic() + std::min(left, most);
  // Nothing was heard from it since the start: a sleeper counts as asleep.
  registration.last_heard = loop_.monotonic() - times_.awake;
  TRY(registry_.restore(std::move(registration)));
  auto& conversation = conversations_[device];
  const auto numbering = facts.find(fact::kNumbering);
  if (numbering != facts.end() && numbering->second == "legacy") conversation.numbering = Numbering::legacy;
  // The observations are lost with the last run. Who listens is asked and watched at once, a sleeper when it wakes.
  conversation.wanted = Interview::Scope::everything;
  consider(device);
  arm_expiry(registry_.find(device)->expires);
  return {};
}

void Lwm2mServer::inquire(const DeviceId& device) {
  if (registry_.find(device) != nullptr) want(device, Interview::Scope::version);
}

void Lwm2mServer::forget(const DeviceId& device) {
  interrupt(device, Reason::transfer_failed, "the device was forgotten");
  registry_.remove(device);
  end_conversation(device);
}

void Lwm2mServer::want(const DeviceId& device, Interview::Scope scope) {
  auto& wanted = conversations_[device].wanted;
  if (wanted != Interview::Scope::everything) wanted = scope;
  consider(device);
}

// Puts the device in line for the interview that it wants, if it can be held now.
void Lwm2mServer::consider(const DeviceId& device) {
  const auto found = conversations_.find(device);
  const Registration* registration = registry_.find(device);
  if (found == conversations_.end() || registration == nullptr || !found->second.wanted) return;
  if (found->second.claim != nullptr || found->second.interview || !is_awake(*registration)) return;
  if (waiting_set_.insert(device).second) waiting_.push_back(device);
  later([this] { hold_interviews(); });
}

void Lwm2mServer::hold_interviews() {
  std::map<Address, unsigned> at_once;
  for (const auto& device : interviewing_) {
    if (const auto* registration = registry_.find(device)) ++at_once[registration->route.remote.with_port(0)];
  }
  for (auto next = waiting_.begin(); next != waiting_.end() && interviewing_.size() < kMaxInterviews;) {
    const Registration* registration = registry_.find(*next);
    if (registration != nullptr) {
      auto& here = at_once[registration->route.remote.with_port(0)];
      if (here >= kMaxInterviewsPerAddress) {
        ++next;
        continue;
      }
      ++here;
      hold_interview(*registration);
    }
    waiting_set_.erase(*next);
    next = waiting_.erase(next);
  }
}

void Lwm2mServer::hold_interview(const Registration& registration) {
  const auto found = conversations_.find(registration.device);
  if (found == conversations_.end()) return;
  auto& conversation = found->second;
  if (!conversation.wanted || conversation.claim != nullptr || conversation.interview) return;
  interviewing_.insert(registration.device);
  const auto scope = *std::exchange(conversation.wanted, std::nullopt);
  conversation.interview = std::make_unique<Interview>(
      exchanges_, registration, scope, times_.reading,
      [this, device = registration.device](const Findings& findings) { interviewed(device, findings); });
}

void Lwm2mServer::interviewed(const DeviceId& device, const Findings& findings) {
  interviewing_.erase(device);
  later([this] { hold_interviews(); });
  const auto found = conversations_.find(device);
  const Registration* registration = registry_.find(device);
  if (found == conversations_.end() || registration == nullptr) return;
  auto& conversation = found->second;
  const auto interview = std::move(conversation.interview);
  conversation.accept = findings.accept;
  if (findings.complete) {
    heard(device);
    if (conversation.wanted) consider(device);  // asked for in the middle of this one
    if (registration->has_object(resource::kState.object)) watch(*registration);
  } else {
    // It stopped answering: asked again when it next speaks.
    conversation.wanted = Interview::Scope::everything;
    heard_nothing(device);
    log::debug("{} stopped answering in the middle of its interview", device.to_string());
  }
  if (findings.complete || findings.version || findings.manufacturer) {
    announce_(announce_findings(*registration, findings, loop_.now()));
  }
}

void Lwm2mServer::watch(const Registration& registration) {
  auto& conversation = conversations_[registration.device];
  if (conversation.watch_state) return;
  conversation.watch_state = watch(registration, resource::kState, &Lwm2mServer::state_told);
  conversation.watch_result = watch(registration, resource::kUpdateResult, &Lwm2mServer::result_told);
}

Exchange Lwm2mServer::watch(const Registration& registration, const ResourcePath& path,
                            void (Lwm2mServer::*told)(const DeviceId&, std::int64_t)) {
  const auto number = path.resource;
  // A device that does not let itself be watched is polled by the delivery instead.
  return exchanges_.observe(
      registration.route, read(registration.tree.root, path, conversations_[registration.device].accept),
      times_.reading, [](const Result<Response>&) {},
      [this, device = registration.device, number, told](const Response& response) {
        const auto value = read_integer({response.content_format, response.payload, number});
        if (response.status != kContent || !value) return;
        later([this, device, told, number = *value] {
          woken(device);
          (this->*told)(device, number);
        });
      });
}

// A notification wakes a sleeper just as an update of its registration does.
void Lwm2mServer::woken(const DeviceId& device) {
  const Registration* known = registry_.find(device);
  if (known == nullptr) return;
  const bool slept = !is_awake(*known);
  heard(device);
  if (!slept) return;
  announce_(announce_seen(device, loop_.now()));
  consider(device);
}

void Lwm2mServer::state_told(const DeviceId& device, std::int64_t state) {
  const auto found = conversations_.find(device);
  if (found == conversations_.end()) return;
  if (found->second.claim != nullptr) {
    const auto told = found->second.claim->hooks().state_told;
    if (told) told(state);
  } else if (firmware_state(state, found->second.numbering) == FirmwareState::idle) {
    want(device, Interview::Scope::version);  // some install without registering anew
  }
}

void Lwm2mServer::result_told(const DeviceId& device, std::int64_t result) {
  if (registry_.find(device) == nullptr) return;
  if (const auto announcement = announce_result(device, result, loop_.now())) announce_(*announcement);
  const auto meaning = install_result(result);
  if (meaning && meaning->kind == InstallResult::Kind::success) want(device, Interview::Scope::version);
}

void Lwm2mServer::interrupt(const DeviceId& device, Reason reason, std::string_view why, bool counts) {
  const auto found = conversations_.find(device);
  if (found == conversations_.end() || found->second.claim == nullptr) return;
  const auto interrupted = found->second.claim->hooks().interrupted;
  DeliveryFailed failure;
  failure.reason = reason;
  failure.counts = counts;
  failure.text = why;
  if (interrupted) interrupted(std::move(failure));
}

Result<std::unique_ptr<Claim>> Lwm2mServer::claim(const DeviceId& device, Claim::Hooks hooks) {
  if (registry_.find(device) == nullptr) return fail(Errc::unavailable, "the device is not registered now");
  auto& conversation = conversations_[device];
  if (conversation.claim != nullptr) return fail(Errc::busy, "the device is being spoken to already");
  if (conversation.interview) {
    conversation.interview.reset();
    interviewing_.erase(device);
    conversation.wanted = Interview::Scope::everything;
  }
  auto out = std::make_unique<Claim>(*this, device, std::move(hooks));
  conversation.claim = out.get();
  return out;
}

void Lwm2mServer::release(const DeviceId& device) {
  const auto found = conversations_.find(device);
  if (found == conversations_.end()) return;
  found->second.claim = nullptr;
  if (registry_.find(device) == nullptr) {
    end_conversation(device);
  } else {
    consider(device);
  }
}

bool Lwm2mServer::is_awake(const Registration& registration) const {
  return !registration.queue || loop_.monotonic() - registration.last_heard < times_.awake;
}

std::optional<Time> Lwm2mServer::asleep_until(const DeviceId& device) const {
  const Registration* known = registry_.find(device);
  if (known == nullptr || is_awake(*known)) return std::nullopt;
  return loop_.now() + (known->expires - loop_.monotonic());
}

void Lwm2mServer::heard(const DeviceId& device) { registry_.heard(device, loop_.monotonic()); }

// Only a sleeper that listens for a shorter time than it should makes a difference.
void Lwm2mServer::heard_nothing(const DeviceId& device) { registry_.heard(device, loop_.monotonic() - times_.awake); }

void Lwm2mServer::arm_expiry(milliseconds at) {
  if (expiry_.armed() && expiry_at_ <= at) return;
  expiry_at_ = at;
  expiry_ = loop_.after(at - loop_.monotonic(), [this] {
    expiry_.cancel();
    for (const auto& device : registry_.expire(loop_.monotonic())) gone(device, false, "its registration expired");
    if (const auto next = registry_.next_expiry()) arm_expiry(*next);
  });
}

// Outside of libcoap's call, so that whoever acts on an announcement does not speak before the answer is out.
void Lwm2mServer::later(std::function<void()> action) {
  actions_.push_back(std::move(action));
  if (act_.armed()) return;
  act_ = loop_.after(milliseconds::zero(), [this] {
    act_.cancel();
    for (auto& next : std::exchange(actions_, {})) next();
  });
}

}  // namespace homepatch::coap
