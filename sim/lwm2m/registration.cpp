#include "sim/lwm2m/registration.hpp"

#include <algorithm>

#include "sim/lwm2m/object_tree.hpp"

namespace homepatch::sim {

namespace {

constexpr std::chrono::seconds kRetry{2};
constexpr std::chrono::milliseconds kFarewell{2500};  // one retransmission and a little
// Zephyr's CONFIG_LWM2M_SECONDS_TO_UPDATE_EARLY.
constexpr std::uint32_t kZephyrEarly = 6;

std::string code_text(std::uint8_t code) { return fmt::format("{}.{:02}", code >> 5U, code & 0x1FU); }

}  // namespace

void Registration::start() {
  location_.clear();
  CoapMessage request;
  request.code = coap::kPost;
  request.add(coap::kUriPath, "rd");
  request.add_number(coap::kContentFormat, content_format::kLinks);
  // The letter of LwM2M 1.0 became a parameter of its own in 1.1.
  const bool queue_in_binding = settings_.queue && settings_.lwm2m_version == "1.0";
  for (const auto& query : {fmt::format("lwm2m={}", settings_.lwm2m_version), fmt::format("ep={}", voice_.device()),
                            std::string(queue_in_binding ? "b=UQ" : "b=U"), fmt::format("lt={}", lifetime_)}) {
    request.add(coap::kUriQuery, query);
  }
  if (settings_.queue && !queue_in_binding) request.add(coap::kUriQuery, "Q");
  request.payload = links_;
  endpoint_.ask(settings_.server, std::move(request), [this](const auto& response) { on_registered(response); });
}

void Registration::on_registered(const Result<CoapMessage>& response) {
  if (!response || response->code != coap::kCreated) {
    voice_.say("not-registered reason={}", in_quotes(response ? code_text(response->code) : response.error().text));
    timer_ = loop_.after(kRetry, [this] { start(); });
    return;
  }
  for (const auto& option : response->options) {
    if (option.number == coap::kLocationPath) location_.push_back(option.value);
  }
  last_word_ = loop_.monotonic();
  voice_.say("registered location={} port={}", in_quotes(response->joined(coap::kLocationPath)), endpoint_.port());
  schedule_update();
}

void Registration::schedule_update() {
  const bool early = settings_.kind == Lwm2mKind::zephyr && lifetime_ > 2 * kZephyrEarly;
  const auto wait = early ? lifetime_ - kZephyrEarly : std::max(lifetime_ / 2, 1U);
  timer_ = loop_.after(std::chrono::seconds(wait), [this] { update(false); });
}

CoapMessage Registration::to_location(std::uint8_t method) const {
  CoapMessage request;
  request.code = method;
  for (const auto& part : location_) request.add(coap::kUriPath, part);
  return request;
}

void Registration::update(bool with_lifetime) {
  if (location_.empty()) return;
  auto request = to_location(coap::kPost);
  if (with_lifetime) request.add(coap::kUriQuery, fmt::format("lt={}", lifetime_));
  endpoint_.ask(settings_.server, std::move(request), [this](const auto& response) { on_updated(response); });
}

void Registration::on_updated(const Result<CoapMessage>& response) {
  if (response && response->code == coap::kChanged) {
    last_word_ = loop_.monotonic();
    voice_.say("updated");
    return schedule_update();
  }
  voice_.say("forgotten reason={}", in_quotes(response ? code_text(response->code) : response.error().text));
  start();
}

void Registration::leave(std::function<void()> done) {
  if (location_.empty()) {
    timer_ = loop_.after(std::chrono::milliseconds::zero(), std::move(done));
    return;
  }
  timer_ = loop_.after(kFarewell, done);
  endpoint_.ask(settings_.server, to_location(coap::kDelete), [this, done](const Result<CoapMessage>& response) {
    if (response && response->code == coap::kDeleted) voice_.say("deregistered");
    timer_ = loop_.after(std::chrono::milliseconds::zero(), done);
  });
}

}  // namespace homepatch::sim
